package daybook.log;

import java.io.Closeable;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The only gate to the file system: nothing else of Daybook's broker touches a file. It keeps nothing of its
 * own. Tests put another one in its place, to fail a write, a force or a rename, to count them, or to cut the
 * power.
 *
 * <p>All methods throw {@link IOException} where the system fails. Any thread may call.
 */
public class Disk {
    private static final int TEXT_LIMIT_BYTES = 1 << 20;
    /** The files that this process has locked, without links in their paths. */
    private static final Set<Path> LOCKED = ConcurrentHashMap.newKeySet();

    protected Disk() { }

    /** The file system of this machine. */
    public static Disk local() {
        return new Disk();
    }

    /** Opens a file to read and write, and makes it where it is missing. */
    public FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
    }

    /** Opens a file to read; fails where it is missing. */
    public FileChannel openToRead(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    public boolean exists(Path file) {
        return Files.exists(file);
    }

    /** The length of a file in bytes; -1 where there is none. */
    public long sizeBytes(Path file) throws IOException {
        try {
            return Files.size(file);
        } catch (NoSuchFileException missing) {
            return -1;
        }
    }

    /** When a file was last written, in milliseconds since 1970. */
    public long lastModifiedMs(Path file) throws IOException {
        return Files.getLastModifiedTime(file).toMillis();
    }

    /** Makes it look as if a file was last written then, in milliseconds since 1970. */
    public void touch(Path file, long modifiedMs) throws IOException {
        Files.setLastModifiedTime(file, FileTime.fromMillis(modifiedMs));
    }

    /** The names in a directory, in no order. */
    public List<String> list(Path directory) throws IOException {
        var names = new ArrayList<String>();
        try (var files = Files.newDirectoryStream(directory)) {
            files.forEach(file -> names.add(file.getFileName().toString()));
        }
        return names;
    }

    /** Makes a directory and those above it that are missing. */
    public void createDirectories(Path directory) throws IOException {
        Files.createDirectories(directory);
    }

    /** Gives a file or directory another name, in one step; a file of that name is replaced. */
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Deletes a file or an empty directory; nothing happens where there is none. */
    public void delete(Path file) throws IOException {
        Files.deleteIfExists(file);
    }

    /** Returns when the names in a directory are on the disk. */
    public void forceDirectory(Path directory) throws IOException {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** The bytes of a small file; fails where it is larger than {@code limitBytes}. */
    public byte[] read(Path file, int limitBytes) throws IOException {
        try (var in = Files.newInputStream(file)) {
            var bytes = in.readNBytes(limitBytes);
            if (in.read() >= 0) {
                throw new IOException(file + " is larger than " + limitBytes + " bytes");
            }
            return bytes;
        }
    }

    /**
     * What stands in a small file in Java's form of properties.
     *
     * @throws IllegalArgumentException if it has another form
     */
    public Properties properties(Path file) throws IOException {
        var properties = new Properties();
        properties.load(new StringReader(new String(read(file, TEXT_LIMIT_BYTES), StandardCharsets.UTF_8)));
        return properties;
    }

    /** As {@link #replace}, with this text. */
    public void replaceText(Path file, String text, boolean force) throws IOException {
        replace(file, StandardCharsets.UTF_8.encode(text), force);
    }

    /**
     * Makes a small file hold these bytes, or leaves it as it was: they are written beside it and renamed. A
     * power cut at any step leaves the old bytes or the new ones by the file's name; where it is not forced,
     * it may also leave anything.
     *
     * @param force whether bytes and name are on the disk when this returns
     */
    public void replace(Path file, ByteBuffer bytes, boolean force) throws IOException {
        var beside = file.resolveSibling(file.getFileName() + ".tmp");
        try (var channel = open(beside)) {
            channel.truncate(0);
            while (bytes.hasRemaining()) {
                channel.write(bytes, channel.size());
            }
            if (force) {
                channel.force(true);
            }
        } catch (IOException failure) {
            delete(beside);
            throw failure;
        }
        rename(beside, file);
        if (force) {
            forceDirectory(file.toAbsolutePath().getParent());
        }
    }

    /**
     * Locks a file against other processes and users of this class; null where it is locked already. One that
     * is locked here is not even opened: to close it again would give the lock of all this process away
     * (POSIX, {@code fcntl}).
     */
    public Closeable tryLock(Path file) throws IOException {
        var path = file.toAbsolutePath().getParent().toRealPath().resolve(file.getFileName());
        if (!LOCKED.add(path)) {
            return null;
        }
        boolean locked = false;
        try {
            var channel = open(path);
            locked = channel.tryLock() != null;
            if (locked) {
                return () -> unlock(path, channel);
            }
            channel.close();
            return null;
        } finally {
            if (!locked) {
                LOCKED.remove(path);
            }
        }
    }

    private static void unlock(Path path, FileChannel channel) throws IOException {
        if (channel.isOpen()) {
            channel.close();
            LOCKED.remove(path);
        }
    }

    /** Bytes that the file system of this directory has. */
    public long totalBytes(Path directory) throws IOException {
        return Files.getFileStore(directory).getTotalSpace();
    }

    /** Bytes that can still be written there. */
    public long usableBytes(Path directory) throws IOException {
        return Files.getFileStore(directory).getUsableSpace();
    }
}
