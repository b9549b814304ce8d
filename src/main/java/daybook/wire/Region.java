package daybook.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * A run of bytes in a file that is sent without being looked at. Whoever holds a region holds a lease on its
 * file: {@link #close} gives it back, once, whether or not the bytes were sent.
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

    /**
     * Copies bytes from the file, for one so small that this is cheaper.
     *
     * @param from where to start, counted from the region's beginning
     * @param into is filled, or takes all to the region's end
     * @throws IOException if the file fails, or is shorter than the region
     */
    void read(int from, ByteBuffer into) throws IOException;

    @Override
    void close();
}
