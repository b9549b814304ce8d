package daybook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.cli.Commands;
import daybook.log.FaultyDisk;
import daybook.log.TestDisk;
import daybook.record.BatchBuilder;
import daybook.wire.Reader;
import daybook.wire.Writer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The broker as a whole: starts, serves, stops, starts again with what it had. */
class BrokerTest {
    private static final int PRODUCE = 0;
    private static final int LIST_OFFSETS = 2;
    private static final int METADATA = 3;
    private static final int CREATE_TOPICS = 19;
    private static final int DESCRIBE_CONFIGS = 32;
    private static final int KAFKA_STORAGE_ERROR = 56;

    @TempDir
    Path directory;

    private Config config(String listeners) {
        return Config.of(Map.of("listeners", listeners, "log.dirs", directory.toString(),
                "daybook.durability", "page-cache"));
    }

    private Broker start() throws IOException {
        return Broker.start(config("PLAINTEXT://127.0.0.1:0"));
    }

    /** Sends one request of a version that is not flexible, and returns the body of the answer. */
    static Reader ask(String address, int key, int version, Writer body) throws IOException {
        int colon = address.lastIndexOf(':');
        var host = address.substring(0, colon).replace("*", "127.0.0.1");
        try (var socket = new Socket(host, Integer.parseInt(address.substring(colon + 1)))) {
            socket.setSoTimeout(30_000);
            var frame = new Writer(0, false).int32(10 + 4 + body.size()).int16(key).int16(version).int32(77)
                    .string("test").raw(body.toBuffer());
            socket.getOutputStream().write(bytes(frame));
            var in = new DataInputStream(socket.getInputStream());
            var answer = in.readNBytes(in.readInt());
            var reader = new Reader(ByteBuffer.wrap(answer), version, false);
            assertEquals(77, reader.int32());
            return reader;
        }
    }

    private static byte[] bytes(Writer written) {
        var bytes = new byte[written.size()];
        written.toBuffer().get(bytes);
        return bytes;
    }

    static void create(String address, String topic) throws IOException {
        assertEquals(0, created(address, topic));
    }

    /** The error of an attempt to create a topic. */
    private static int created(String address, String topic) throws IOException {
        var body = new Writer(2, false).int32(1).string(topic).int32(3).int16(1).int32(0).int32(0)
                .int32(5_000).bool(false);
        var answer = ask(address, CREATE_TOPICS, 2, body);
        answer.int32();
        return answer.array(in -> {
            assertEquals(topic, in.string());
            int error = in.int16();
            in.nullableString();
            return error;
        }).getFirst();
    }

    private static List<String> topics(String address) throws IOException {
        var answer = ask(address, METADATA, 1, new Writer(1, false).int32(-1));
        answer.array(in -> in.int32() + in.string() + in.int32() + in.nullableString());
        answer.int32();
        return answer.array(in -> {
            in.int16();
            var name = in.string();
            in.bool();
            var partitions = in.array(each -> {
                each.int16();
                int index = each.int32();
                each.int32();
                each.array(Reader::int32);
                each.array(Reader::int32);
                return index;
            });
            return name + " " + partitions.size();
        });
    }

    /** A new cluster has one key set for all brokers, and the first start is to know that already. */
    @Test
    void whatTheFirstStartSetsHoldsAtOnce() throws IOException {
        try (var broker = start()) {
            var body = new Writer(1, false).int32(1).int8(4).string("").int32(-1).bool(false);
            var answer = ask(broker.addresses().getFirst(), DESCRIBE_CONFIGS, 1, body);
            answer.int32();
            assertEquals(List.of("min.insync.replicas"), answer.array(in -> {
                assertEquals("0  4 ", in.int16() + " " + in.string() + " " + in.int8() + " " + in.string());
                return in.array(config -> {
                    var name = config.string();
                    assertEquals("1 false 3 false", config.string() + " " + config.bool() + " "
                            + config.int8() + " " + config.bool());
                    assertEquals(0, config.int32());
                    return name;
                });
            }).getFirst());
        }
    }

    @Test
    void topicsAndClusterIdOutliveTheProcess() throws IOException {
        String clusterId;
        try (var broker = start()) {
            clusterId = broker.clusterId();
            create(broker.addresses().getFirst(), "orders");
        }
        try (var broker = start()) {
            assertEquals(clusterId, broker.clusterId());
            assertEquals(List.of("orders 3"), topics(broker.addresses().getFirst()));
        }
    }

    /** These tests do without the forcing of records; what a topic is is forced nevertheless. */
    @Test
    void topicsOutliveAPowerCutWhateverTheDurability() throws IOException {
        var config = config("PLAINTEXT://127.0.0.1:0");
        var disk = FaultyDisk.empty(directory, 1);
        for (int i = 0; i < 5; i++) {
            try (var broker = Broker.start(config, disk, InstantSource.system())) {
                var address = broker.addresses().getFirst();
                assertEquals(i, topics(address).size());
                create(address, "orders" + i);
                disk.die();
            }
            disk = disk.afterPowerCut(i);
        }
    }

    @Test
    void aStartOnAFullDiskIsForReadingUntilThereIsRoom() throws IOException {
        try (var broker = start()) {
            create(broker.addresses().getFirst(), "orders");
        }
        var disk = new TestDisk();
        disk.full = true;
        var config = config("PLAINTEXT://127.0.0.1:0");
        try (var broker = Broker.start(config, disk, InstantSource.system())) {
            var address = broker.addresses().getFirst();
            assertEquals(List.of("orders 3"), topics(address));
            assertEquals(KAFKA_STORAGE_ERROR, created(address, "more"));
            disk.full = false;
            int error = KAFKA_STORAGE_ERROR;
            long endNanos = System.nanoTime() + 30_000_000_000L;
            while (error == KAFKA_STORAGE_ERROR && System.nanoTime() < endNanos) {
                error = created(address, "more");
            }
            assertEquals(0, error);
        }
        try (var broker = start()) {
            assertEquals(List.of("more 3", "orders 3"), topics(broker.addresses().getFirst()));
        }
    }

