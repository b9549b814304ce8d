package daybook.client;

import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The memory for records that are not delivered yet: so many bytes and no more, lent as arrays. Those of
 * the usual size are kept when they come back, the last one first in line, for it may still be in the cache.
 */
final class BatchMemory {
    /** Counts the bytes that are not lent; kept arrays are among them. */
    private final Semaphore bytes;
    private final int usualBytes;
    private final ConcurrentLinkedDeque<byte[]> kept = new ConcurrentLinkedDeque<>();

    BatchMemory(int mostBytes, int usualBytes) {
        this.bytes = new Semaphore(mostBytes, true);
        this.usualBytes = usualBytes;
    }

    /** An array of at least so many bytes if there is memory for it now; otherwise null. */
    byte[] tryTake(int lengthBytes) {
        int size = Math.max(lengthBytes, usualBytes);
        return !bytes.hasQueuedThreads() && bytes.tryAcquire(size) ? array(size) : null;
    }

    /** An array of at least so many bytes, waited for; null where it comes too late. */
    byte[] take(int lengthBytes, long nanos) throws InterruptedException {
        int size = Math.max(lengthBytes, usualBytes);
        return bytes.tryAcquire(size, nanos, TimeUnit.NANOSECONDS) ? array(size) : null;
    }

    private byte[] array(int size) {
        if (size == usualBytes) {
            var array = kept.poll();
            return array != null ? array : new byte[size];
        }
        // What is kept must make room for it.
        for (int left = size; left > 0 && kept.poll() != null;) {
            left -= usualBytes;
        }
        return new byte[size];
    }

    void give(byte[] array) {
        if (array.length == usualBytes) {
            kept.push(array);
        }
        bytes.release(array.length);
    }
}
