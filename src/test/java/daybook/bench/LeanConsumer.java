package daybook.bench;

import daybook.wire.Writer;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;

/**
 * Fetches over one connection at as little cost as it can: a request is made once, and only the offsets in it
 * change; an answer is read through one buffer that stays in the processor's cache, and of its batches only
 * the headers are looked at. So the broker is what is measured. One thread at a time uses it.
 *
 * <pre>
 *   var consumer = new LeanConsumer(broker.address());
 *   var fetch = new LeanConsumer.Fetch("topic", 0, 16, 1 &lt;&lt; 20, 500);
 *   while (...) {
 *       consumer.send(fetch);
 *       consumer.receive(fetch, LeanConsumer.UNWATCHED);
 *   }
 * </pre>
 * To have several requests under way, send several fetches, and receive them in the same order.
 */
final class LeanConsumer implements AutoCloseable {
    /** Is told of each batch when its last byte has come. */
    interface Watch {
        void came(long baseOffset, long nextOffset, int sizeBytes);
    }

    static final Watch UNWATCHED = (baseOffset, nextOffset, sizeBytes) -> { };

    private static final int BUFFER_BYTES = 256 << 10;
    private static final int NO_ID = -1;
    /** A batch: its base offset, and the length of what follows that length. */
    private static final int BATCH_PREFIX_BYTES = 12;
    private static final int LAST_OFFSET_DELTA_AT = 23;
    private static final int BATCH_HEADER_BYTES = 61;

    /** A request for some partitions of a topic, to be sent again and again; and where it has come to. */
    static final class Fetch {
        /** The frame; direct. */
        private final ByteBuffer request;
        private final int first;
        /** By partition: where its offset stands in the request. */
        private final int[] offsetsAt;
        /** By partition: the offset behind the last batch that came whole. */
        private final long[] next;

        /**
         * @param first the lowest partition
         * @param partitionBytes the most that is answered of each partition, and all of them may be answered
         * @param maxWaitMs how long the broker is to wait for a first byte; 0 where it is to answer at once
         */
        Fetch(String topic, int first, int partitions, int partitionBytes, int maxWaitMs) {
            this.first = first;
            offsetsAt = new int[partitions];
            next = new long[partitions];
            var out = new Writer(Call.FETCH.version, true);
            out.int32(0).int16(Call.FETCH.key).int16(Call.FETCH.version).int32(0).int16(0).tags();
            out.int32(NO_ID).int32(maxWaitMs).int32(maxWaitMs == 0 ? 0 : 1).int32(Integer.MAX_VALUE).int8(0);
            out.int32(0).int32(NO_ID).length(1).string(topic).length(partitions);
            for (int partition = 0; partition < partitions; partition++) {
                out.int32(first + partition).int32(NO_ID);
                offsetsAt[partition] = out.size();
                out.int64(0).int32(NO_ID).int64(NO_ID).int32(partitionBytes).tags();
            }
            out.tags().strings(List.of()).string("").tags();
            request = ByteBuffer.allocateDirect(out.size()).put(out.toBuffer());
            request.putInt(0, out.size() - Integer.BYTES);
        }

        /** The next answer is to begin at this offset of each partition. */
        Fetch seek(long offset) {
            for (int partition = 0; partition < next.length; partition++) {
                reach(partition, offset);
            }
            return this;
        }

        /** The offset behind the last batch that came, of the n-th partition. */
        long next(int partition) {
            return next[partition];
        }

        private void reach(int partition, long offset) {
            next[partition] = offset;
            request.putLong(offsetsAt[partition], offset);
        }
    }

