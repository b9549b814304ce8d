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
    private final byte[] buffer = new byte[READ_BYTES];
    /** What was read and is not looked at yet. */
    private int from;
    private int to;
    private long readBytes;
    /** The next record, with its delimiter; grows. */
    private byte[] record = new byte[READ_BYTES];

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
        int length = 0;
        while (from < to || read()) {
            if (length == record.length) {
                record = Arrays.copyOf(record, 2 * length);
            }
            record[length++] = buffer[from++];
            int end = length - delimiter.length;
            if (end > lengthMost) {
                throw CommandException.failed("A record has more than " + lengthMost
                        + " bytes; --delimiter says where records end");
            }
            if (delimiter.length > 0 && end >= 0 && indexOf(record, end, length, delimiter) == end) {
                return Arrays.copyOf(record, end);
            }
        }
        return length == 0 ? null : Arrays.copyOf(record, length);
    }

    private boolean read() throws IOException {
        from = 0;
        to = in.read(buffer);
        readBytes += Math.max(to, 0);
        return to > 0;
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
