package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A consumer's place in its group (KIP-848): a virtual thread that sends heartbeats and notes what they are
 * answered. It changes nothing of what the consumer reads: an assignment waits in {@link #target} until the
 * caller, in his next poll, takes it over with {@link #own}, which the next heartbeat tells. Who is out of
 * the group ({@link #out}) stays out until the caller lets it {@link #join} again.
 *
 * <pre>
 *   join      epoch 0, owning nothing             answer: epoch, interval, assignment
 *   go on     epoch as answered last              answer: the same, the assignment only where it changed
 *   leave     epoch -1, or -2 to keep the place of an instance id
 * </pre>
 */
final class Member {
    /** What the member wants to read: topics by name, or a pattern that the broker applies; else empty. */
    record Subscription(List<String> topics, String pattern) { }

    private record Given(Uuid topicId, List<Integer> partitions) { }

    private record Answer(int epoch, int intervalMs, List<Given> assignment) { }

    /** A heartbeat to send; of one that leaves the subscription and what it owns are null. */
    private record Beat(int epoch, Subscription subscription, Map<TopicPartition, Uuid> owned) { }

    private static final System.Logger LOG = System.getLogger("daybook.client");
    private static final int JOINING = 0;
    private static final int LEAVING = -1;
    private static final int LEAVING_FOR_A_WHILE = -2;
    private static final int RETRY_MS = 200;
    private static final int LEAVE_MOST_MS = 5_000;

    private final Cluster cluster;
    private final String group;
    private final String instanceId;
    private final String assignor;
    private final int maxPollIntervalMs;
    private final Feeds feeds;
    private final String id = Uuid.random().toString();
    /** Completed when the member's thread has ended, and told the group so. */
    private final CompletableFuture<Void> left = new CompletableFuture<>();

    private final Guarded guarded = new Guarded();
    /** Something that a heartbeat is due for, or that one has brought. */
    private final Condition changed = guarded.condition();
    // All below is guarded by the lock.
    /** Null until there is one: it is no member before. */
    private Subscription subscription;
    private int epoch = JOINING;
    /** Counts how often what was polled before ceased to be its. */
    private int forfeits;
    /** What the group gave, by ids, as it was told last; written under the lock, by whoever is awake then. */
    private List<Given> given = List.of();
    /** The same by names, as far as those are known; null where the caller has it already. */
    private Map<TopicPartition, Uuid> target;
    private Map<TopicPartition, Uuid> owned = Map.of();
    private ClientException out;
    /** Whether the next heartbeat is to be sent at once. */
    private boolean hurried = true;
    private boolean polling;
    private long polledNanos = System.nanoTime();
    private boolean closed;

    /**
     * No member yet.
     *
     * @param group null where there is none; then it never is one
     * @param instanceId null for none
     * @param assignor the name of the broker's assignor; null for its default
     * @param feeds whose caller is woken when there is something to take over
     */
    Member(Cluster cluster, String group, String instanceId, String assignor, int maxPollIntervalMs,
            Feeds feeds) {
        this.cluster = cluster;
        this.group = group;
        this.instanceId = instanceId;
        this.assignor = assignor;
        this.maxPollIntervalMs = maxPollIntervalMs;
        this.feeds = feeds;
    }

    /** @throws IllegalStateException where there is none */
    String group() {
        if (group == null) {
            throw new IllegalStateException("the consumer has no group");
        }
        return group;
    }

    private void hurry() {
        hurried = true;
        changed.signalAll();
    }

    // For the caller.

    boolean subscribed() {
        return guarded.read(() -> subscription != null);
    }

    void subscribe(Subscription wanted) {
        boolean first = !subscribed();
        guarded.change(() -> {
            subscription = wanted;
            hurry();
        });
        if (first) {
            feeds.start("member", this::run);
        }
    }

    /** Whether the caller is in a poll: while he is, he is not too late for it. */
    void polling(boolean now) {
        guarded.change(() -> {
            polling = now;
            polledNanos = System.nanoTime();
        });
    }

    /** Why the member is not in the group any more; null while it is, or is about to be. */
    ClientException out() {
        return guarded.read(() -> out);
    }

    /** What the caller shall read from now on; null where that is what he reads. */
    Map<TopicPartition, Uuid> target() {
        return guarded.read(() -> target);
    }

    /** The caller reads these now, and has done with all others. */
    void own(Map<TopicPartition, Uuid> partitions) {
        guarded.change(() -> {
            owned = partitions;
            target = partitions.equals(target) ? null : target;
            hurry();
        });
    }

    /** The caller has dropped all that he read, and wants to be in the group again. */
    void join() {
        guarded.change(() -> {
            out = null;
            forfeits++;
            epoch = JOINING;
            given = List.of();
            target = null;
            owned = Map.of();
            changed.signalAll();
        });
    }

    /** What is still being committed comes too late: the next owner may have committed more. */
    void forfeit() {
        guarded.change(() -> forfeits++);
    }

    /**
     * By what right it commits what was polled until now: with the epoch of the moment, as long as it has not
     * been out of the group.
     */
    Supplier<Membership> right() {
        int before = guarded.read(() -> forfeits);
        return () -> guarded.read(() -> {
            if (subscription == null || epoch == JOINING && out == null) {
                return Membership.none(group());
            } else if (out != null) {
                throw new ClientException(out);
            } else if (forfeits != before) {
                throw new ClientException(ErrorCode.UNKNOWN_MEMBER_ID,
                        "the group went on without this member");
            }
            return new Membership(group, id, epoch, instanceId);
        });
    }

    /** Waits for another epoch than this; false where none comes. */
    boolean outlives(int staleEpoch, int mostMs) {
        return guarded.read(() -> {
            hurry();
            Guarded.await(changed, Guarded.nanosIn(mostMs),
                    () -> closed || out != null || epoch != staleEpoch);
            return epoch != staleEpoch && out == null;
        });
    }

    /** Leaves the group, if the coordinator can be told so now. */
    void close() {
        guarded.change(() -> {
            closed = true;
            changed.signalAll();
        });
        if (!subscribed()) {
            return;
        }
        left.completeOnTimeout(null, LEAVE_MOST_MS, TimeUnit.MILLISECONDS).join();
    }

    // The thread.

    private void run() {
        int waitMs = 0;
        try {
            while (due(waitMs)) {
                waitMs = guarded.read(this::pollLeftNanos) <= 0 ? giveUp() : beat();
            }
            if (out() == null) {
                leave();
            }
        } finally {
            left.complete(null);
        }
    }

    /** Waits until a heartbeat is due; false when the consumer is closed. */
    private boolean due(int waitMs) {
        return guarded.read(() -> {
            long dueNanos = Guarded.nanosIn(waitMs);
            while (!closed && out != null) {
                changed.awaitUninterruptibly();
            }
            long nowNanos = System.nanoTime();
            Guarded.await(changed, nowNanos + Math.min(dueNanos - nowNanos, pollLeftNanos()),
                    () -> closed || hurried);
            hurried = false;
            return !closed;
        });
    }

    /** How long the caller may still stay away. */
    private long pollLeftNanos() {
        long leftNanos = polledNanos + TimeUnit.MILLISECONDS.toNanos(maxPollIntervalMs) - System.nanoTime();
        return polling ? Long.MAX_VALUE : leftNanos;
    }

    private int giveUp() {
        LOG.log(System.Logger.Level.WARNING, "the consumer of group " + group + " did not poll for "
                + maxPollIntervalMs + " ms: it leaves the group until it does");
        leave();
        out(new ClientException(ErrorCode.UNKNOWN_MEMBER_ID, "the consumer did not poll in time"));
        return 0;
    }

    private void out(ClientException why) {
        guarded.change(() -> {
            out = why;
            changed.signalAll();
        });
        feeds.wake();
    }

    /** Sends one heartbeat, and returns after how many milliseconds the next is due. */
    private int beat() {
        var beat = guarded.read(() -> new Beat(epoch, subscription, owned));
        try {
            var answer = send(beat);
            return accept(answer) ? answer.intervalMs : Math.min(answer.intervalMs, RETRY_MS);
        } catch (ClientException failed) {
            if (failed.retriable()) {
                return RETRY_MS;
            }
            out(failed);
            // Who was refused when he joined does not join again at once.
            return beat.epoch == JOINING ? RETRY_MS : 0;
        }
    }

    /** Notes what a heartbeat was answered; false where a topic that was given is not known by name yet. */
    private boolean accept(Answer answer) {
        guarded.change(() -> {
            epoch = answer.epoch;
            given = answer.assignment == null ? given : answer.assignment;
            changed.signalAll();
        });
        var named = named();
        guarded.change(() -> target = named.equals(owned) ? null : named);
        if (target() != null) {
            feeds.wake();
        }
        return named.size() == given.stream().mapToInt(each -> each.partitions.size()).sum();
    }

    /** What is given, by names; topics that no broker knows by their id are left out, and asked for again. */
    private Map<TopicPartition, Uuid> named() {
        var unknown = given.stream().map(Given::topicId).filter(id -> cluster.name(id) == null).toList();
        if (!unknown.isEmpty()) {
            cluster.learn(unknown);
        }
        var named = new HashMap<TopicPartition, Uuid>();
        for (var each : given) {
            var name = cluster.name(each.topicId);
            if (name != null) {
                each.partitions.forEach(number -> named.put(new TopicPartition(name, number), each.topicId));
            }
        }
        return named;
    }

    private void leave() {
        try {
            send(new Beat(instanceId == null ? LEAVING : LEAVING_FOR_A_WHILE, null, null));
        } catch (ClientException failed) {
            LOG.log(System.Logger.Level.INFO, "the coordinator of group " + group
                    + " was not told that a member leaves: " + failed.getMessage());
        }
    }

    private Answer send(Beat beat) {
        return cluster.coordinatedOnce(Cluster.Coordinated.GROUP, group, connection ->
                connection.ask(Call.CONSUMER_GROUP_HEARTBEAT, out -> write(out, beat), Member::answer));
    }

    private void write(Writer out, Beat beat) {
        boolean leaves = beat.subscription == null;
        var wanted = leaves ? new Subscription(null, null) : beat.subscription;
        if (!leaves && !wanted.pattern.isEmpty() && !out.since(1)) {
            throw new ClientException(ErrorCode.UNSUPPORTED_VERSION, "the broker knows no patterns");
        }
        out.string(group).string(id).int32(beat.epoch).string(instanceId).string(null);
        out.int32(leaves ? -1 : maxPollIntervalMs).strings(wanted.topics);
        out.since(1, pattern -> pattern.string(wanted.pattern)).string(leaves ? null : assignor);
        var owned = leaves ? null : beat.owned.keySet().stream()
                .collect(Collectors.groupingBy(beat.owned::get)).entrySet();
        out.structs(owned, (topic, entry) -> topic.uuid(entry.getKey())
                .array(entry.getValue(), (each, partition) -> each.int32(partition.partition()))).tags();
    }

    private static Answer answer(Reader in) {
        in.int32();
        var error = ErrorCode.of(in.int16());
        var message = in.nullableString();
        ClientException.check(error, message == null ? "a heartbeat" : message);
        in.nullableString();
        int epoch = in.int32();
        int intervalMs = in.int32();
        boolean assigned = in.int8() >= 0;
        return new Answer(epoch, intervalMs, !assigned ? null : in.structs(topic ->
                new Given(topic.uuid(), topic.array(Reader::int32))));
    }
}
