package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Sends to one broker what is due in the outboxes of the partitions that it leads: one batch of each in a
 * request, and no more than {@link Dispatch#REQUESTS_MOST} requests that are not answered. All of it happens
 * on the sender's own thread, also what follows from an answer.
 */
final class Sender {
    private static final System.Logger LOG = System.getLogger("daybook.client");

    private final Dispatch dispatch;
    private final int node;
    private final Thread thread;
    /** What other threads want done on this one. */
    private final Queue<Runnable> inbox = new ConcurrentLinkedQueue<>();
    private final Semaphore bell = new Semaphore(0);
    /** Whether it could send more if there were more. */
    private volatile boolean wanting;
    /** Whether nothing that lingers would wake it. */
    private volatile boolean idle;

    // Those below belong to the sender's thread.
    /** Those that may have something to send; who had a turn goes to the end. */
    private final LinkedHashSet<Outbox> watched = new LinkedHashSet<>();
    private int requests;

    Sender(Dispatch dispatch, int node) {
        this.dispatch = dispatch;
        this.node = node;
        this.thread = Thread.ofVirtual().name("daybook-sender-" + node).start(this::run);
    }

    /** An outbox of this sender has something to send, or will have when it has lingered. */
    void watch(Outbox outbox) {
        post(() -> {
            if (outbox.isOf(this)) {
                watched.add(outbox);
            }
        });
    }

    /** A batch is begun, and will be due when it has lingered. */
    void linger() {
        if (idle) {
            ring();
        }
    }

    /** A batch is full. */
    void wake() {
        if (wanting) {
            ring();
        }
    }

    /** Makes it look. */
    void ring() {
        bell.release();
    }

    private void post(Runnable task) {
        inbox.add(task);
        bell.release();
    }

    void join() throws InterruptedException {
        ring();
        thread.join();
    }

    private void run() {
        try {
            work();
        } catch (RuntimeException | Error fault) {
            dispatch.fault(fault);
        }
    }

    private void work() {
        while (true) {
            bell.drainPermits();
            for (var task = inbox.poll(); task != null; task = inbox.poll()) {
                task.run();
            }
            if (dispatch.isEnded()) {
                return;
            }
            // Both are said before it looks: what it does not see any more rings.
            wanting = requests < Dispatch.REQUESTS_MOST;
            idle = wanting;
            long waitNanos = wanting ? round() : Outbox.FOREVER;
            idle = wanting && waitNanos == Outbox.FOREVER;
            if (waitNanos > 0) {
                await(waitNanos);
            }
        }
    }

    private void await(long nanos) {
        try {
            if (nanos == Outbox.FOREVER) {
                bell.acquire();
            } else if (bell.tryAcquire(nanos, TimeUnit.NANOSECONDS)) {
                bell.drainPermits();
            }
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        }
    }

    /** Sends one request of what is due; returns how long until more is, 0 where it may be now. */
    private long round() {
        long nowNanos = System.nanoTime();
        boolean hurry = dispatch.isHurried();
        long waitNanos = Outbox.FOREVER;
        int bytes = 0;
        var due = new ArrayList<Outbox>();
        for (var each = watched.iterator(); each.hasNext();) {
            var outbox = each.next();
            long dueInNanos = outbox.dueInNanos(nowNanos, hurry);
            if (dueInNanos == Outbox.FOREVER) {
                if (outbox.rests()) {
                    each.remove();
                } else {
                    // A batch may have been begun since it was asked.
                    dueInNanos = outbox.dueInNanos(nowNanos, hurry);
                }
            }
            waitNanos = Math.min(waitNanos, dueInNanos);
            if (dueInNanos > 0) {
                continue;
            }
            bytes += outbox.dueBytes();
            if (bytes > dispatch.settings.maxRequestSizeBytes() && !due.isEmpty()) {
                break;
            }
            due.add(outbox);
        }
        if (due.isEmpty()) {
            return waitNanos;
        }
        for (var outbox : due) {
            watched.remove(outbox);
            watched.add(outbox);
        }
        send(due, nowNanos);
        return 0;
    }

    private void send(List<Outbox> due, long nowNanos) {
        Connection connection;
        try {
            connection = dispatch.cluster.to(node, Cluster.Lane.DATA);
        } catch (ClientException failed) {
            LOG.log(System.Logger.Level.WARNING, "no way to broker " + node + ": " + failed.getMessage());
            due.forEach(this::stray);
            return;
        }
        var batches = new ArrayList<Batch>(due.size());
        for (var outbox : due) {
            try {
                var batch = outbox.take(nowNanos);
                if (batch != null) {
                    batches.add(batch);
                }
            } catch (ClientException failed) {
                LOG.log(System.Logger.Level.WARNING, "no new producer epoch: " + failed.getMessage());
                stray(outbox);
            }
        }
        if (!batches.isEmpty()) {
            send(connection, batches);
        }
    }

    private void stray(Outbox outbox) {
        if (outbox.strays()) {
            watched.remove(outbox);
            outbox.leave();
        }
    }

    private void send(Connection connection, List<Batch> batches) {
        requests++;
        Consumer<Writer> body = out -> write(out, batches);
        try {
            int version = connection.version(Call.PRODUCE);
            if (dispatch.transactions != null) {
                version = dispatch.transactions.include(batches, version);
            }
            if (dispatch.settings.acks() == Acks.NONE) {
                connection.tell(Call.PRODUCE, version, body);
                answered(batches, Map.of(), null);
            } else {
                connection.send(Call.PRODUCE, version, body, Sender::outcomes).whenComplete(
                        (outcomes, failed) -> post(() -> answered(batches, outcomes, lost(failed))));
            }
        } catch (ClientException failed) {
            answered(batches, Map.of(), failed);
        }
    }

    /** ProduceRequest.json; v12 is the last that has topics by name. */
    private void write(Writer out, List<Batch> batches) {
        var settings = dispatch.settings;
        out.string(settings.transactionalId()).int16(settings.acks().code());
        out.int32(settings.requestTimeoutMs());
        var topics = new LinkedHashMap<String, List<Batch>>();
        for (var batch : batches) {
            topics.computeIfAbsent(batch.outbox.partition.topic(), topic -> new ArrayList<>()).add(batch);
        }
        out.structs(topics.entrySet(), (topic, each) -> topic.string(each.getKey())
                .structs(each.getValue(), (partition, batch) -> partition
                        .int32(batch.outbox.partition.partition()).region(new Bytes(batch.bytes()))));
        out.tags();
    }

    private static Map<TopicPartition, Outcome> outcomes(Reader in) {
        var outcomes = new HashMap<TopicPartition, Outcome>();
        in.structs(each -> {
            var topic = each.string();
            return each.structs(partition -> outcomes.put(new TopicPartition(topic, partition.int32()),
                    Outcome.of(partition)));
        });
        return outcomes;
    }

    /** Whatever came in place of an answer: nobody knows whether the batches were taken. */
    private static ClientException lost(Throwable failed) {
        return failed == null ? null
                : new ClientException(ErrorCode.NETWORK_EXCEPTION, failed.getMessage(), failed);
    }

    private void answered(List<Batch> batches, Map<TopicPartition, Outcome> outcomes,
            ClientException failed) {
        requests--;
        for (var batch : batches) {
            var outcome = outcome(batch, outcomes, failed);
            if (batch.outbox.answered(batch, outcome)) {
                watched.remove(batch.outbox);
                batch.outbox.leave();
            }
        }
    }

    private Outcome outcome(Batch batch, Map<TopicPartition, Outcome> outcomes, ClientException failed) {
        if (failed != null) {
            return Outcome.failed(failed.error(), failed.getMessage());
        }
        boolean asked = dispatch.settings.acks() != Acks.NONE;
        var outcome = asked ? outcomes.get(batch.outbox.partition) : Outcome.unknown();
        return outcome != null ? outcome
                : Outcome.failed(ErrorCode.NETWORK_EXCEPTION, "the broker did not answer for the partition");
    }
}
