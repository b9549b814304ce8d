package daybook.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Frames in and replies out, over real sockets. */
class ServerTest {
    @Test
    void aByteAtATime() throws IOException {
        try (var echo = new Echo(); var client = echo.client()) {
            for (int round = 0; round < 3; round++) {
                var body = Echo.body(50, round);
                for (byte one : Echo.frame(body)) {
                    client.send(new byte[] {one});
                }
                assertArrayEquals(body, client.reply());
            }
        }
    }

    @Test
    void manyPipelinedFramesInOneSegmentAreAnsweredInOrder() throws IOException {
        try (var echo = new Echo(); var client = echo.client()) {
            var all = new ByteArrayOutputStream();
            for (int i = 0; i < 3_000; i++) {
                all.writeBytes(Echo.frame(Echo.body(1 + i % 40, i)));
            }
            client.send(all.toByteArray());
            for (int i = 0; i < 3_000; i++) {
                assertArrayEquals(Echo.body(1 + i % 40, i), client.reply(), "reply " + i);
            }
            assertEquals(0, echo.server.memory.usedBytes());
        }
    }

    @Test
    void framesOfAllSizesInAllCuts() throws Exception {
        long seed = System.nanoTime();
        System.out.println("framesOfAllSizesInAllCuts seed " + seed);
        var random = new Random(seed);
        try (var echo = new Echo(); var client = echo.client()) {
            var all = new ByteArrayOutputStream();
            var bodies = new ArrayList<byte[]>();
            for (int i = 0; i < 200; i++) {
                var body = Echo.body(1 + random.nextInt(1 << random.nextInt(1, 20)), i);
                bodies.add(body);
                all.writeBytes(Echo.frame(body));
            }
            var failure = new AtomicReference<Throwable>();
            var sender = Thread.ofVirtual().start(() -> {
                try {
                    var bytes = all.toByteArray();
                    for (int at = 0; at < bytes.length;) {
                        int part = 1 + random.nextInt(1 << random.nextInt(1, 20));
                        part = Math.min(part, bytes.length - at);
                        client.socket.getOutputStream().write(bytes, at, part);
                        at += part;
                    }
                } catch (IOException failed) {
                    failure.set(failed);
                }
            });
            for (var body : bodies) {
                assertArrayEquals(body, client.reply());
            }
            sender.join();
            assertNull(failure.get());
            assertEquals(0, echo.server.memory.usedBytes());
        }
    }

    @Test
    void theLargestFrameAllowedAndOneByteMore() throws IOException {
        try (var echo = new Echo()) {
            var body = Echo.body(Echo.LIMITS.frameBytes(), 1);
            try (var client = echo.client()) {
                assertArrayEquals(body, client.ask(body));
            }
            try (var client = echo.client()) {
                client.send(Echo.announce(body.length + 1));
                assertTrue(client.closed());
            }
        }
    }

    @Test
    void lengthsThatAreNotAllowedCloseWhenTheFramesBeforeAreAnswered() throws IOException {
        try (var echo = new Echo()) {
            int above = Echo.LIMITS.frameBytes() + 1;
            for (int length : new int[] {0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, above}) {
                try (var client = echo.client()) {
                    client.send(Echo.announce(length));
                    assertTrue(client.closed(), "length " + length);
                }
                try (var client = echo.client()) {
                    var all = new ByteArrayOutputStream();
                    all.writeBytes(Echo.frame(Echo.body(10, 1)));
                    all.writeBytes(Echo.announce(length));
                    client.send(all.toByteArray());
                    assertArrayEquals(Echo.body(10, 1), client.reply());
                    assertTrue(client.closed());
                }
            }
            assertEquals(5, echo.handled.get(), "a handler saw one of them");
        }
    }

    @Test
    void regionsGoOutBetweenBytesAndAreClosed(@TempDir Path folder) throws IOException {
        var content = Echo.body(3_000_000, 7);
        var path = Files.write(folder.resolve("region"), content);
        try (var file = FileChannel.open(path, StandardOpenOption.READ);
                var echo = new Echo(Echo.LIMITS, file);
                var client = echo.client()) {
            client.sendFrame(new byte[] {'r'});
            client.sendFrame(new byte[] {'x'});
            assertEquals(2 * (1 + 4 + content.length), client.in.readInt());
            for (int i = 1; i <= 2; i++) {
                assertEquals(i, client.in.read());
                assertEquals(content.length, client.in.readInt());
                assertArrayEquals(content, client.in.readNBytes(content.length));
            }
            assertArrayEquals(new byte[] {'x'}, client.reply());
            assertEquals(0, echo.leases.get());
        }
    }

