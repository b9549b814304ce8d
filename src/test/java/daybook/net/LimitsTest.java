package daybook.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** Clients that would take more than their share. */
class LimitsTest {
    private static final byte[] PING = {'x'};

    private static Limits limits(int frameBytes, long memoryBytes, int connections, int perIp) {
        return new Limits(1, frameBytes, memoryBytes, connections, perIp, 600_000, -1, -1, 200);
    }

    private static void closeAll(List<Echo.Client> clients) throws IOException {
        for (var client : clients) {
            client.close();
        }
    }

    @Test
    void announcingIsFreeAndCostsNothing() throws IOException {
        var stalled = new ArrayList<Echo.Client>();
        try (var echo = new Echo(limits(100 << 20, 1 << 20, 10_000, 10_000), null)) {
            for (int i = 0; i < 1_000; i++) {
                var client = echo.client();
                client.send(Echo.announce(100 << 20));
                stalled.add(client);
            }
            try (var other = echo.client()) {
                var body = Echo.body(300_000, 1);
                assertArrayEquals(body, other.ask(body));
            }
            assertEquals(0, echo.server.memory.usedBytes());
        } finally {
            closeAll(stalled);
        }
    }

    @Test
    void stalledFramesLoseTheirMemoryToThoseWhoWait() throws Exception {
        var stalled = new ArrayList<Echo.Client>();
        long bound = 256 << 10;
        try (var echo = new Echo(limits(100 << 20, bound, 10_000, 10_000), null)) {
            for (int i = 0; i < 200; i++) {
                var client = echo.client();
                client.send(Echo.announce(100 << 20));
                client.send(new byte[100]);
                stalled.add(client);
            }
            try (var other = echo.client()) {
                while (!echo.server.memory.contended()) {
                    Thread.onSpinWait();
                }
                other.sendFrame(Echo.body(100_000, 1));
                assertTrue(echo.server.memory.usedBytes() <= bound + (160 << 10));
                Thread reply = Thread.ofVirtual().start(() -> turnUntilDone(echo, other));
                assertArrayEquals(Echo.body(100_000, 1), other.reply());
                echo.server.stop(0);
                reply.join();
            }
            assertEquals(0, echo.server.memory.usedBytes());
        } finally {
            closeAll(stalled);
        }
    }

