package daybook.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.Region;
import daybook.wire.Writer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Several connections at once, whose requests and replies have every size and shape, come in every cut and
 * are read slowly, and of which some break off anywhere. Each byte is compared with what it must be, on both
 * sides, and in the end no memory may be missing, and none be there twice.
 */
class FuzzTest {
    private static final int FILE_BYTES = 1 << 20;
    private static final int HEAD_BYTES = 1 + 4;
    private static final int FRAME_BYTES = 2 << 20;
    private static final int ROUNDS = 4;

    /** How a request is to be answered: its seed says all. */
    private static final class Plan {
        final Random random;
        /** 'n' not at all, 'w' after a while, without holding up others, 'd' at once. */
        final char kind;

        Plan(int seed) {
            random = new Random(seed);
            kind = "nwwddddd".charAt(random.nextInt(8));
        }

        /** Of any size up to a limit that is any power of two, often just about it. */
        int size(int bits) {
            int limit = 1 << random.nextInt(bits);
            return random.nextInt(3) == 0 ? limit + random.nextInt(3) - 1 : random.nextInt(limit);
        }
    }

    private final AtomicInteger leases = new AtomicInteger();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private FileChannel file;

    private static byte content(long seed, int at) {
        return (byte) (seed * 31 + at * 7L + (at >> 8) * 13L);
    }