    @Test
    void afterAHalfCloseWhatWasReceivedIsAnswered() throws IOException {
        try (var echo = new Echo(); var client = echo.client()) {
            client.send(Echo.frame(Echo.body(100, 1)));
            client.send(Echo.frame(Echo.body(200_000, 2)));
            client.send(Echo.announce(50));
            client.socket.shutdownOutput();
            assertArrayEquals(Echo.body(100, 1), client.reply());
            assertArrayEquals(Echo.body(200_000, 2), client.reply());
            assertTrue(client.closed());
        }
    }

    @Test
    void aHandlerThatWaitsSeesItsClientGo() throws Exception {
        try (var echo = new Echo()) {
            var client = echo.client();
            client.sendFrame(new byte[] {'w'});
            assertTrue(echo.waits.await(30, TimeUnit.SECONDS));
            client.close();
            assertTrue(echo.gone.await(30, TimeUnit.SECONDS));
        }
    }

    @Test
    void aHandlerThatThrowsClosesItsConnectionAlone() throws IOException {
        try (var echo = new Echo(); var other = echo.client()) {
            for (char breaks : new char[] {'b', 'c'}) {
                try (var client = echo.client()) {
                    assertArrayEquals(new byte[] {'x'}, client.ask(new byte[] {'x'}));
                    client.sendFrame(new byte[] {(byte) breaks});
                    client.sendFrame(new byte[] {'x'});
                    assertTrue(client.closed());
                }
            }
            assertArrayEquals(new byte[] {'x'}, other.ask(new byte[] {'x'}));
        }
    }

    @Test
    void noReplyIsNoReply() throws IOException {
        try (var echo = new Echo(); var client = echo.client()) {
            client.sendFrame(new byte[] {'s'});
            assertArrayEquals(new byte[] {'x'}, client.ask(new byte[] {'x'}));
            assertEquals(2, echo.handled.get());
        }
    }

    @Test
    void garbageHurtsNobodyElse() throws Exception {
        long seed = System.nanoTime();
        System.out.println("garbageHurtsNobodyElse seed " + seed);
        var random = new Random(seed);
        try (var echo = new Echo(); var other = echo.client()) {
            for (int i = 0; i < 300; i++) {
                try (var client = echo.client()) {
                    var bytes = new byte[1 + random.nextInt(2_000)];
                    random.nextBytes(bytes);
                    if (random.nextBoolean()) {
                        bytes[0] = 0;
                        if (bytes.length > 2) {
                            bytes[1] = 0;
                            bytes[2] = (byte) random.nextInt(2);
                        }
                    }
                    client.send(bytes);
                    if (random.nextBoolean()) {
                        client.socket.shutdownOutput();
                    }
                } catch (java.net.SocketException reset) {
                    assertTrue(i >= 0);
                }
                if (i % 10 == 0) {
                    assertArrayEquals(Echo.body(500, i), other.ask(Echo.body(500, i)));
                }
            }
            other.socket.close();
            echo.server.stop(1_000);
            assertEquals(0, echo.server.memory.usedBytes());
        }
    }