    @Test
    void slowSendersOfLargeFramesHoldUpNobodyWithASmallOne() throws Exception {
        var slow = new ArrayList<Echo.Client>();
        try (var echo = new Echo(limits(1 << 20, 1 << 20, 100, 100), null); var other = echo.client()) {
            for (int i = 0; i < 12; i++) {
                var client = echo.client();
                client.send(Echo.announce(300_000));
                client.send(new byte[100_000]);
                slow.add(client);
            }
            while (!echo.server.memory.contended()) {
                Thread.onSpinWait();
            }
            for (int i = 0; i < 100; i++) {
                assertArrayEquals(Echo.body(10_000, i), other.ask(Echo.body(10_000, i)));
            }
            // They go on, but each gains too little: all of them make room for one who is fast.
            var answered = new AtomicBoolean();
            Thread turning = Thread.ofVirtual().start(() -> {
                while (!answered.get()) {
                    echo.clock.ms.addAndGet(1_500);
                    trickle(slow);
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(600));
                }
            });
            var large = Echo.body(900_000, 1);
            other.sendFrame(large);
            assertArrayEquals(large, other.reply());
            answered.set(true);
            turning.join();
        } finally {
            closeAll(slow);
        }
    }

    private static void trickle(List<Echo.Client> slow) {
        for (var client : slow) {
            try {
                client.send(new byte[1_000]);
            } catch (IOException closed) {
                client.socket.isClosed();
            }
        }
    }

    /** Turns the clock on whenever the loops have had the time to look at it. */
    private static void turnUntilDone(Echo echo, Echo.Client client) {
        for (int i = 0; i < 20 && client.socket.isConnected() && echo.server.memory.contended(); i++) {
            echo.clock.ms.addAndGet(11_000);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(600));
        }
    }

    @Test
    void manyLargeFramesPassThroughASmallBound() throws Exception {
        var senders = new ArrayList<Thread>();
        var failures = new ConcurrentLinkedQueue<Throwable>();
        long bound = 1 << 20;
        int frameBytes = 3 << 20;
        try (var echo = new Echo(new Limits(2, frameBytes, bound, 100, 100, 600_000, -1, -1, 200), null)) {
            for (int i = 0; i < 12; i++) {
                int number = i;
                senders.add(Thread.ofVirtual().start(() -> {
                    try (var client = echo.client()) {
                        for (int round = 0; round < 5; round++) {
                            int bytes = number % 3 == 0 ? frameBytes : 1_000 << number % 10;
                            var body = Echo.body(bytes, number + round);
                            var sending = Thread.ofVirtual().start(() -> {
                                try {
                                    client.sendFrame(body);
                                } catch (IOException failed) {
                                    failures.add(failed);
                                }
                            });
                            assertArrayEquals(body, client.reply());
                            sending.join();
                        }
                    } catch (Throwable failed) {
                        failures.add(failed);
                    }
                }));
            }
            for (var sender : senders) {
                sender.join();
            }
            assertEquals(List.of(), List.copyOf(failures));
            assertEquals(0, echo.server.memory.usedBytes());
        }
    }

    @Test
    void whatIsLikelyToComeKeepsTheBound() throws Exception {
        int bound = 1 << 20;
        try (var echo = new Echo(limits(bound, bound, 100, 100), null); var other = echo.client();
                var client = echo.client()) {
            var held = new byte[100_000];
            held[0] = 'w';
            other.sendFrame(held);
            assertTrue(echo.waits.await(30, TimeUnit.SECONDS));
            long heldBytes = echo.server.memory.usedBytes();
            // Its buffer has 128 KB more than it, and fits no longer for those.
            var large = new byte[7 << 17];
            large[0] = 'x';
            assertArrayEquals(PING, client.ask(large));
            while (echo.server.memory.usedBytes() > heldBytes) {
                Thread.onSpinWait();
            }
            client.send(Echo.announce(large.length));
            client.send(new byte[100]);
            while (echo.server.memory.usedBytes() == heldBytes) {
                Thread.onSpinWait();
            }
            assertEquals(heldBytes + Buffers.LEAST_BYTES, echo.server.memory.usedBytes());
        }
    }

    @Test
    void whoDoesNotReadCostsItselfOnly(@TempDir Path folder) throws Exception {
        var path = Files.write(folder.resolve("region"), new byte[4 << 20]);
        try (var file = FileChannel.open(path, StandardOpenOption.READ);
                var echo = new Echo(limits(1 << 20, 8 << 20, 100, 100), file);
                var greedy = new Echo.Client(echo.server.bound().get(0).port(), 4_096);
                var other = echo.client()) {
            greedy.socket.setSoTimeout(0);
            var flood = Thread.ofVirtual().start(() -> {
                try {
                    greedy.sendFrame(new byte[] {'r'});
                    for (int i = 0; i < 1_000; i++) {
                        greedy.sendFrame(Echo.body(100_000, i));
                    }
                } catch (IOException closed) {
                    greedy.socket.isClosed();
                }
            });
            for (int i = 0; i < 200; i++) {
                assertArrayEquals(Echo.body(50_000, i), other.ask(Echo.body(50_000, i)));
                long used = echo.server.memory.usedBytes();
                assertTrue(used <= 4 << 20, "used " + used);
            }
            greedy.socket.close();
            flood.join();
            echo.server.stop(1_000);
            assertEquals(0, echo.server.memory.usedBytes());
            assertEquals(0, echo.leases.get());
        }
    }

    @Test
    void aReplyThatIsNotReadIsIdle(@TempDir Path folder) throws Exception {
        var path = Files.write(folder.resolve("region"), new byte[16 << 20]);
        try (var file = FileChannel.open(path, StandardOpenOption.READ);
                var echo = new Echo(limits(1 << 20, 8 << 20, 100, 100), file);
                var client = new Echo.Client(echo.server.bound().get(0).port(), 4_096)) {
            client.sendFrame(new byte[] {'r'});
            assertEquals(2 * (5 + (16 << 20)), client.in.readInt());
            long by = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (echo.leases.get() != 0 && System.nanoTime() < by) {
                echo.clock.ms.addAndGet(700_000);
                LockSupport.parkNanos(10_000_000);
            }
            assertEquals(0, echo.leases.get());
        }
    }

    @Test
    void idleConnectionsCloseAndBusyOnesDoNot() throws Exception {
        try (var echo = new Echo();
                var idle = echo.client();
                var fresh = echo.client();
                var busy = echo.client();
                var between = echo.client();
                var last = echo.client()) {
            assertArrayEquals(PING, idle.ask(PING));
            busy.sendFrame(new byte[] {'w'});
            assertTrue(echo.waits.await(30, TimeUnit.SECONDS));
            assertArrayEquals(PING, last.ask(PING), "its loop has done with idle and busy");
            echo.clock.ms.addAndGet(600_001);
            assertTrue(between.closed());
            assertTrue(idle.closed());
            assertTrue(fresh.closed());
            busy.socket.setSoTimeout(1_200);
            assertThrows(SocketTimeoutException.class, busy::closed);
        }
    }

    @Test
    void atMaxConnectionsAcceptingWaits() throws IOException {
        try (var echo = new Echo(limits(1 << 20, 8 << 20, 2, 100), null);
                var one = echo.client();
                var two = echo.client()) {
            assertArrayEquals(PING, one.ask(PING));
            assertArrayEquals(PING, two.ask(PING));
            try (var three = echo.client()) {
                three.sendFrame(PING);
                three.socket.setSoTimeout(200);
                assertThrows(SocketTimeoutException.class, three::reply);
                three.socket.setSoTimeout(30_000);
                one.socket.close();
                assertArrayEquals(PING, three.reply());
            }
        }
    }

    @Test
    void aRaisedLimitIsSeen() throws IOException {
        try (var echo = new Echo(limits(1 << 20, 8 << 20, 1, 100), null); var one = echo.client()) {
            assertArrayEquals(PING, one.ask(PING));
            try (var two = echo.client()) {
                two.sendFrame(PING);
                echo.limits = limits(1 << 20, 8 << 20, 2, 100);
                assertArrayEquals(PING, two.reply());
            }
        }
    }

    @Test
    void aboveMaxConnectionsPerIpIsTurnedAway() throws IOException {
        try (var echo = new Echo(limits(1 << 20, 8 << 20, 100, 2), null);
                var one = echo.client();
                var two = echo.client()) {
            assertArrayEquals(PING, one.ask(PING));
            assertArrayEquals(PING, two.ask(PING));
            try (var three = echo.client()) {
                assertTrue(three.closed());
            }
            one.socket.close();
            boolean served = false;
            for (int i = 0; i < 1_000 && !served; i++) {
                try (var again = echo.client()) {
                    again.sendFrame(PING);
                    served = again.in.read() == 0;
                } catch (java.net.SocketException turnedAway) {
                    served = false;
                }
            }
            assertTrue(served);
        }
    }

    @Test
    void aHandlerThatWaitsNeedNotHoldItsFrame() throws IOException {
        var limits = new Limits(2, 1 << 20, 1 << 20, 100, 100, 600_000, -1, -1, 50);
        var large = new byte[900_000];
        large[0] = 'f';
        try (var echo = new Echo(limits, null); var one = echo.client(); var two = echo.client();
                var third = echo.client()) {
            one.sendFrame(large);
            two.sendFrame(large);
            assertArrayEquals(PING, third.ask(PING));
            echo.disk.countDown();
            assertArrayEquals(new byte[] {1}, one.reply());
            assertArrayEquals(new byte[] {1}, two.reply());
        }
    }

    @Test
    void twoThousandIdleConnections() throws Exception {
        var idle = new ArrayList<Echo.Client>();
        try (var echo = new Echo()) {
            for (int i = 0; i < 2_000; i++) {
                idle.add(echo.client());
            }
            for (var client : idle) {
                assertArrayEquals(PING, client.ask(PING));
            }
            long from = System.nanoTime();
            var stopper = Thread.ofPlatform().start(() -> echo.server.stop(30_000));
            for (var client : idle) {
                assertTrue(client.closed());
                client.close();
            }
            stopper.join();
            long tookMs = (System.nanoTime() - from) / 1_000_000;
            assertTrue(tookMs < 20_000, tookMs + " ms");
        } finally {
            closeAll(idle);
        }
    }
}
