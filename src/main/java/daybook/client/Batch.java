package daybook.client;

import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.Codec;
import daybook.record.RecordBatch;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Records of one partition that are sent together. They are written into the batch's own array, as {@link
 * daybook.record.RecordIterator} draws them, behind room for the header: unless they are compressed, nothing
 * is copied between here and the socket.
 *
 * <p>While it is open it belongs to its outbox's lock, then to the sender, which
 * lends it to whoever writes a request; its outcome to all.
 */
final class Batch {
    final Outbox outbox;
    final long openedNanos;
    /** What it is a half of; null where it is whole. */
    private final Batch whole;
    private byte[] array;
    private int at = RecordBatch.HEADER_BYTES;
    private int count;
    private long baseTimestampMs;
    private long maxTimestampMs;
    private BatchHeader header;
    /** What is sent; null until it is sealed. */
    private volatile ByteBuffer sealed;
    /** In whose sequence it stands, and where; null until it is taken. */
    Identity identity;
    private int sequence;
    /** Whether nothing of its partition was without an acknowledgement when it was sent last. */
    boolean first;
    /** How often it was sent. */
    int sends;
    /** Null until it is done, and where it was split. These are written before {@link #finished}. */
    private Outcome outcome;
    private List<Batch> halves = List.of();
    private long settledNanos;
    private final CountDownLatch finished = new CountDownLatch(1);

    Batch(Outbox outbox, byte[] array) {
        this(outbox, array, System.nanoTime(), null);
    }

    private Batch(Outbox outbox, byte[] array, long openedNanos, Batch whole) {
        this.outbox = outbox;
        this.array = array;
        this.openedNanos = openedNanos;
        this.whole = whole;
    }

    /** Bytes of a batch with this one record; more than an int holds for what is too large anyway. */
    static long lengthBytes(byte[] key, byte[] value, ByteBuffer headers) {
        return RecordBatch.HEADER_BYTES + 4L * 5 + (key == null ? 0 : key.length)
                + (value == null ? 0 : value.length) + headers.remaining() + 1;
    }

    /** Adds a record; null where there is no room for it. */
    Delivery add(long timestampMs, byte[] key, byte[] value, ByteBuffer headers) {
        if (count == 0) {
            baseTimestampMs = timestampMs;
            maxTimestampMs = timestampMs;
        }
        long delta = timestampMs - baseTimestampMs;
        int keyBytes = key == null ? 0 : key.length;
        int valueBytes = value == null ? 0 : value.length;
        int body = 1 + varintBytes((int) delta) + varintBytes(count) + headers.remaining()
                + varintBytes(key == null ? -1 : keyBytes) + keyBytes
                + varintBytes(value == null ? -1 : valueBytes) + valueBytes;
        if (delta != (int) delta || body + varintBytes(body) > array.length - at) {
            return null;
        }
        varint(body);
        array[at++] = 0;
        varint((int) delta);
        varint(count);
        bytes(key);
        bytes(value);
        headers.get(headers.position(), array, at, headers.remaining());
        at += headers.remaining();
        maxTimestampMs = Math.max(maxTimestampMs, timestampMs);
        return new Delivery(this, count++, (int) delta);
    }

    private void bytes(byte[] value) {
        if (value == null) {
            varint(-1);
        } else {
            varint(value.length);
            System.arraycopy(value, 0, array, at, value.length);
            at += value.length;
        }
    }

