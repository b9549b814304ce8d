package daybook.client;

import daybook.wire.Uuid;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;

/** A topic that a producer sends to: the outboxes of its partitions, and which is next without a key. */
final class Destination {
    /** Of partitions by number, also of those that are not there any more. Written by the sender's thread. */
    private volatile Outbox[] outboxes = {};
    /** How many partitions there are; written by the sender's thread, after their outboxes. */
    private volatile int count;
    private Uuid topicId;
    /** Where records without a key go for now. */
    private final AtomicReference<Sticky> sticky = new AtomicReference<>();

    Outbox[] outboxes() {
        return outboxes;
    }

    int count() {
        return count;
    }

    /**
     * What the cluster has told of it: partitions that are new get an outbox, and outboxes whose leader was
     * not known a way to it. They become fewer only where the topic was made anew; what was sent to the
     * others fails in its time.
     */
    void learned(Topic topic, Sender sender) {
        int told = topic.partitions().size();
        var all = Arrays.copyOf(outboxes, Math.max(outboxes.length, told));
        for (int i = 0; i < told; i++) {
            int leader = topic.partitions().get(i).leader();
            all[i] = all[i] != null ? all[i] : new Outbox(sender, new TopicPartition(topic.name(), i));
            if (all[i].line() == null && leader != Topic.NO_LEADER) {
                all[i].line(sender.line(leader));
            }
        }
        outboxes = all;
        boolean fewer = told > 0 && told < count && !topic.id().equals(topicId);
        count = fewer ? told : Math.max(told, count);
        topicId = topic.id();
        if (fewer) {
            sticky.set(null);
        }
    }

    // Which partition.

    /** That of a key, as Kafka's own producer chooses it: what has a key stays in one partition. */
    Outbox keyed(byte[] key) {
        int index = (murmur2(key) & Integer.MAX_VALUE) % count;
        return outboxes[index];
    }

    /** That of records without a key: one for about a batch, then another (KIP-794). */
    Sticky sticky() {
        var now = sticky.get();
        while (now == null) {
            turn(null);
            now = sticky.get();
        }
        return now;
    }

    /** Of two partitions by chance the one that has less to send, and of one without a leader the other. */
    private void turn(Sticky from) {
        int most = count;
        var all = outboxes;
        var chance = ThreadLocalRandom.current();
        var one = all[chance.nextInt(most)];
        var other = all[chance.nextInt(most)];
        boolean less = other.backlog.get() < one.backlog.get();
        sticky.compareAndSet(from, new Sticky(one.line() == null == (other.line() == null)
                ? less ? other : one : one.line() != null ? one : other));
    }

    /** A partition for a while. */
    final class Sticky {
        final Outbox outbox;
        /** What it was given; guarded by the outbox's lock. */
        private int bytes;

        private Sticky(Outbox outbox) {
            this.outbox = outbox;
        }

        /**
         * Counts a record that went into this batch, under the outbox's lock, and turns to another partition
         * when it is enough: a batch's worth and the batch is full, or twice that.
         *
         * @return whether the batch is full
         */
        boolean turns(int lengthBytes, Batch batch, int enoughBytes) {
            bytes += lengthBytes;
            boolean isFull = !batch.hasRoom(lengthBytes);
            if (bytes >= 2 * enoughBytes || bytes >= enoughBytes && isFull) {
                turn(this);
            }
            return isFull;
        }
    }

    /** Of 32 bits, with Kafka's seed: clients in all languages agree on it. */
    static int murmur2(byte[] key) {
        int mix = 0x5bd1e995;
        int hash = 0x9747b28c ^ key.length;
        int at = 0;
        for (; at + 4 <= key.length; at += 4) {
            int low = key[at] & 0xFF | (key[at + 1] & 0xFF) << 8;
            int word = (low | (key[at + 2] & 0xFF) << 16 | key[at + 3] << 24) * mix;
            hash = hash * mix ^ (word ^ word >>> 24) * mix;
        }
        for (int i = key.length - 1; i >= at; i--) {
            hash ^= (key[i] & 0xFF) << 8 * (i - at);
        }
        hash = at < key.length ? hash * mix : hash;
        hash = (hash ^ hash >>> 13) * mix;
        return hash ^ hash >>> 15;
    }
}
