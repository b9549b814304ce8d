package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import daybook.wire.Writer;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bodies that no client sends: each is answered or closes its connection, and none is an accident here. */
class GarbageTest {
    private static final int BODIES = 6_000;
    private static final Logger LOG = Logger.getLogger("daybook");

    @TempDir
    Path directory;
    private final Queue<String> accidents = new ConcurrentLinkedQueue<>();
    private final Handler listener = new Handler() {
        @Override
        public void publish(LogRecord line) {
            if (line.getLevel().intValue() >= Level.SEVERE.intValue()) {
                accidents.add(line.getMessage() + " " + line.getThrown());
            }
        }

        @Override
        public void flush() { }

        @Override
        public void close() { }
    };

    @BeforeEach
    void listen() {
        LOG.addHandler(listener);
    }

    @AfterEach
    void listenNoMore() {
        LOG.removeHandler(listener);
    }

    @Test
    void garbageHarmsNobody() throws IOException {
        long seed = System.nanoTime();
        System.out.println("garbage from seed " + seed);
        var random = new Random(seed);
        try (var broker = new TestBroker(directory)) {
            broker.topic("a", 2);
            var apis = broker.apis.table();
            for (int i = 0; i < BODIES; i++) {
                var api = apis.get(random.nextInt(apis.size()));
                int version = api.from() + random.nextInt(api.to() - api.from() + 1);
                send(broker, api, version, body(random));
                assertEquals(List.of(), List.copyOf(accidents),
                        () -> api.name() + " version " + version + ", seed " + seed);
            }
            try (var client = broker.client()) {
                client.ask("ApiVersions", 0, out -> { });
            }
        }
    }

    /** Sends a request and the end of the connection, and reads what comes until the broker ends it too. */
    private static void send(TestBroker broker, Api api, int version, byte[] body) throws IOException {
        var header = new Writer(0, false).int16(api.key()).int16(version).int32(1).string("garbage");
        var tags = new byte[api.flexible(version) ? 1 : 0];
        int length = header.size() + tags.length + body.length;
        var frame = ByteBuffer.allocate(4 + length).putInt(length).put(header.toBuffer()).put(tags).put(body);
        try (var socket = new Socket("127.0.0.1", broker.server.bound().getFirst().port())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(frame.array());
            socket.shutdownOutput();
            socket.getInputStream().readAllBytes();
        } catch (SocketException reset) {
            // What was not read when the broker closed comes back as a reset.
        }
    }

    /** Small numbers for the most part, so that lengths and counts often make sense; and the topic's name. */
    private static byte[] body(Random random) {
        var body = ByteBuffer.allocate(random.nextInt(4) == 0 ? 400 : 60);
        while (body.remaining() > 8 && random.nextInt(60) != 0) {
            switch (random.nextInt(8)) {
                case 0, 1 -> body.put((byte) random.nextInt(4));
                case 2 -> body.put((byte) random.nextInt());
                case 3 -> body.putInt(random.nextInt(3));
                case 4 -> body.putInt(random.nextInt());
                case 5 -> body.putShort((short) 1).put((byte) 'a');
                case 6 -> body.put((byte) 2).put((byte) 'a');
                default -> body.putLong(random.nextInt(3) - 2);
            }
        }
        var bytes = new byte[body.position()];
        body.flip().get(bytes);
        return bytes;
    }
}
