package daybook.bench;

import java.util.concurrent.TimeUnit;

/** How thoroughly is measured: at a glance, or for a table that is to be believed. */
enum Mode {
    SHORT(500, 1_000, 1), FULL(1_500, 3_000, 3);

    /** What is measured is done unmeasured for so long at first, where a load says nothing else. */
    final long warmUpNanos;
    final long measuredNanos;
    /** As often each broker is measured, where nothing else is said. */
    final int rounds;

    Mode(long warmUpMs, long measuredMs, int rounds) {
        this.warmUpNanos = TimeUnit.MILLISECONDS.toNanos(warmUpMs);
        this.measuredNanos = TimeUnit.MILLISECONDS.toNanos(measuredMs);
        this.rounds = rounds;
    }

    /** Of two numbers the one for this mode. */
    int of(int inShort, int inFull) {
        return this == SHORT ? inShort : inFull;
    }
}
