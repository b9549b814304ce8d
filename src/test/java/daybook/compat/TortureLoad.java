package daybook.compat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * Idempotent producers at work, each on a thread of its own and with all partitions, through whatever happens
 * to the broker; and what was acknowledged to them. Of each producer, the records in a partition are numbered
 * from 0; number and producer are in a header, and all else of a record follows from them.
 */
final class TortureLoad {
    static final int PRODUCERS = 4;
    static final String HEADER = "id";
    /** Each producer has so many keys of its own in each partition. */
    static final int KEYS = 50;

    private static final List<String> CODECS = List.of("none", "lz4", "gzip", "zstd");
    private static final int BURST = 12;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(16);
    private static final int LEAST_BYTES = 200;
    private static final int VARIED_BYTES = 1_500;
    /** In a compacted topic, one record in so many is a tombstone. */
    private static final int TOMBSTONES = 7;
    private static final long LIMIT_SECONDS = 120;

    /** What one producer sent to one partition. */
    static final class Sent {
        private final ReentrantLock lock = new ReentrantLock();
        /** Guarded by {@link #lock}: by number, the offset that was acknowledged, or -1. */
        private long[] offsets = new long[1024];
        /** Guarded by {@link #lock}: all records with lower numbers were acknowledged. */
        private int acked;
        /** Belongs to the producer's thread. */
        private int count;

        private void acknowledge(int number, long offset) {
            lock.lock();
            try {
                int length = offsets.length;
                if (number >= length) {
                    offsets = Arrays.copyOf(offsets, Math.max(number + 1, 2 * length));
                    Arrays.fill(offsets, length, offsets.length, -1);
                }
                offsets[number] = offset;
                while (acked < offsets.length && offsets[acked] >= 0) {
                    acked++;
                }
            } finally {
                lock.unlock();
            }
        }

        /** All records with lower numbers were acknowledged. */
        int acked() {
            lock.lock();
            try {
                return acked;
            } finally {
                lock.unlock();
            }
        }

        /** The offset that was acknowledged, or -1. */
        long offset(int number) {
            lock.lock();
            try {
                return number >= 0 && number < offsets.length ? offsets[number] : -1;
            } finally {
                lock.unlock();
            }
        }

        private Sent() {
            Arrays.fill(offsets, -1);
        }
    }

    private final Clients clients;
    private final List<TopicPartition> partitions;
    private final Random random;
    /** By partition, what each producer sent; does not change. */
    private final Map<String, List<Sent>> sent = new TreeMap<>();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicReference<Exception> failure = new AtomicReference<>();
    private volatile boolean closing;

    TortureLoad(Clients clients, List<TopicPartition> partitions, long seed) {
        this.clients = clients;
        this.partitions = partitions;
        this.random = new Random(seed);
        for (var partition : partitions) {
            var each = new ArrayList<Sent>();
            for (int producer = 0; producer < PRODUCERS; producer++) {
                each.add(new Sent());
            }
            sent.put(partition.toString(), each);
        }
    }

    void start() {
        for (int producer = 0; producer < PRODUCERS; producer++) {
            int number = producer;
            long seed = random.nextLong();
            threads.add(Thread.ofPlatform().name("producer " + number).start(() -> run(number, seed)));
        }
    }

    /** What was sent to a partition, by producer. */
    List<Sent> sent(TopicPartition partition) {
        return sent.get(partition.toString());
    }

    /** Why a record was refused, or null: an idempotent producer goes through any restart. */
    Exception failure() {
        return failure.get();
    }

    long acked() {
        return sent.values().stream().flatMap(List::stream).mapToLong(Sent::acked).sum();
    }

    private void run(int producer, long seed) {
        var settings = Map.<String, Object>of("compression.type", CODECS.get(producer),
                "delivery.timeout.ms", 300_000, "max.block.ms", 300_000, "request.timeout.ms", 20_000,
                "reconnect.backoff.ms", 20, "reconnect.backoff.max.ms", 100, "retry.backoff.ms", 20,
                "retry.backoff.max.ms", 100, "batch.size", 8_192);
        var pace = new Random(seed);
        try (var client = clients.producer(settings)) {
            while (!closing) {
                for (int left = pace.nextInt(BURST); left >= 0; left--) {
                    send(client, partitions.get(pace.nextInt(partitions.size())), producer);
                }
                LockSupport.parkNanos(pace.nextLong(PAUSE_NANOS));
            }
        } catch (RuntimeException refused) {
            failure.compareAndSet(null, refused);
        }
    }

    private void send(KafkaProducer<byte[], byte[]> client, TopicPartition partition, int producer) {
        var mine = sent(partition).get(producer);
        int number = mine.count++;
        var record = new ProducerRecord<>(partition.topic(), partition.partition(), key(producer, number),
                value(partition, producer, number));
        record.headers().add(new RecordHeader(HEADER,
                ByteBuffer.allocate(8).putInt(producer).putInt(number).array()));
        client.send(record, (metadata, refused) -> {
            if (refused == null) {
                mine.acknowledge(number, metadata.offset());
            } else {
                failure.compareAndSet(null, refused);
            }
        });
    }

    static byte[] key(int producer, int number) {
        return ("key " + producer + " " + keyOf(number)).getBytes();
    }

    /** Which of its producer's keys a record has: a few often, others seldom. */
    static int keyOf(int number) {
        int mixed = new Random(number).nextInt(KEYS * KEYS);
        return (int) Math.sqrt(mixed);
    }

    /** The value of a record, null where it is a tombstone. */
    static byte[] value(TopicPartition partition, int producer, int number) {
        if (partition.topic().equals(Torture.COMPACTED) && number % TOMBSTONES == 0) {
            return null;
        }
        var bytes = new Random(((long) producer << 32 | number) * 31 + partition.partition());
        var value = new byte[LEAST_BYTES + bytes.nextInt(VARIED_BYTES)];
        // Half of it noise, half of it zeros, which the codecs find.
        var noise = new byte[value.length / 2];
        bytes.nextBytes(noise);
        System.arraycopy(noise, 0, value, 0, noise.length);
        return value;
    }

    /** Waits until all that was sent was acknowledged or refused. */
    void finish() throws InterruptedException {
        closing = true;
        for (var thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS));
            CheckFailed.expect(!thread.isAlive(), thread.getName() + " does not end");
        }
    }
}