    private static byte[] content(long seed, int from, int bytes) {
        var content = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            content[i] = content(seed, from + i);
        }
        return content;
    }

    private Writer handle(Connection connection, ByteBuffer frame) {
        int seed = frame.getInt(1);
        for (int i = HEAD_BYTES; i < frame.limit(); i++) {
            if (frame.get(i) != content(seed, i)) {
                failures.add(new AssertionError("byte " + i + " of request " + seed));
                break;
            }
        }
        var plan = new Plan(seed);
        if (plan.kind == 'n') {
            return null;
        }
        var reply = Writer.frame(0, false).int32(seed);
        if (plan.kind == 'w') {
            return reply.later(() -> {
                LockSupport.parkNanos(plan.random.nextInt(200_000));
                answer(plan, seed, reply);
            });
        }
        answer(plan, seed, reply);
        return reply;
    }

    private void answer(Plan plan, int seed, Writer reply) {
        int pieces = plan.random.nextInt(6);
        for (int i = 0; i < pieces; i++) {
            if (plan.random.nextBoolean()) {
                reply.raw(ByteBuffer.wrap(content(seed, 0, plan.size(18))));
            } else {
                int bytes = plan.size(19);
                reply.region(region(plan.random.nextInt(FILE_BYTES - bytes), bytes));
            }
        }
    }

    /** What {@link #answer} writes, as bytes. */
    private static byte[] expected(Plan plan, int seed) {
        var all = new ByteArrayOutputStream();
        all.writeBytes(Echo.announce(seed));
        if (plan.kind == 'w') {
            plan.random.nextInt(200_000);
        }
        int pieces = plan.random.nextInt(6);
        for (int i = 0; i < pieces; i++) {
            if (plan.random.nextBoolean()) {
                all.writeBytes(content(seed, 0, plan.size(18)));
            } else {
                int bytes = plan.size(19);
                all.writeBytes(Echo.announce(bytes));
                all.writeBytes(content(-1, plan.random.nextInt(FILE_BYTES - bytes), bytes));
            }
        }
        return all.toByteArray();
    }

    private Region region(int position, int bytes) {
        leases.incrementAndGet();
        var closed = new AtomicBoolean();
        return new Region() {
            @Override
            public int lengthBytes() {
                return bytes;
            }

            @Override
            public long transferTo(int from, WritableByteChannel target) throws IOException {
                return file.transferTo((long) position + from, bytes - from, target);
            }

            @Override
            public void read(int from, ByteBuffer into) throws IOException {
                int limit = into.limit();
                into.limit(Math.min(limit, into.position() + bytes - from));
                file.read(into, (long) position + from);
                into.limit(limit);
            }

            @Override
            public void close() {
                if (closed.getAndSet(true)) {
                    failures.add(new AssertionError("closed twice"));
                }
                leases.decrementAndGet();
            }
        };
    }

    private static byte[] request(Random random, int seed) {
        int bits = random.nextInt(10) == 0 ? 21 : random.nextInt(3) == 0 ? 18 : 10;
        int bytes = HEAD_BYTES + random.nextInt(1 << random.nextInt(bits));
        var body = content(seed, 0, bytes);
        ByteBuffer.wrap(body).put((byte) 'x').putInt(seed);
        return Echo.frame(body);
    }

    /** One connection's life; where {@code breaks}, it is gone at any moment. */
    private void client(int port, long seed, boolean breaks) {
        var random = new Random(seed);
        var stream = new ByteArrayOutputStream();
        var seeds = new ArrayList<Integer>();
        for (int count = 1 + random.nextInt(80); count > 0; count--) {
            seeds.add(random.nextInt());
            stream.writeBytes(request(random, seeds.getLast()));
        }
        int cutBits = random.nextInt(2, 18);
        int receiveBytes = random.nextBoolean() ? 4096 : 0;
        try (var client = new Echo.Client(port, receiveBytes)) {
            client.socket.setSoTimeout(30_000);
            var sender = Thread.ofVirtual().start(() ->
                    send(client, stream.toByteArray(), cutBits, seed, breaks));
            int stopAt = breaks ? random.nextInt(seeds.size()) : seeds.size();
            for (int one : seeds.subList(0, stopAt)) {
                var plan = new Plan(one);
                if (plan.kind != 'n') {
                    compare(client.in, expected(plan, one), random);
                }
            }
            if (breaks) {
                client.socket.close();
            }
            sender.join();
        } catch (EOFException | SocketException broken) {
            if (!breaks) {
                failures.add(new AssertionError("client " + seed, broken));
            }
        } catch (Throwable failed) {
            failures.add(new AssertionError("client " + seed, failed));
        }
    }

    private void send(Echo.Client client, byte[] bytes, int cutBits, long seed, boolean breaks) {
        var random = new Random(seed + 1);
        int end = breaks && random.nextBoolean() ? random.nextInt(bytes.length) : bytes.length;
        try {
            for (int at = 0; at < end;) {
                int part = Math.min(end - at, 1 + random.nextInt(1 << random.nextInt(1, cutBits + 1)));
                client.socket.getOutputStream().write(bytes, at, part);
                at += part;
            }
            if (end < bytes.length) {
                client.socket.shutdownOutput();
            }
        } catch (IOException broken) {
            if (!breaks) {
                failures.add(new AssertionError("sender " + seed, broken));
            }
        }
    }

    private void compare(DataInputStream in, byte[] expected, Random random) throws IOException {
        assertEquals(expected.length, in.readInt());
        for (int at = 0; at < expected.length;) {
            int part = Math.min(expected.length - at, 1 + random.nextInt(100_000));
            var found = in.readNBytes(part);
            if (found.length < part) {
                throw new EOFException();
            }
            for (int i = 0; i < part; i++) {
                assertEquals(expected[at + i], found[i], "byte " + (at + i) + " of " + expected.length);
            }
            if (random.nextInt(8) == 0) {
                Thread.yield();
            }
            at += part;
        }
    }

    @Test
    void everyByteIsWhereItBelongs(@TempDir Path folder) throws Exception {
        long seed = System.nanoTime();
        System.out.println("everyByteIsWhereItBelongs seed " + seed);
        var random = new Random(seed);
        var path = Files.write(folder.resolve("region"), content(-1, 0, FILE_BYTES));
        try (var opened = FileChannel.open(path, StandardOpenOption.READ)) {
            file = opened;
            for (int round = 0; round < ROUNDS; round++) {
                long memoryBytes = (3 << 20) << random.nextInt(5);
                var limits = new Limits(1 + round % 2, FRAME_BYTES, memoryBytes, 100, 100, 600_000, -1, -1,
                        50);
                var server = new Server(List.of(new Listener("A", "127.0.0.1", 0)), () -> limits,
                        this::handle, new Echo.Clock());
                server.start();
                int port = server.bound().getFirst().port();
                var clients = new ArrayList<Thread>();
                for (int i = 0; i < 8; i++) {
                    long own = random.nextLong();
                    boolean breaks = random.nextInt(4) == 0;
                    clients.add(Thread.ofVirtual().start(() -> client(port, own, breaks)));
                }
                for (var each : clients) {
                    each.join();
                }
                server.stop(10_000);
                if (!failures.isEmpty()) {
                    throw new AssertionError(failures.size() + " failures, round " + round, failures.peek());
                }
                assertEquals(0, server.memory.usedBytes());
                assertEquals(0, leases.get());
                assertNoneTwice(server.buffers);
            }
        }
    }

    /** A buffer that was given back twice would be two connections' at once. */
    private static void assertNoneTwice(Buffers buffers) {
        var seen = Collections.newSetFromMap(new IdentityHashMap<ByteBuffer, Boolean>());
        for (int bytes = Buffers.LEAST_BYTES; buffers.keptBytes() > 0; bytes = Buffers.capacity(bytes + 1)) {
            long before;
            do {
                before = buffers.keptBytes();
                var taken = buffers.take(bytes);
                assertTrue(seen.add(taken), "twice: " + taken);
            } while (buffers.keptBytes() < before);
        }
    }
}
