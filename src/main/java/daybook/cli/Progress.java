package daybook.cli;

import java.time.InstantSource;

/**
 * A line on standard error that is written over and over while long work goes on, where that is a terminal;
 * elsewhere nothing at all. Of one thread.
 */
final class Progress implements AutoCloseable {
    private static final int BAR_COLUMNS = 30;
    private static final long INTERVAL_MS = 100;
    private static final String ERASE = "\r\033[K";

    private final Streams streams;
    private final InstantSource clock;
    private long nextMs;
    private boolean shown;

    Progress(Streams streams, InstantSource clock) {
        this.streams = streams;
        this.clock = clock;
    }

    /** Whether a line written now would be seen: ten times a second, so that little is made for nothing. */
    boolean due() {
        return streams.errTerminal() && clock.millis() >= nextMs;
    }

    /** Writes the line over the last one. */
    void line(String text) {
        if (due()) {
            nextMs = clock.millis() + INTERVAL_MS;
            shown = true;
            streams.err().print(ERASE + text);
            streams.err().flush();
        }
    }

    /** A line with a bar: {@code [#########......]  31%  what}. */
    void bar(long done, long total, String what) {
        if (due()) {
            double part = total <= 0 ? 1 : Math.min(1, (double) done / total);
            int full = (int) (part * BAR_COLUMNS);
            line("[" + "#".repeat(full) + ".".repeat(BAR_COLUMNS - full) + "] "
                    + String.format("%3d%%", (int) (part * 100)) + "  " + what);
        }
    }

    /** Takes the line away. */
    @Override
    public void close() {
        if (shown) {
            streams.err().print(ERASE);
            streams.err().flush();
            shown = false;
        }
    }
}