    @Test
    void repliesThatWaitLetTheNextRequestsThrough() throws IOException {
        try (var echo = new Echo(); var client = echo.client()) {
            // In one piece: a frame that came after the one before was answered would wait with it.
            client.send(new byte[] {0, 0, 0, 2, 'l', 1, 0, 0, 0, 2, 'l', 2, 0, 0, 0, 2, 'l', 3});
            long deadline = System.nanoTime() + 30_000_000_000L;
            while (echo.handled.get() < 3 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            assertEquals(3, echo.handled.get());
            client.sendFrame(new byte[] {'x'});
            echo.disk.countDown();
            for (byte number = 1; number <= 3; number++) {
                assertArrayEquals(new byte[] {number}, client.reply());
            }
            assertArrayEquals(new byte[] {'x'}, client.reply());
        }
    }

    @Test
    void aReplyIsNotHeldUpByRequestsWithoutOne() throws IOException {
        try (var echo = new Echo(); var client = echo.client()) {
            client.sendFrame(new byte[] {'f'});
            while (echo.handled.get() < 1 || echo.server.memory.usedBytes() > 0) {
                Thread.onSpinWait();
            }
            // Each in a buffer of its own, and both there when the thread goes on.
            client.send(new byte[] {0, 0, 0, 1, 'x', 0, 0, 0, 1, 's'});
            while (echo.server.memory.usedBytes() == 0) {
                Thread.onSpinWait();
            }
            long oneBytes = echo.server.memory.usedBytes();
            client.sendFrame(new byte[] {'w'});
            while (echo.server.memory.usedBytes() == oneBytes) {
                Thread.onSpinWait();
            }
            echo.disk.countDown();
            assertArrayEquals(new byte[] {1}, client.reply());
            assertArrayEquals(new byte[] {'x'}, client.reply());
        }
    }

    @Test
    void aStopLosesNoReplyThoughTheClientGoesOnSending() throws Exception {
        for (int round = 0; round < 20; round++) {
            try (var echo = new Echo();
                    var client = new Echo.Client(echo.server.bound().getFirst().port(), 4_096)) {
                var sender = Thread.ofVirtual().start(() -> {
                    try {
                        while (true) {
                            client.sendFrame(Echo.body(20_000, 1));
                        }
                    } catch (IOException ended) {
                        // The server has closed.
                    }
                });
                int replies = 0;
                while (replies < 50) {
                    client.reply();
                    replies++;
                }
                var stopper = Thread.ofVirtual().start(() -> echo.server.stop(10_000));
                try {
                    while (true) {
                        client.reply();
                        replies++;
                    }
                } catch (java.io.EOFException ended) {
                    client.socket.close();
                }
                stopper.join();
                sender.join();
                assertEquals(echo.handled.get(), replies);
            }
        }
    }

    @Test
    void stopIsQuickWithNothingInFlight() throws Exception {
        var echo = new Echo();
        try (var one = echo.client(); var two = echo.client()) {
            assertArrayEquals(new byte[] {'x'}, one.ask(new byte[] {'x'}));
            long from = System.nanoTime();
            var stopper = Thread.ofPlatform().start(() -> echo.server.stop(30_000));
            assertTrue(two.closed());
            assertTrue(one.closed());
            one.socket.close();
            stopper.join();
            long tookMs = (System.nanoTime() - from) / 1_000_000;
            assertTrue(tookMs < 20_000, tookMs + " ms");
            assertThrows(IOException.class, echo::client);
        }
        echo.server.stop(30_000);
        echo.close();
    }

    @Test
    void stopAnswersWhatIsInFlightAndEndsWaits() throws Exception {
        var echo = new Echo();
        try (var client = echo.client()) {
            client.sendFrame(new byte[] {'w'});
            client.sendFrame(new byte[] {'x'});
            assertTrue(echo.waits.await(30, TimeUnit.SECONDS));
            var stopper = Thread.ofPlatform().start(() -> echo.server.stop(30_000));
            assertArrayEquals(new byte[] {'w'}, client.reply());
            client.socket.close();
            stopper.join();
        }
    }

    @Test
    void stopClosesWhatIsLeftAfterTheGrace(@TempDir Path folder) throws Exception {
        var path = Files.write(folder.resolve("region"), new byte[16 << 20]);
        try (var file = FileChannel.open(path, StandardOpenOption.READ)) {
            var echo = new Echo(Echo.LIMITS, file);
            try (var client = new Echo.Client(echo.server.bound().get(0).port(), 4_096)) {
                client.sendFrame(new byte[] {'r'});
                assertEquals(2 * (5 + (16 << 20)), client.in.readInt());
                echo.server.stop(100);
                assertThrows(IOException.class, () -> client.in.readFully(new byte[32 << 20]));
            }
        }
    }

    @Test
    void stopBeforeStartAndPortsThatAreTaken() throws IOException {
        try (var echo = new Echo()) {
            var taken = echo.server.bound().get(0);
            var listeners = List.of(new Listener("A", "127.0.0.1", 0), taken);
            var failed = assertThrows(IOException.class,
                    () -> new Server(listeners, () -> Echo.LIMITS, (c, f) -> null, echo.clock));
            assertTrue(failed.getMessage().contains("127.0.0.1:" + taken.port()), failed.getMessage());
        }
        var any = List.of(new Listener("A", "", 0));
        new Server(any, () -> Echo.LIMITS, (c, f) -> null, new Echo.Clock()).close();
    }

    @Test
    void connectionsKnowTheirAddresses() throws Exception {
        var seen = new AtomicReference<Connection>();
        var done = new CountDownLatch(1);
        Handler handler = (connection, frame) -> {
            assertNull(connection.<String>attachment());
            connection.attach("state");
            seen.set(connection);
            done.countDown();
            return null;
        };
        var listeners = List.of(new Listener("A", "127.0.0.1", 0), new Listener("B", null, 0));
        try (var server = new Server(listeners, () -> Echo.LIMITS, handler, new Echo.Clock())) {
            server.start();
            assertEquals(List.of("A", "B"), server.bound().stream().map(Listener::name).toList());
            try (var client = new Echo.Client(server.bound().get(1).port())) {
                client.sendFrame(new byte[] {1});
                assertTrue(done.await(30, TimeUnit.SECONDS));
                var connection = seen.get();
                assertEquals("B", connection.listener());
                assertEquals(server.bound().get(1).port(), connection.localAddress().getPort());
                assertEquals(client.socket.getLocalPort(), connection.remoteAddress().getPort());
                assertTrue(connection.id().endsWith(client.socket.getLocalPort() + "-0"), connection.id());
                assertEquals("state", connection.<String>attachment());
                assertTrue(connection.open());
            }
        }
        assertFalse(seen.get().open());
    }
}
