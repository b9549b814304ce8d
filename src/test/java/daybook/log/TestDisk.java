package daybook.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** The real disk, with counters and with faults on demand. */
public final class TestDisk extends Disk {
    public final AtomicInteger forces = new AtomicInteger();
    final AtomicInteger writes = new AtomicInteger();
    final AtomicInteger reads = new AtomicInteger();
    final AtomicInteger closes = new AtomicInteger();
    /** Bytes that may still be written to log files. */
    volatile long room = Long.MAX_VALUE;
    public volatile boolean failForces;
    /** What a write says that finds no room. */
    String refusal = "No space left on device";
    /** Whether the disk is full: no file is made, none grows. */
    public volatile boolean full;
    /** What is told to be free; negative: what is. */
    volatile long usableBytes = -1;
    /** Has forces return without waiting for the disk: for tests that cut no power, and would be slow. */
    volatile boolean skipForces;
    volatile Error forceError;
    /** What a force waits for, once it has begun. */
    volatile CountDownLatch hold;
    /** Called before what changes names or small files, or reads these; may throw in its place. */
    volatile Fault fault = (operation, file) -> { };
    private final Disk disk = Disk.local();

    /** A fault on demand. */
    interface Fault {
        void before(String operation, Path file) throws IOException;
    }

    @Override
    public FileChannel open(Path file) throws IOException {
        fault.before("open", file);
        if (full && !disk.exists(file)) {
            throw noSpace();
        }
        var channel = disk.open(file);
        var watched = List.of(Segment.LOG, Segment.TRANSACTION_INDEX);
        var name = file.getFileName().toString();
        return watched.stream().anyMatch(name::contains) ? new Watched(channel) : channel;
    }

    @Override
    public void touch(Path file, long modifiedMs) throws IOException {
        fault.before("touch", file);
        disk.touch(file, modifiedMs);
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        fault.before("list", directory);
        return disk.list(directory);
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        fault.before("createDirectories", directory);
        disk.createDirectories(directory);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        fault.before("rename", from);
        disk.rename(from, to);
    }

    @Override
    public void delete(Path file) throws IOException {
        fault.before("delete", file);
        disk.delete(file);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        fault.before("forceDirectory", directory);
        if (!skipForces) {
            disk.forceDirectory(directory);
        }
    }

    @Override
    public byte[] read(Path file, int limitBytes) throws IOException {
        fault.before("read", file);
        return disk.read(file, limitBytes);
    }

    @Override
    public void replace(Path file, ByteBuffer bytes, boolean force) throws IOException {
        fault.before("replace", file);
        if (full) {
            throw noSpace();
        }
        disk.replace(file, bytes, force && !skipForces);
    }

    @Override
    public long usableBytes(Path directory) throws IOException {
        if (full) {
            return 0;
        }
        return usableBytes < 0 ? disk.usableBytes(directory) : usableBytes;
    }

    private IOException noSpace() {
        return new IOException(refusal);
    }

    /** A log file, or an index of aborted transactions. */
    private final class Watched extends ForwardingChannel {
        Watched(FileChannel channel) {
            super(channel);
        }

        @Override
        public int write(ByteBuffer from, long position) throws IOException {
            writes.incrementAndGet();
            if (room == 0 || full) {
                throw noSpace();
            }
            var part = from.slice(from.position(), (int) Math.min(from.remaining(), room));
            room -= part.remaining();
            int count = channel.write(part, position);
            from.position(from.position() + count);
            return count;
        }

        @Override
        public void force(boolean metaData) throws IOException {
            forces.incrementAndGet();
            var latch = hold;
            if (latch != null) {
                try {
                    latch.await();
                } catch (InterruptedException impossible) {
                    throw new IllegalStateException(impossible);
                }
            }
            if (forceError != null) {
                throw forceError;
            }
            if (failForces) {
                throw new IOException("Input/output error");
            }
            if (!skipForces) {
                channel.force(metaData);
            }
        }

        @Override
        public int read(ByteBuffer into, long position) throws IOException {
            reads.incrementAndGet();
            return channel.read(into, position);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            closes.incrementAndGet();
            channel.close();
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) {
            throw new UnsupportedOperationException("A log file is never mapped");
        }
    }
}
