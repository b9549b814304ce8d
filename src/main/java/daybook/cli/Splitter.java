package daybook.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Cuts a stream of bytes into records, at a delimiter between them or behind each. */
final class Splitter {
    private static final int READ_BYTES = 1 << 16;

    private final InputStream in;
    private final byte[] delimiter;
    private final int lengthMost;
    private byte[] buffer = new byte[READ_BYTES];
    /** What was read and is not handed out yet. */
    private int from;
    private int to;
    private long readBytes;

    /**
     * A splitter that takes nothing yet.
     *
     * @param delimiter without bytes, all that comes is one record
     * @param lengthMost bytes of a record; a longer one is an exception
     */
    Splitter(InputStream in, byte[] delimiter, int lengthMost) {
        this.in = in;
        this.delimiter = delimiter;
        this.lengthMost = lengthMost;
    }

    /** The next record; null at the end. Nothing behind the last delimiter is no record. */
    byte[] next() throws IOException {
        int searched = from;
        while (true) {
            int at = delimiter.length == 0 ? -1 : indexOf(buffer, searched, to, delimiter);
            if (at >= 0) {
                return taken(at, delimiter.length);
            }
            searched = Math.max(from, to - delimiter.length + 1);
            if (to - from > lengthMost) {
                throw CommandException.failed("A record has more than " + lengthMost
                        + " bytes; --delimiter says where records end");
            }
            searched -= makeRoom();
            int read = in.read(buffer, to, buffer.length - to);
            if (read < 0) {
                return from == to ? null : taken(to, 0);
            }
            to += read;
            readBytes += read;
        }
    }

    private byte[] taken(int end, int skipped) {
        var record = Arrays.copyOfRange(buffer, from, end);
        from = end + skipped;
        return record;
    }

    /** Room to read more; returns by how much what is there has moved down. */
    private int makeRoom() {
        if (buffer.length - to >= READ_BYTES / 2) {
            return 0;
        }
        int moved = from;
        System.arraycopy(buffer, from, buffer, 0, to - from);
        to -= moved;
        from = 0;
        if (buffer.length - to < READ_BYTES / 2) {
            buffer = Arrays.copyOf(buffer, buffer.length * 2);
        }
        return moved;
    }

    /** How many bytes were taken from the stream. */
    long readBytes() {
        return readBytes;
    }

    /** Where the bytes sought begin first; -1 where they are not there as a whole. */
    static int indexOf(byte[] bytes, int from, int to, byte[] sought) {
        for (int at = from; at <= to - sought.length; at++) {
            if (bytes[at] == sought[0]
                    && Arrays.equals(bytes, at, at + sought.length, sought, 0, sought.length)) {
                return at;
            }
        }
        return -1;
    }
}
