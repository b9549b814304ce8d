package daybook.log;

import daybook.log.Platter.Content;
import daybook.log.Platter.Folder;
import daybook.log.Platter.Inode;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * A disk of real files in one directory that fails as it is told to, and knows what of it would outlive a
 * power cut, as {@link Platter} says. It forces nothing for real, so it is fast.
 *
 * <p>One object is the disk of one process. When that has died, by a power cut or a kill, each operation of
 * it fails; {@link #afterPowerCut} and {@link #afterKill} then give the disk as the next process finds it,
 * in new files at the same paths, which mappings and channels of the dead one do not reach.
 */
public final class FaultyDisk extends Disk {
    /** What can go wrong, once, at a given operation of its kind. */
    public enum Fault {
        /** A write fails, and part of it may be in the file. */
        WRITE,
        /** A write takes part of its bytes, and says so. */
        SHORT_WRITE,
        /** A force fails, and part of what it was to write is lost, whatever is forced later. */
        FORCE,
        /** A read fails. */
        READ,
        /** A change of names, or the forcing of a directory, fails. */
        NAME,
        /** Others fill the disk, at a write; counted is each time that something does not fit. */
        FULL
    }

    private interface Action {
        void run() throws IOException;
    }

    private static final long ROOM_WITHOUT_LIMIT_BYTES = 1L << 40;

    private final Path root;
    /** Files without a name, which a power cut may bring back. */
    private final Path nameless;
    private final Random random;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition released = lock.newCondition();
    // All that follows is guarded by the lock.
    private final Folder tree;
    private final Set<Path> locked = new HashSet<>();
    private final Set<FileChannel> open = new HashSet<>();
    private final Map<Fault, Long> planned = new EnumMap<>(Fault.class);
    private final Map<Fault, Integer> happened = new EnumMap<>(Fault.class);
    private BiConsumer<String, Path> tell = (what, path) -> { };
    private Predicate<Path> held = file -> false;
    private long operationsLeft = Long.MAX_VALUE;
    private long operations;
    private boolean dead;
    private long roomBytes = Long.MAX_VALUE;
    private int namelessFiles;

    private FaultyDisk(Path root, Folder tree, Random random) {
        this.root = root;
        this.nameless = root.resolveSibling(root.getFileName() + ".nameless");
        this.tree = tree;
        this.random = random;
    }

    /** An empty disk, whose root is this directory. */
    public static FaultyDisk empty(Path root, long seed) throws IOException {
        var disk = new FaultyDisk(root, new Folder(), new Random(seed));
        Files.createDirectories(root);
        Files.createDirectories(disk.nameless);
        return disk;
    }

    // What is to go wrong.

    /** Has this happen at the {@code nth} operation of its kind from now on. */
    public void plan(Fault fault, long nth) {
        under(() -> {
            planned.put(fault, nth);
        });
    }

    /** Has the process die at the {@code nth} change from now on, which itself may happen or not. */
    public void dieAt(long nth) {
        under(() -> {
            operationsLeft = nth;
        });
    }

    /** From now on each operation fails. */
    public void die() {
        under(() -> {
            dead = true;
            released.signalAll();
        });
    }

    /** Has forces of these files wait, as on a slow disk, until others are named, or the process dies. */
    public void hold(Predicate<Path> files) {
        under(() -> {
            held = files;
            released.signalAll();
        });
    }

    /** Lets only so many more bytes be written. */
    public void room(long bytes) {
        under(() -> {
            roomBytes = bytes;
        });
    }

    /** Tells each change before it is made. */
    public void tell(BiConsumer<String, Path> listener) {
        under(() -> {
            tell = listener;
        });
    }

    /** Has room without a limit, now and later. */
    public void empty() {
        under(() -> {
            planned.remove(Fault.FULL);
            roomBytes = Long.MAX_VALUE;
        });
    }

    /** From now on nothing goes wrong any more. */
    public void planNothing() {
        under(() -> {
            planned.clear();
            operationsLeft = Long.MAX_VALUE;
            roomBytes = Long.MAX_VALUE;
        });
    }

    /** Whether there is not room for everything. */
    public boolean full() {
        return under(() -> roomBytes < Long.MAX_VALUE);
    }

    public boolean dead() {
        return under(() -> dead);
    }

    /** Changes so far. */
    public long operations() {
        return under(() -> operations);
    }

    /** How often this went wrong. */
    public int happened(Fault fault) {
        return under(() -> happened.getOrDefault(fault, 0));
    }

    /** How often anything went wrong that an operation told. */
    public int failures() {
        return failuresWithRoom() + happened(Fault.FULL);
    }

    /** How often, other than for want of room. */
    public int failuresWithRoom() {
        return under(() -> happened.values().stream().mapToInt(Integer::intValue).sum()
                - happened(Fault.SHORT_WRITE) - happened(Fault.FULL));
    }

    /** Flips bits of one byte, wherever it is. */
    public void flip(Path file, int at, int mask) throws IOException {
        var bytes = Files.readAllBytes(file);
        bytes[at] ^= (byte) mask;
        put(file, bytes);
    }

    /**
     * Gives a file these bytes behind the broker's back, as if they had always been there; none: deletes it.
     */
    public void put(Path file, byte[] bytes) throws IOException {
        lock.lock();
        try {
            var folder = folder(file.getParent());
            var name = name(file);
            Files.deleteIfExists(file);
            if (bytes == null) {
                folder.change(name, null, null);
            } else {
                Files.write(file, bytes);
                folder.change(null, name, new Inode(file, Content.of(bytes)));
            }
            folder.force();
        } finally {
            lock.unlock();
        }
    }

    /** Whether all that was written to a file is on the disk. */
    boolean forced(Path file) throws IOException {
        lock.lock();
        try {
            return folder(file.getParent()).names.get(name(file)) instanceof Inode inode && inode.isForced();
        } finally {
            lock.unlock();
        }
    }

    // The next process.

    /** The disk as it is found when the power has come back. */
    public FaultyDisk afterPowerCut(long seed) throws IOException {
        lock.lock();
        try {
            var draw = new Random(seed);
            return next(tree.afterPowerCut(root, draw), true, draw);
        } finally {
            lock.unlock();
        }
    }

    /** The disk as the next process finds it after this one was killed, or ended: nothing written is lost. */
    public FaultyDisk afterKill(long seed) throws IOException {
        lock.lock();
        try {
            return next(tree, false, new Random(seed));
        } finally {
            lock.unlock();
        }
    }

    private FaultyDisk next(Folder left, boolean forcedOnly, Random draw) throws IOException {
        dead = true;
        for (var channel : open) {
            channel.close();
        }
        var contents = new LinkedHashMap<Inode, Content>();
        left.contents(forcedOnly, draw, contents);
        deleteAll(root);
        if (forcedOnly) {
            deleteAll(nameless);
        }
        var disk = new FaultyDisk(root, left, draw);
        disk.namelessFiles = namelessFiles;
        disk.tell = tell;
        Files.createDirectories(nameless);
        Files.createDirectories(root);
        makeFolders(left, root);
        for (var entry : contents.entrySet()) {
            entry.getValue().write(entry.getKey().real);
        }
        return disk;
    }

    private static void makeFolders(Folder folder, Path path) throws IOException {
        for (var entry : folder.names.entrySet()) {
            if (entry.getValue() instanceof Folder inner) {
                makeFolders(inner, Files.createDirectories(path.resolve(entry.getKey())));
            }
        }
    }

    private static void deleteAll(Path directory) throws IOException {
        var paths = new ArrayList<Path>();
        try (var files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(paths::add);
        }
        for (var path : paths) {
            Files.delete(path);
        }
    }

    // The steps.

    private interface Answer<T> {
        T get();
    }

    private <T> T under(Answer<T> answer) {
        lock.lock();
        try {
            return answer.get();
        } finally {
            lock.unlock();
        }
    }

    private void under(Runnable action) {
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    private IOException noSpace() {
        happened.merge(Fault.FULL, 1, Integer::sum);
        return new IOException("No space left on device");
    }

    private static IOException deadProcess() {
        return new IOException("This process is dead");
    }

    /** Whether this fault is to happen now. */
    private boolean due(Fault fault) {
        long left = planned.merge(fault, -1L, Long::sum);
        if (left == 0) {
            happened.merge(fault, 1, Integer::sum);
        }
        return left == 0;
    }

    /** Counts a change; returns whether the process dies at it. */
    private boolean lastStep(String what, Path path) throws IOException {
        tell.accept(what, path);
        if (dead) {
            throw deadProcess();
        }
        operations++;
        dead = --operationsLeft == 0;
        if (dead) {
            released.signalAll();
        }
        return dead;
    }

    private void step(Fault fault, String what, Path path, Action action) throws IOException {
        lock.lock();
        try {
            boolean last = lastStep(what, path);
            if (fault != null && due(fault)) {
                throw new IOException("Input/output error");
            }
            if (!last || random.nextBoolean()) {
                action.run();
            }
            if (last) {
                throw deadProcess();
            }
        } finally {
            lock.unlock();
        }
    }

    private void read(Action action) throws IOException {
        lock.lock();
        try {
            if (dead) {
                throw deadProcess();
            }
            if (due(Fault.READ)) {
                throw new IOException("Input/output error");
            }
            action.run();
        } finally {
            lock.unlock();
        }
    }

    // Names.

    private static String name(Path path) {
        return path.getFileName().toString();
    }

    private Folder folder(Path path) throws IOException {
        var folder = tree;
        if (!path.equals(root)) {
            for (var name : root.relativize(path)) {
                if (!(folder.names.get(name.toString()) instanceof Folder inner)) {
                    throw new NoSuchFileException(path.toString());
                }
                folder = inner;
            }
        }
        return folder;
    }

    private boolean isFolder(Path path) throws IOException {
        return path.equals(root) || folder(path.getParent()).names.get(name(path)) instanceof Folder;
    }

    @Override
    public FileChannel open(Path file) throws IOException {
        lock.lock();
        try {
            var folder = folder(file.getParent());
            if (!folder.names.containsKey(name(file))) {
                step(Fault.NAME, "create", file, () -> {
                    if (roomBytes == 0) {
                        throw noSpace();
                    }
                    Files.createFile(file);
                    folder.change(null, name(file), new Inode(file, Content.EMPTY));
                });
            }
            return handle(file);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public FileChannel openToRead(Path file) throws IOException {
        lock.lock();
        try {
            return handle(file);
        } finally {
            lock.unlock();
        }
    }

    private FileChannel handle(Path file) throws IOException {
        if (dead) {
            throw deadProcess();
        }
        if (!(folder(file.getParent()).names.get(name(file)) instanceof Inode inode)) {
            throw new NoSuchFileException(file.toString());
        }
        var channel = Disk.local().open(file);
        open.add(channel);
        return new Handle(inode, channel);
    }

    @Override
    public void touch(Path file, long modifiedMs) throws IOException {
        step(Fault.NAME, "touch", file, () -> Disk.local().touch(file, modifiedMs));
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        var names = new ArrayList<String>();
        read(() -> names.addAll(folder(directory).names.keySet()));
        return names;
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        lock.lock();
        try {
            if (directory.startsWith(root) && !isFolder(directory)) {
                createDirectories(directory.getParent());
                step(Fault.NAME, "make", directory, () -> {
                    Files.createDirectory(directory);
                    folder(directory.getParent()).change(null, name(directory), new Folder());
                });
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        step(Fault.NAME, "rename", from, () -> {
            var folder = folder(from.getParent());
            var node = folder.names.get(name(from));
            if (node == null || !from.getParent().equals(to.getParent())) {
                throw new NoSuchFileException(from.toString());
            }
            if (folder.names.get(name(to)) instanceof Inode replaced) {
                takeNameFrom(replaced);
            }
            Files.move(from, to);
            folder.change(name(from), name(to), node);
            switch (node) {
                case Inode file -> file.real = to;
                case Folder inner -> inner.moved(to);
            }
        });
    }

    @Override
    public void delete(Path file) throws IOException {
        step(Fault.NAME, "delete", file, () -> {
            var folder = folder(file.getParent());
            switch (folder.names.get(name(file))) {
                case null -> { }
                case Inode inode -> {
                    takeNameFrom(inode);
                    folder.change(name(file), null, null);
                }
                case Folder inner -> {
                    if (!inner.names.isEmpty()) {
                        throw new FileSystemException(file + " is not empty");
                    }
                    Files.delete(file);
                    folder.change(name(file), null, null);
                }
            }
        });
    }

    private void takeNameFrom(Inode inode) throws IOException {
        var real = nameless.resolve("file-" + namelessFiles++);
        Files.move(inode.real, real);
        inode.real = real;
        give(inode, inode.charged);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        if (directory.startsWith(root)) {
            step(Fault.NAME, "force names in", directory, () -> folder(directory).force());
        }
    }

    @Override
    public byte[] read(Path file, int limitBytes) throws IOException {
        var bytes = new byte[1][];
        read(() -> bytes[0] = Disk.local().read(file, limitBytes));
        return bytes[0];
    }

    @Override
    public Closeable tryLock(Path file) throws IOException {
        lock.lock();
        try {
            if (dead) {
                throw deadProcess();
            }
            return locked.add(file) ? () -> locked.remove(file) : null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long totalBytes(Path directory) {
        return ROOM_WITHOUT_LIMIT_BYTES;
    }

    @Override
    public long usableBytes(Path directory) {
        return under(() -> Math.min(roomBytes, ROOM_WITHOUT_LIMIT_BYTES));
    }

    private void take(Inode inode, long bytes) {
        if (roomBytes < Long.MAX_VALUE) {
            roomBytes -= bytes;
        }
        inode.charged += bytes;
    }

    private void give(Inode inode, long bytes) {
        if (roomBytes < Long.MAX_VALUE) {
            roomBytes += bytes;
        }
        inode.charged -= bytes;
    }

    // Bytes.

    /** An open file. */
    private final class Handle extends ForwardingChannel {
        private final Inode inode;

        Handle(Inode inode, FileChannel channel) {
            super(channel);
            this.inode = inode;
        }

        @Override
        public int write(ByteBuffer from, long position) throws IOException {
            lock.lock();
            try {
                boolean last = lastStep("write at " + position, inode.real);
                boolean fails = due(Fault.WRITE);
                if (due(Fault.FULL)) {
                    roomBytes = random.nextInt(300);
                }
                int most = from.remaining();
                int least = last || fails || most == 0 ? 0 : 1;
                int part = least == 0 || due(Fault.SHORT_WRITE) ? random.nextInt(least, most + 1) : most;
                int count = withinRoom(part, position);
                inode.dirty(position, count);
                channel.write(from.slice(from.position(), count), position);
                if (last) {
                    throw deadProcess();
                }
                if (fails) {
                    throw new IOException("Input/output error");
                }
                if (count == 0 && most > 0) {
                    throw noSpace();
                }
                from.position(from.position() + count);
                return count;
            } finally {
                lock.unlock();
            }
        }

        /** As many of these bytes as there is room for, once the file has grown by them. */
        private int withinRoom(int count, long position) throws IOException {
            long growth = Math.max(0, position + count - channel.size());
            long taken = Math.min(growth, roomBytes);
            take(inode, taken);
            return (int) Math.max(0, count - (growth - taken));
        }

        @Override
        public void force(boolean metaData) throws IOException {
            lock.lock();
            try {
                while (held.test(inode.real) && !dead) {
                    released.awaitUninterruptibly();
                }
                boolean last = lastStep("force", inode.real);
                if (due(Fault.FORCE)) {
                    inode.failForce(random);
                    throw new IOException("Input/output error");
                }
                if (!last || random.nextBoolean()) {
                    inode.force();
                }
                if (last) {
                    throw deadProcess();
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            step(Fault.WRITE, "truncate", inode.real, () -> {
                long length = channel.size();
                if (size < length) {
                    inode.truncate(size);
                    channel.truncate(size);
                    give(inode, Math.min(inode.charged, length - size));
                }
            });
            return this;
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
            var mapped = new MappedByteBuffer[1];
            if (mode == MapMode.READ_WRITE && channel.size() < position + size) {
                step(Fault.WRITE, "map", inode.real, () -> mapped[0] = channel.map(mode, position, size));
            } else {
                FaultyDisk.this.read(() -> mapped[0] = channel.map(mode, position, size));
            }
            return mapped[0];
        }

        @Override
        public int read(ByteBuffer into, long position) throws IOException {
            var count = new int[1];
            FaultyDisk.this.read(() -> count[0] = channel.read(into, position));
            return count[0];
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
            var moved = new long[1];
            FaultyDisk.this.read(() -> moved[0] = channel.transferTo(position, count, target));
            return moved[0];
        }

        @Override
        public long size() throws IOException {
            if (dead()) {
                throw deadProcess();
            }
            return channel.size();
        }

        @Override
        protected void implCloseChannel() throws IOException {
            under(() -> open.remove(channel));
            channel.close();
        }
    }
}
