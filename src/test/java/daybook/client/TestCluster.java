package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.Broker;
import daybook.Config;
import daybook.record.Record;
import daybook.record.RecordBatch;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A broker in this process for a producer to send to, and a look at what came to lie on its disk. */
final class TestCluster implements AutoCloseable {
    private static final int CREATE_TOPICS = 19;
    private static final int UPDATE_FEATURES = 57;

    private final Path directory;
    private final Broker broker;

    TestCluster(Path directory, String... settings) throws IOException {
        this.directory = directory;
        var all = new HashMap<>(Map.of("listeners", "PLAINTEXT://127.0.0.1:0", "log.dirs", directory.toString(),
                "daybook.durability", "page-cache", "transaction.state.log.num.partitions", "2",
                "offsets.topic.num.partitions", "2"));
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        broker = Broker.start(Config.of(all));
    }

    String address() {
        return broker.addresses().getFirst();
    }

    /** Makes a topic; configs come as names and values in turn. */
    void topic(String name, int partitions, String... configs) throws IOException {
        var body = new Writer(2, false).int32(1).string(name).int32(partitions).int16(1).int32(0);
        body.int32(configs.length / 2);
        for (var each : configs) {
            body.string(each);
        }
        var answer = ask(CREATE_TOPICS, 2, body.int32(5_000).bool(false), false);
        answer.int32();
        assertEquals(List.of((short) 0), answer.array(in -> {
            in.string();
            short error = in.int16();
            in.nullableString();
            return error;
        }));
    }

    void transactionVersion(int level) throws IOException {
        var body = new Writer(1, true).int32(5_000).length(1).string("transaction.version").int16(level).int8(3)
                .tags().bool(false).tags();
        var answer = ask(UPDATE_FEATURES, 1, body, true);
        answer.tags();
        answer.int32();
        assertEquals(0, answer.int16());
    }

    private Reader ask(int key, int version, Writer body, boolean flexible) throws IOException {
        var address = address();
        int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(30_000);
            var header = new Writer(0, false).int16(key).int16(version).int32(1).string("test");
            if (flexible) {
                header.int8(0);
            }
            header.raw(body.toBuffer());
            var frame = new Writer(0, false).int32(header.size()).raw(header.toBuffer()).toBuffer();
            var bytes = new byte[frame.remaining()];
            frame.get(bytes);
            socket.getOutputStream().write(bytes);
            var in = new DataInputStream(socket.getInputStream());
            var answer = ByteBuffer.wrap(in.readNBytes(in.readInt()));
            answer.getInt();
            return new Reader(answer, version, flexible);
        }
    }

    /** The batches of a partition, each with a checksum that holds. */
    List<RecordBatch> batches(String topic, int partition) throws IOException {
        var batches = new ArrayList<RecordBatch>();
        var log = directory.resolve(topic + "-" + partition);
        try (var files = Files.list(log)) {
            for (var file : files.filter(each -> each.toString().endsWith(".log")).sorted().toList()) {
                batches.addAll(RecordBatch.wholeIn(ByteBuffer.wrap(Files.readAllBytes(file))));
            }
        }
        batches.forEach(batch -> assertTrue(batch.checksumHolds()));
        return batches;
    }

    List<Record> records(String topic, int partition) throws IOException {
        var records = new ArrayList<Record>();
        for (var batch : batches(topic, partition)) {
            if (!batch.control()) {
                batch.records(1 << 26).forEach(records::add);
            }
        }
        return records;
    }

    List<String> values(String topic, int partition) throws IOException {
        return records(topic, partition).stream().map(record -> text(record.value())).toList();
    }

    static String text(ByteBuffer bytes) {
        return bytes == null ? null : StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        broker.close();
    }
}