    private final SocketChannel channel;
    /** What has been read and not looked at yet, from position to limit. */
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);
    /** Bytes of the answer that are not read yet. */
    private int left;

    LeanConsumer(String address) throws IOException {
        channel = connect(address);
    }

    /** A socket that sends each write at once. */
    static SocketChannel connect(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        var channel = SocketChannel.open(new InetSocketAddress(address.substring(0, colon),
                Integer.parseInt(address.substring(colon + 1))));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return channel;
    }

    void send(Fetch fetch) throws IOException {
        for (fetch.request.clear(); fetch.request.hasRemaining();) {
            channel.write(fetch.request);
        }
    }

    /**
     * Reads the answer to the oldest request that has none yet, which is that of {@code fetch}, and lets the
     * fetch go on behind it.
     *
     * @return how many bytes of batches came
     * @throws IllegalStateException if it tells of an error
     */
    long receive(Fetch fetch, Watch watch) throws IOException {
        need(Integer.BYTES);
        left = in.getInt();
        int32();
        tags();
        int32();
        expectNone(int16());
        int32();
        long bytes = 0;
        for (int topics = unsignedVarint() - 1; topics > 0; topics--) {
            skip(unsignedVarint() - 1);
            for (int partitions = unsignedVarint() - 1; partitions > 0; partitions--) {
                bytes += partition(fetch, watch);
            }
            tags();
        }
        tags();
        if (left != 0) {
            throw new IOException(left + " bytes more than an answer has");
        }
        return bytes;
    }

    private long partition(Fetch fetch, Watch watch) throws IOException {
        int partition = int32() - fetch.first;
        expectNone(int16());
        int64();
        int64();
        int64();
        for (int aborted = unsignedVarint() - 1; aborted > 0; aborted--) {
            int64();
            int64();
            tags();
        }
        int32();
        int recordsBytes = unsignedVarint() - 1;
        batches(fetch, partition, Math.max(0, recordsBytes), watch);
        tags();
        return Math.max(0, recordsBytes);
    }

    /** Goes from batch to batch; the last one may be cut, and is then asked for again. */
    private void batches(Fetch fetch, int partition, int bytes, Watch watch) throws IOException {
        int rest = bytes;
        while (rest >= BATCH_HEADER_BYTES) {
            need(BATCH_HEADER_BYTES);
            long baseOffset = in.getLong(in.position());
            int sizeBytes = BATCH_PREFIX_BYTES + in.getInt(in.position() + Long.BYTES);
            long nextOffset = baseOffset + in.getInt(in.position() + LAST_OFFSET_DELTA_AT) + 1;
            if (sizeBytes > rest) {
                break;
            }
            skip(sizeBytes);
            rest -= sizeBytes;
            fetch.reach(partition, nextOffset);
            watch.came(baseOffset, nextOffset, sizeBytes);
        }
        skip(rest);
    }

    private static void expectNone(int error) {
        if (error != 0) {
            throw new IllegalStateException("a fetch was answered with error " + error);
        }
    }

    private int int16() throws IOException {
        return take(Short.BYTES).getShort();
    }

    private int int32() throws IOException {
        return take(Integer.BYTES).getInt();
    }

    private long int64() throws IOException {
        return take(Long.BYTES).getLong();
    }

    private int unsignedVarint() throws IOException {
        int value = 0;
        int shift = 0;
        int piece;
        do {
            piece = take(1).get();
            value |= (piece & 0x7F) << shift;
            shift += 7;
        } while (piece < 0);
        return value;
    }

    private void tags() throws IOException {
        for (int tags = unsignedVarint(); tags > 0; tags--) {
            unsignedVarint();
            skip(unsignedVarint());
        }
    }

    private ByteBuffer take(int bytes) throws IOException {
        left -= bytes;
        return need(bytes);
    }

    /** Reads until so many bytes, few, are in the buffer. */
    private ByteBuffer need(int bytes) throws IOException {
        if (in.remaining() < bytes) {
            in.compact();
            while (in.position() < bytes) {
                read();
            }
            in.flip();
        }
        return in;
    }

    private void skip(int bytes) throws IOException {
        left -= bytes;
        int rest = bytes;
        while (rest > in.remaining()) {
            rest -= in.remaining();
            in.clear();
            read();
            in.flip();
        }
        in.position(in.position() + rest);
    }

    private void read() throws IOException {
        if (channel.read(in) < 0) {
            throw new EOFException("the broker closed the connection");
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
