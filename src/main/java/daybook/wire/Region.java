package daybook.wire;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/**
 * A run of bytes in a file that is sent without being read. Whoever holds a region holds a lease on its file:
 * {@link #close} gives it back, once, whether or not the bytes were sent.
 */
public interface Region extends AutoCloseable {
    /** How many bytes the region has; at least zero. */
    int lengthBytes();

    /**
     * Hands bytes from the file to {@code target} inside the kernel.
     *
     * @param from where to start, counted from the region's beginning
     * @return how many bytes {@code target} took; zero when it is full
     * @throws IOException if the file or the target fails, or the file is shorter than the region
     */
    long transferTo(int from, WritableByteChannel target) throws IOException;

    @Override
    void close();
}