    /** Zigzag, seven bits a byte. */
    private void varint(int value) {
        int rest = value << 1 ^ value >> 31;
        while ((rest & ~0x7F) != 0) {
            array[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        array[at++] = (byte) rest;
    }

    private static int varintBytes(int value) {
        int zigzag = value << 1 ^ value >> 31;
        return (38 - Integer.numberOfLeadingZeros(zigzag | 1)) / 7;
    }

    int count() {
        return count;
    }

    boolean hasRoom(int lengthBytes) {
        return lengthBytes - RecordBatch.HEADER_BYTES <= array.length - at;
    }

    /** Before it is compressed. */
    int lengthBytes() {
        return at;
    }

    /** Compresses the records; the header is still to be written. */
    void seal(Codec codec, int level) {
        int headerBytes = RecordBatch.HEADER_BYTES;
        var records = array;
        if (records == null) {
            // The producer was closed before.
            return;
        }
        header = BatchHeader.plain(count, baseTimestampMs).maxTimestamp(maxTimestampMs).codec(codec);
        var batch = ByteBuffer.wrap(records, 0, at);
        if (codec != Codec.NONE) {
            var payload = codec.compress(batch.slice(headerBytes, at - headerBytes), level);
            batch = ByteBuffer.allocate(headerBytes + payload.remaining());
            batch.put(headerBytes, payload, payload.position(), payload.remaining());
        }
        sealed = batch;
    }

    boolean isSealed() {
        return sealed != null;
    }

    /** @param sequence {@link RecordBatch#NO_SEQUENCE} for a producer that does not count */
    void number(Identity identity, int sequence) {
        this.identity = identity;
        this.sequence = sequence;
    }

    /** The whole batch, as it goes into the request: the header is written, and so the checksum made. */
    ByteBuffer stamped(boolean transactional) {
        int attributes = header.attributes() | (transactional ? RecordBatch.TRANSACTIONAL : 0);
        BatchBuilder.stamp(header.attributes(attributes).producer(identity.id(), identity.epoch(), sequence),
                count, sealed);
        return sealed;
    }

    /**
     * Two batches of half the records each, with the sequence numbers that these have here, for a broker that
     * takes no batch so large; it is finished when both are. They are not of the producer's memory, so that
     * nobody has to wait for it.
     */
    void split(ProducerSettings settings) {
        halves = List.of(new Batch(outbox, new byte[at], openedNanos, this),
                new Batch(outbox, new byte[at], openedNanos, this));
        var records = ByteBuffer.wrap(array, RecordBatch.HEADER_BYTES, at - RecordBatch.HEADER_BYTES).slice();
        for (var record : new RecordBatch(sealed, 0).recordsIn(records)) {
            halves.get(record.offset() < count / 2 ? 0 : 1).add(record.timestampMs(), bytes(record.key()),
                    bytes(record.value()), record.headerBytes());
        }
        for (var half : halves) {
            half.seal(settings.codec(), settings.level());
        }
        int behind = sequence + halves.getFirst().count & Integer.MAX_VALUE;
        halves.getFirst().number(identity, sequence);
        halves.getLast().number(identity, sequence < 0 ? sequence : behind);
    }

    /** What is to be sent in its place, where it was split. */
    List<Batch> parts() {
        return halves.isEmpty() ? List.of(this) : halves;
    }

    private static byte[] bytes(ByteBuffer view) {
        if (view == null) {
            return null;
        }
        var bytes = new byte[view.remaining()];
        view.get(view.position(), bytes);
        return bytes;
    }

    // What becomes of it.

    /** Tells it to all who wait for it, if nothing was told before. */
    void settle(Outcome outcome) {
        if (isDone()) {
            return;
        }
        this.outcome = outcome;
        settledNanos = System.nanoTime();
        finished.countDown();
        if (whole != null && whole.halves.stream().allMatch(Batch::isDone)) {
            whole.settle(null);
        }
    }

    /**
     * It is settled, and not sent any more.
     *
     * @return the batch of which that is true with this one: itself, or what it is the last half of; or null
     */
    Batch end() {
        sealed = null;
        if (whole == null) {
            return this;
        }
        return whole.halves.stream().noneMatch(Batch::isSealed) ? whole.end() : null;
    }

    /** The array, for which a batch has no use at its end. */
    byte[] yieldArray() {
        var freed = array;
        array = null;
        return freed;
    }

    boolean isDone() {
        return finished.getCount() == 0;
    }

    /** Once it is done: when it was. */
    long settledNanos() {
        return settledNanos;
    }

    /** Waits for it; false if it takes longer. */
    boolean await(long nanos) throws InterruptedException {
        return finished.await(nanos, TimeUnit.NANOSECONDS);
    }

    /** Once it is done; throws what the record failed with. */
    Receipt receipt(int index, int timestampDeltaMs) {
        return receiptAt(index, baseTimestampMs + timestampDeltaMs);
    }

    private Receipt receiptAt(int index, long timestampMs) {
        if (outcome != null) {
            return outcome.receipt(outbox.partition, index, timestampMs);
        }
        int half = count / 2;
        return index < half ? halves.get(0).receiptAt(index, timestampMs)
                : halves.get(1).receiptAt(index - half, timestampMs);
    }
}