    /** New leader epochs, by which clients find that records are gone, are still to be written then. */
    @Test
    void aStopBeforeThereWasRoomToBeginIsNotClean() throws IOException {
        var config = config("PLAINTEXT://127.0.0.1:0");
        var disk = FaultyDisk.empty(directory, 1);
        try (var broker = Broker.start(config, disk, InstantSource.system())) {
            create(broker.addresses().getFirst(), "orders");
            disk.die();
        }
        disk = disk.afterKill(1);
        disk.room(0);
        try (var broker = Broker.start(config, disk, InstantSource.system())) {
            assertEquals(KAFKA_STORAGE_ERROR, created(broker.addresses().getFirst(), "more"));
            disk.empty();
        }
        disk = disk.afterKill(2);
        try (var broker = Broker.start(config, disk, InstantSource.system())) {
            assertEquals(1, end(broker.addresses().getFirst(), "orders", 0).leaderEpoch);
        }
    }

    /** They went elsewhere than they would have, and that is lost: they must not begin anew meanwhile. */
    @Test
    void partitionsAreMissedWithTheDirectoryThatTheyWentTo() throws IOException {
        var config = Config.of(Map.of("listeners", "PLAINTEXT://127.0.0.1:0", "log.dirs",
                directory.resolve("one") + "," + directory.resolve("two"), "metadata.log.dir",
                directory.resolve("three").toString()));
        var disk = new TestDisk();
        try (var broker = Broker.start(config, disk, InstantSource.system())) {
            var address = broker.addresses().getFirst();
            create(address, "orders");
            disk.failForces = true;
            var batch = BatchBuilder.plain(5, List.of(new BatchBuilder.Entry(null, ByteBuffer.allocate(3))));
            ask(address, PRODUCE, 3, new Writer(3, false).string(null).int16(-1).int32(5_000).int32(1)
                    .string("orders").int32(1).int32(0).bytes(batch));
            disk.failForces = false;
            create(address, "more");
            assertEquals(0, end(address, "more", 2).error);
        }
        Files.move(directory.resolve("two"), directory.resolve("lost"));
        try (var broker = Broker.start(config, disk, InstantSource.system())) {
            for (int i = 0; i < 3; i++) {
                assertEquals(KAFKA_STORAGE_ERROR, end(broker.addresses().getFirst(), "more", i).error);
            }
        }
    }

    private record End(int error, int leaderEpoch) { }

    private static End end(String address, String topic, int partition) throws IOException {
        var answer = ask(address, LIST_OFFSETS, 4, new Writer(4, false).int32(-1).int8(0).int32(1)
                .string(topic).int32(1).int32(partition).int32(-1).int64(-1));
        answer.int32();
        return answer.array(in -> {
            assertEquals(topic, in.string());
            return in.array(each -> {
                assertEquals(partition, each.int32());
                int error = each.int16();
                each.int64();
                each.int64();
                return new End(error, each.int32());
            }).getFirst();
        }).getFirst();
    }

    @Test
    void severalListenersServeTheSameTopics() throws IOException {
        var config = Config.of(Map.of("listeners", "ONE://127.0.0.1:0,TWO://[::1]:0",
                "listener.security.protocol.map", "ONE:PLAINTEXT,TWO:PLAINTEXT",
                "log.dirs", directory.toString()));
        try (var broker = Broker.start(config)) {
            create(broker.addresses().getFirst(), "orders");
            assertNotEquals(broker.addresses().getFirst(), broker.addresses().getLast());
            assertEquals(List.of("orders 3"), topics(broker.addresses().getLast()));
        }
    }

    @Test
    void aSecondBrokerOnTheSameDirectoryIsRefused() throws IOException {
        try (var broker = start()) {
            var refused = assertThrows(IOException.class, this::start);
            assertTrue(refused.getMessage().contains("in use"), refused.getMessage());
            assertEquals(List.of(), topics(broker.addresses().getFirst()));
        }
        start().close();
    }

    @Test
    void aTakenAddressIsNamedAndTheDirectoryFreeAgain() throws IOException {
        try (var taken = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            var listeners = "PLAINTEXT://127.0.0.1:" + taken.getLocalPort();
            var refused = assertThrows(IOException.class, () -> Broker.start(config(listeners)));
            assertTrue(refused.getMessage().contains(":" + taken.getLocalPort()), refused.getMessage());
        }
        start().close();
    }

    @Test
    void whatTheUserTypedWrongIsOneLineAndExitCodeTwo() {
        for (var arguments : List.of(List.of("--num.partitions=none"), List.of("no-such-file"),
                List.of("a", "b"), List.of("--listeners=nonsense"), List.of("--x"), List.of("-x"),
                List.of("src"), List.of("--log.dirs="), List.of("--log.dirs=,"))) {
            var errors = new ByteArrayOutputStream();
            var before = System.err;
            System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
            try {
                var words = Stream.concat(Stream.of("start"), arguments.stream()).toList();
                assertEquals(2, Commands.run(words), () -> words + ": " + errors);
            } finally {
                System.setErr(before);
            }
            var said = errors.toString(StandardCharsets.UTF_8);
            assertTrue(said.startsWith("daybook: ") && said.indexOf('\n') == said.length() - 1, said);
        }
    }
}
