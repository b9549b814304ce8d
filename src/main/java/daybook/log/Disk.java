package daybook.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;

/**
 * The only gate to the file system: nothing else of Daybook's broker touches a file. Tests stand in its place
 * to fail a write, a force or a rename, to count them, or to cut the power.
 *
 * <p>All methods throw {@link IOException} where the system fails. Implementations are safe for many threads.
 */
public interface Disk {
    /** The file system of this machine. */
    static Disk local() {
        return new LocalDisk();
    }

    /** Opens a file to read and write, and makes it where it is missing. */
    FileChannel open(Path file) throws IOException;

    /** Opens a file to read; fails where it is missing. */
    FileChannel openToRead(Path file) throws IOException;

    boolean exists(Path file);

    /** The length of a file in bytes; -1 where there is none. */
    long sizeBytes(Path file) throws IOException;

    /** When a file was last written, in milliseconds since 1970. */
    long lastModifiedMs(Path file) throws IOException;

    /** Makes it look as if a file was last written then, in milliseconds since 1970. */
    void touch(Path file, long modifiedMs) throws IOException;

    /** The names in a directory, in no order. */
    List<String> list(Path directory) throws IOException;

    /** Makes a directory and those above it that are missing. */
    void createDirectories(Path directory) throws IOException;

    /** Gives a file or directory another name, in one step; a file of that name is replaced. */
    void rename(Path from, Path to) throws IOException;

    /** Deletes a file or an empty directory; nothing happens where there is none. */
    void delete(Path file) throws IOException;

    /** Returns when the names in a directory are on the disk. */
    void forceDirectory(Path directory) throws IOException;

    /** The bytes of a small file; fails where it is larger than {@code limitBytes}. */
    byte[] read(Path file, int limitBytes) throws IOException;

    /**
     * Makes a small file hold these bytes, or leaves it as it was: they are written beside it and renamed. A
     * power cut at any step leaves the old bytes or the new ones by the file's name; where it is not forced,
     * it may also leave anything.
     *
     * @param force whether bytes and name are on the disk when this returns
     */
    default void replace(Path file, ByteBuffer bytes, boolean force) throws IOException {
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

    /** Locks a file against other processes and users of this class; null where it is locked already. */
    Closeable tryLock(Path file) throws IOException;

    /** Bytes that the file system of this directory has. */
    long totalBytes(Path directory) throws IOException;

    /** Bytes that can still be written there. */
    long usableBytes(Path directory) throws IOException;
}
