package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.client.Consumer.Reset;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** A whole broker behind a line that breaks at any byte, in either direction, and is slow at times. */
class TornConnectionsTest {
    private static final int PARTITIONS = 3;
    private static final int RECORDS = 600;

    @TempDir
    Path directory;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private ServerSocket line;
    private TestCluster cluster;
    private volatile boolean tears = true;

    @BeforeEach
    void start() throws IOException {
        System.out.println("TornConnectionsTest: seed " + seed);
        line = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        cluster = new TestCluster(directory, "advertised.listeners", "PLAINTEXT://" + address(),
                "group.consumer.min.heartbeat.interval.ms", "50", "group.consumer.heartbeat.interval.ms", "50");
        cluster.topic("orders", PARTITIONS);
        var inner = cluster.address();
        int port = Integer.parseInt(inner.substring(inner.lastIndexOf(':') + 1));
        Thread.ofVirtual().start(() -> accept(port));
    }

    @AfterEach
    void stop() throws IOException {
        cluster.close();
        line.close();
        for (var socket : sockets) {
            socket.close();
        }
    }

    private String address() {
        return "127.0.0.1:" + line.getLocalPort();
    }

    private void accept(int port) {
        try {
            while (true) {
                var one = line.accept();
                var other = new Socket(InetAddress.getLoopbackAddress(), port);
                sockets.addAll(List.of(one, other));
                // Some live long enough for nothing, most for some requests.
                var left = new AtomicInteger(random.nextInt(5) == 0 ? random.nextInt(300) : random.nextInt(15_000));
                Thread.ofVirtual().start(() -> pump(one, other, left));
                Thread.ofVirtual().start(() -> pump(other, one, left));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void pump(Socket from, Socket to, AtomicInteger left) {
        try (from; to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            var bytes = new byte[4096];
            for (int read = in.read(bytes); read > 0; read = in.read(bytes)) {
                int rest = left.addAndGet(-read);
                if (tears && rest % 10 == 0) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                }
                out.write(bytes, 0, rest >= 0 || !tears ? read : Math.max(0, read + rest));
                if (rest < 0 && tears) {
                    return;
                }
            }
        } catch (IOException torn) {
            // By the other one.
        }
    }

    private static List<String> numbers(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).toList();
    }

    private void send(Producer producer) {
        var sent = new ArrayList<Delivery>();
        for (int i = 0; i < RECORDS; i++) {
            for (int partition = 0; partition < PARTITIONS; partition++) {
                sent.add(producer.send(new OutgoingRecord("orders", partition, OutgoingRecord.NOW, null,
                        TestCluster.bytes(Integer.toString(i)), List.of())));
            }
            LockSupport.parkNanos(200_000);
        }
        for (int i = 0; i < sent.size(); i++) {
            assertEquals(i / PARTITIONS, sent.get(i).join().offset(), "seed " + seed);
        }
    }

    @Test
    void whatIsSentIsThereOnceAndReadInOrder() throws Exception {
        var read = ConcurrentHashMap.<String>newKeySet();
        var members = new ArrayList<Thread>();
        var failures = ConcurrentHashMap.<Throwable>newKeySet();
        for (int i = 0; i < 2; i++) {
            members.add(Thread.ofVirtual().uncaughtExceptionHandler((thread, failed) -> failures.add(failed))
                    .start(() -> join(read)));
        }
        try (var producer = open(Producer.builder(address()).batchSizeBytes(200).requestTimeoutMs(2_000))) {
            send(producer);
        }
        for (int partition = 0; partition < PARTITIONS; partition++) {
            assertEquals(numbers(RECORDS), cluster.values("orders", partition), "seed " + seed);
        }
        try (var consumer = opened(null)) {
            consumer.assign(IntStream.range(0, PARTITIONS).mapToObj(i -> new TopicPartition("orders", i)).toList());
            var next = new long[PARTITIONS];
            while (IntStream.range(0, PARTITIONS).anyMatch(i -> next[i] < RECORDS)) {
                for (var fetched : consumer.poll(Duration.ofMillis(100))) {
                    for (var record : fetched) {
                        assertEquals(next[fetched.partition().partition()]++, record.offset(), "seed " + seed);
                    }
                }
            }
        }
        for (var member : members) {
            assertTrue(member.join(Duration.ofSeconds(60)), "all is read, seed " + seed + ": " + read.size());
        }
        assertEquals(Set.of(), failures);
    }

    private Producer open(Producer.Builder builder) {
        return new Cluster(new Settings(address(), "test", 2_000, 60_000)).retried(builder::open);
    }

    private Consumer opened(String group) {
        return new Cluster(new Settings(address(), "test", 2_000, 60_000)).retried(() -> Consumer.builder(address())
                .group(group).reset(Reset.EARLIEST).requestTimeoutMs(2_000).fetchMaxWaitMs(100).fetchMaxBytes(1_000).open());
    }

    /** Reads until all members together have all, and commits now and then. */
    private void join(Set<String> read) {
        try (var consumer = opened("g")) {
            consumer.subscribe(List.of("orders"));
            while (read.size() < PARTITIONS * RECORDS) {
                for (var fetched : consumer.poll(Duration.ofMillis(20))) {
                    for (var record : fetched) {
                        read.add(fetched.partition() + ":" + TestCluster.text(record.value()));
                    }
                }
                try {
                    consumer.commit();
                } catch (ClientException out) {
                    // The group went on without it, or nobody answered.
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void transactionsAreThereAsAWholeOrNotAtAll(int version) throws Exception {
        cluster.transactionVersion(version);
        var committed = new HashSet<String>();
        var unsure = new HashSet<String>();
        try (var producer = open(Producer.builder(address()).transactionalId("id").requestTimeoutMs(2_000)
                .lingerMs(0))) {
            for (int i = 0; i < 40; i++) {
                var value = Integer.toString(i);
                (transacted(producer, value) ? committed : unsure).add(value);
            }
        }
        tears = false;
        var found = new ArrayList<List<String>>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            found.add(committed(partition));
        }
        for (var values : found) {
            assertEquals(found.getFirst(), values, "seed " + seed);
        }
        assertEquals(committed, new HashSet<>(found.getFirst()), "seed " + seed + ", aborted " + unsure);
        assertEquals(committed.size(), found.getFirst().size(), "seed " + seed);
        assertTrue(committed.size() > 5, "seed " + seed + ", committed " + committed.size());
    }

    /** Commits the value in all partitions, or aborts it. */
    private static boolean transacted(Producer producer, String value) {
        for (var begun = false; !begun;) {
            try {
                producer.beginTransaction();
                begun = true;
            } catch (ClientException failed) {
                assertTrue(failed.retriable(), failed.getMessage());
            }
        }
        boolean commits = true;
        try {
            for (int partition = 0; partition < PARTITIONS; partition++) {
                producer.send(new OutgoingRecord("orders", partition, OutgoingRecord.NOW, null,
                        TestCluster.bytes(value), List.of()));
            }
            producer.flush();
        } catch (ClientException failed) {
            commits = false;
        }
        while (true) {
            try {
                if (commits) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
                return commits;
            } catch (ClientException failed) {
                if (!failed.retriable()) {
                    assertTrue(commits, failed.getMessage());
                    commits = false;
                }
            }
        }
    }

    private List<String> committed(int partition) {
        try (var consumer = Consumer.builder(address()).readCommitted().reset(Reset.EARLIEST).open()) {
            var one = new TopicPartition("orders", partition);
            consumer.assign(List.of(one));
            long end = consumer.offsetsAt(Map.of(one, Consumer.LATEST)).get(one);
            var values = new ArrayList<String>();
            while (consumer.position(one) < end) {
                TestTopics.take(consumer, values);
            }
            return values;
        }
    }
}
