package daybook.cli;

import daybook.client.Delivery;
import daybook.client.Producer;

import java.util.ArrayDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongFunction;

/**
 * Sends records at a pace and counts how long each takes from when it was due until it is acknowledged. All
 * in one thread: between two records it looks which of those before are settled. When that was a delivery
 * knows itself, so nothing is lost by looking late.
 */
final class Sending {
    /** One that may not be settled yet. */
    private record Sent(Delivery delivery, int lengthBytes, long dueNanos) { }

    private final Producer producer;
    private final String topic;
    private final LongFunction<byte[]> values;
    private final Tally tally;
    /** In the order in which they were sent. */
    private final ArrayDeque<Sent> waiting = new ArrayDeque<>();
    private long refused;
    /** Why the first one was refused; null where none was. */
    private Throwable why;

    /** @param values of the records by their numbers, the first being 0 */
    Sending(Producer producer, String topic, LongFunction<byte[]> values, Tally tally) {
        this.producer = producer;
        this.topic = topic;
        this.values = values;
        this.tally = tally;
    }

    /**
     * Sends so many records and returns when all are settled, or soon after {@code stop} is wanted, though a
     * broker may be gone.
     */
    void send(long records, Pace pace, Stop stop) throws InterruptedException {
        for (long number = 0; number < records && !stop.wanted(); number++) {
            long dueNanos = pace.await(number);
            var value = values.apply(number);
            waiting.add(new Sent(producer.send(topic, null, value), value.length, dueNanos));
            while (!waiting.isEmpty() && waiting.getFirst().delivery.isDone()) {
                count(waiting.removeFirst());
            }
            tally.tellIfDue();
        }
        // What is not full need not linger; this thread waits below, where it can tell of it.
        Thread.startVirtualThread(producer::flush);
        boolean goesOn = true;
        while (!waiting.isEmpty() && goesOn) {
            if (settled(waiting.getFirst().delivery)) {
                count(waiting.removeFirst());
            } else {
                goesOn = !stop.wanted();
            }
            tally.tellIfDue();
        }
    }

    /** @throws CommandException where any was refused, with the reason of the first */
    void check() {
        if (refused > 0) {
            throw CommandException.failed(refused + " records were refused: " + why.getMessage());
        }
    }

    /** Waits until it is, but no longer than to the next line. */
    private boolean settled(Delivery delivery) throws InterruptedException {
        try {
            delivery.get(Math.max(1, tally.untilLineNanos()), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException | ExecutionException told) {
            return delivery.isDone();
        }
    }

    private void count(Sent one) {
        if (one.delivery.state() == Future.State.SUCCESS) {
            tally.count(1, one.lengthBytes);
            tally.took(one.delivery.settledNanos() - one.dueNanos);
        } else {
            why = refused == 0 ? one.delivery.exceptionNow() : why;
            refused++;
        }
    }
}
