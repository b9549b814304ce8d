package daybook.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * A selector and its thread: reads the sockets of its connections, cuts frames, wakes who waits. It never
 * runs a handler, never touches a file, and outlives whatever goes wrong in one connection.
 */
final class EventLoop {
    static final int SCRATCH_BYTES = 64 << 10;
    /** How long a select lasts at most, so that a clock that was turned is noticed. */
    private static final long TICK_MS = 500;
    /** How much the clock moves between two looks for idle connections. */
    private static final long SWEEP_MS = 1_000;
    private static final long BREATH_NANOS = 10_000_000;
    private static final System.Logger LOG = System.getLogger("daybook.net");

    private final Server server;
    private final int number;
    final Selector selector;
    private final Thread thread;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    /** Used within one read of one connection, and given away when it is full of frames; the loop's. */
    ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES);
    /** The loop's. */
    private long sweptMs;
    /** New connections are closed at once; the loop's. */
    boolean ending;
    private volatile boolean stopped;

    EventLoop(Server server, int number) throws IOException {
        this.server = server;
        this.number = number;
        selector = Selector.open();
        sweptMs = server.clock.millis();
        thread = Thread.ofPlatform().daemon().name("daybook-net-" + number).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Has the loop's thread run this soon, in the order of the calls. From any thread. */
    void execute(Runnable task) {
        tasks.add(task);
        if (Thread.currentThread() != thread) {
            selector.wakeup();
        }
    }

    /** Lets every connection end when it has answered what it has received. From any thread. */
    void end() {
        execute(() -> {
            ending = true;
            selector.keys().forEach(key -> connection(key).end());
        });
    }

    /** Closes what is left, and returns when the thread has ended. From any other thread. */
    void stop() {
        stopped = true;
        if (thread.getState() == Thread.State.NEW) {
            closeAll();
        } else {
            selector.wakeup();
            Server.join(thread);
        }
    }

    private void run() {
        while (!stopped) {
            try {
                selector.select(this::ready, TICK_MS);
                runTasks();
                sweep();
            } catch (Throwable unexpected) {
                tell("A network loop goes on after a failure", unexpected);
                LockSupport.parkNanos(BREATH_NANOS);
            }
        }
        closeAll();
    }

    /** Logs an error; without memory or file descriptors even that may fail, and must not end a thread. */
    static void tell(String line, Throwable failure) {
        try {
            LOG.log(System.Logger.Level.ERROR, line, failure);
        } catch (Throwable untold) {
            LockSupport.parkNanos(BREATH_NANOS);
        }
    }

    private void runTasks() {
        for (var task = tasks.poll(); task != null; task = tasks.poll()) {
            try {
                task.run();
            } catch (Throwable unexpected) {
                tell("A network loop goes on after a failure", unexpected);
            }
        }
    }

    private void ready(SelectionKey key) {
        var connection = connection(key);
        try {
            connection.ready(key.readyOps());
        } catch (Throwable unexpected) {
            connection.close();
            tell("Connection " + connection.id() + " is closed", unexpected);
        }
    }

    private void sweep() {
        long nowMs = server.clock.millis();
        if (Math.abs(nowMs - sweptMs) < SWEEP_MS) {
            return;
        }
        sweptMs = nowMs;
        long idleMs = server.limits.get().idleMs();
        boolean contended = server.memory.contended();
        for (var key : selector.keys()) {
            connection(key).sweep(nowMs, idleMs, contended);
        }
        if (number == 0) {
            server.buffers.collect();
        }
    }

    private void closeAll() {
        try {
            runTasks();
            selector.keys().forEach(key -> connection(key).finish());
            selector.close();
        } catch (IOException failed) {
            LOG.log(System.Logger.Level.WARNING, "A selector did not close", failed);
        }
    }

    private static Connection connection(SelectionKey key) {
        return (Connection) key.attachment();
    }
}
