package daybook.compat;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * A member of a group: Apache Kafka's Java consumer on a thread of its own, which commits what it was given
 * after each poll, and before it gives a partition up. All that happens to it goes into the {@link Ledger}.
 */
final class Member {
    private static final Duration POLL = Duration.ofMillis(50);
    private static final long LIMIT_MS = 90_000;

    /** How a member subscribes. */
    interface Subscription extends BiConsumer<KafkaConsumer<byte[], byte[]>, ConsumerRebalanceListener> { }

    /** What the member's thread is to do. */
    private enum Order {
        WORK, STALL, LEAVE, DIE
    }

    private final String name;
    private final String described;
    private final Ledger ledger;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Thread thread;
    private final AtomicReference<RuntimeException> failure = new AtomicReference<>();
    private final AtomicInteger changes = new AtomicInteger();
    /** Belongs to the member's thread: what it was given and has not committed. */
    private final Map<TopicPartition, OffsetAndMetadata> pending = new HashMap<>();
    private volatile Order order = Order.WORK;
    private volatile boolean stalled;

    /** Starts it; the consumer is the new thread's from now on. */
    Member(String name, String described, Ledger ledger, KafkaConsumer<byte[], byte[]> consumer,
            Subscription subscription) {
        this.name = name;
        this.described = described;
        this.ledger = ledger;
        this.consumer = consumer;
        this.thread = Thread.ofPlatform().daemon().name(name).start(() -> run(subscription));
    }

    /** By this name it is in the ledger, and its client id is the same. */
    String name() {
        return name;
    }

    /** By this name the broker describes it: the group instance id, or its client id where it has none. */
    String described() {
        return described;
    }

    /** How often partitions were assigned to it or taken from it. */
    int changes() {
        return changes.get();
    }

    /** What ended it; null while it works, or where it ended as it was told. */
    RuntimeException failure() {
        return failure.get();
    }

    boolean alive() {
        return thread.isAlive();
    }

    private final class Changes implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            ledger.assigned(name, partitions);
            count(partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            commit();
            onPartitionsLost(partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            pending.keySet().removeAll(Set.copyOf(partitions));
            ledger.released(name, partitions);
            count(partitions);
        }

        private void count(Collection<TopicPartition> partitions) {
            if (!partitions.isEmpty()) {
                changes.incrementAndGet();
            }
        }
    }

    private void run(Subscription subscription) {
        try {
            subscription.accept(consumer, new Changes());
            for (boolean working = true; working;) {
                switch (order) {
                    case WORK -> {
                        take();
                        commit();
                    }
                    case STALL -> {
                        ledger.gone(name);
                        stalled = true;
                        LockSupport.park();
                    }
                    case LEAVE -> working = false;
                    // It dies between a poll and the commit.
                    case DIE -> working = !take();
                }
            }
        } catch (RuntimeException failed) {
            failure.set(failed);
        } finally {
            close();
        }
    }

    private boolean take() {
        var records = consumer.poll(POLL);
        for (var record : records) {
            var partition = new TopicPartition(record.topic(), record.partition());
            ledger.given(name, partition, record.offset());
            pending.put(partition, new OffsetAndMetadata(record.offset() + 1, record.leaderEpoch(), name));
        }
        return !records.isEmpty();
    }

    /**
     * Commits what is pending. During a rebalance, or while there is no broker, it may have to wait for a
     * later poll; who was put out of the group is told so by that poll.
     */
    private void commit() {
        if (pending.isEmpty()) {
            return;
        }
        try {
            consumer.commitSync(pending);
            ledger.committed(name, pending);
            pending.clear();
        } catch (RebalanceInProgressException | CommitFailedException | TimeoutException later) {
            // The next poll leads to an assignment, or tells that the partitions are lost.
        }
    }

    private void close() {
        var operation = GroupMembershipOperation.DEFAULT;
        if (order == Order.DIE) {
            pending.clear();
            operation = GroupMembershipOperation.REMAIN_IN_GROUP;
        }
        try {
            consumer.close(CloseOptions.timeout(Duration.ofSeconds(5)).withGroupMembershipOperation(operation));
        } catch (RuntimeException failed) {
            failure.compareAndSet(null, failed);
        }
        ledger.gone(name);
    }

    /** It takes nothing and says nothing, as in an endless loop, until it is told to {@link #resume}. */
    void stall() throws Exception {
        stalled = false;
        order = Order.STALL;
        Until.holds(name + " does nothing any more", ledger::toString, () -> stalled);
    }

    void resume() {
        order = Order.WORK;
        LockSupport.unpark(thread);
    }

    /** Closes it as an application would: it leaves the group, unless it is a static member. */
    void leave() throws InterruptedException {
        end(Order.LEAVE);
        expectEnded();
    }

    /** Its connections are closed once it was given something more, without a commit or a farewell. */
    void die() throws InterruptedException {
        end(Order.DIE);
        expectEnded();
    }

    /** Has it leave if it is there still, as far as it does so in time. */
    void stop() throws InterruptedException {
        end(Order.LEAVE);
    }

    private void end(Order last) throws InterruptedException {
        order = last;
        LockSupport.unpark(thread);
        thread.join(LIMIT_MS);
    }

    private void expectEnded() {
        CheckFailed.expect(!thread.isAlive(), name + " does not end");
        if (failure.get() != null) {
            throw failure.get();
        }
    }
}
