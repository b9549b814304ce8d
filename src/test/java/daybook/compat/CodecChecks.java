package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSameBytes;

import daybook.record.BatchBuilder;
import daybook.record.BatchHeader;
import daybook.record.Codec;
import daybook.record.Record;
import daybook.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/**
 * The codecs against those that Apache Kafka's clients bring (snappy-java, lz4-java, zstd-jni, the JDK's
 * gzip), in Kafka's own framing: what either writes, the other reads. Needs no broker.
 */
final class CodecChecks {
    private static final byte MAGIC = 2;
    private static final List<Codec> CODECS = List.of(Codec.GZIP, Codec.SNAPPY, Codec.LZ4, Codec.ZSTD);
    private static final int[] SIZES = {0, 1, 2, 12, 13, 100, 255, 256, 1_023, 1_024, 4_095, 4_096, 16_383,
        16_384, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 300_000};
    private static final int LARGE_BYTES = 3_000_000;

    private final Report report;
    private final Sample sample;
    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    CodecChecks(Report report, Sample sample) {
        this.report = report;
        this.sample = sample;
    }

    void run() {
        for (var codec : CODECS) {
            report.check("codec: Kafka's reads ours, " + codec, () -> everything(codec, this::kafkaReads));
            report.check("codec: ours reads Kafka's, " + codec, () -> everything(codec, this::kafkaWrites));
            report.check("codec: batches for Kafka and from it, " + codec, () -> batches(codec));
        }
    }

    private interface Exchange {
        void check(Codec codec, int level, byte[] plain, String what) throws IOException;
    }

    /** All levels with some kinds of bytes, all kinds and sizes with the default level. */
    private void everything(Codec codec, Exchange exchange) throws IOException {
        for (var kind : Kind.values()) {
            for (int size : SIZES) {
                String what = kind + " of " + size + " bytes, seed " + seed;
                exchange.check(codec, codec.defaultLevel(), bytes(kind, size), what);
            }
            if (codec != Codec.GZIP) {
                String what = kind + " of " + LARGE_BYTES + " bytes, seed " + seed;
                exchange.check(codec, codec.defaultLevel(), bytes(kind, LARGE_BYTES), what);
            }
        }
        for (int level : levels(codec)) {
            for (var kind : List.of(Kind.JSON, Kind.RUNS, Kind.RARE_BYTES)) {
                String what = "level " + level + ", " + kind + ", seed " + seed;
                exchange.check(codec, level, bytes(kind, 200_000), what);
            }
        }
    }

    private static int[] levels(Codec codec) {
        return switch (codec) {
            case NONE, SNAPPY -> new int[0];
            case GZIP -> new int[] {-1, 1, 2, 3, 4, 5, 6, 7, 8, 9};
            case LZ4 -> new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
            case ZSTD -> new int[] {-131_072, -50, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 16, 19, 22};
        };
    }

    private static Compression kafka(Codec codec, int level) {
        return switch (codec) {
            case NONE -> Compression.NONE;
            case GZIP -> Compression.gzip().level(level).build();
            case SNAPPY -> Compression.snappy().build();
            case LZ4 -> Compression.lz4().level(level).build();
            case ZSTD -> Compression.zstd().level(level).build();
        };
    }

    private void kafkaReads(Codec codec, int level, byte[] plain, String what) throws IOException {
        var packed = codec.compress(ByteBuffer.wrap(plain), level);
        try (var in = kafka(codec, level).wrapForInput(packed, MAGIC, BufferSupplier.NO_CACHING)) {
            expectSameBytes(plain, in.readAllBytes(), what);
        } catch (IOException | RuntimeException failure) {
            throw new IOException(what, failure);
        }
    }

    private void kafkaWrites(Codec codec, int level, byte[] plain, String what) throws IOException {
        var buffer = new ByteBufferOutputStream(plain.length / 2 + 100);
        try (var out = kafka(codec, level).wrapForOutput(buffer, MAGIC)) {
            out.write(plain);
        }
        var opened = codec.decompress(buffer.buffer().flip(), plain.length);
        expectSameBytes(plain, Arrays.copyOf(opened.array(), opened.limit()), what);
    }

    /** A batch with holes, built by us, read by Kafka's classes, built again by them, and read by us. */
    private void batches(Codec codec) {
        var header = new BatchHeader(1_000, 999, 7, RecordBatch.TRANSACTIONAL, 5_000, 0, 77, (short) 4, 12)
                .codec(codec);
        var builder = new BatchBuilder(header);
        var records = new ArrayList<Record>();
        for (int number = 0; number < 999; number += 1 + random.nextInt(5)) {
            var key = number % 4 == 0 ? null : ByteBuffer.wrap(("key " + number).getBytes());
            var headers = Record.headerBytes(List.of(new Record.Header("h", key)));
            records.add(new Record(1_000 + number, 5_000 + number * 2 % 999, key,
                    ByteBuffer.wrap(sample.line(number)), number % 3 == 0 ? headers : Record.NO_HEADERS));
            builder.add(records.getLast());
        }
        var ours = MemoryRecords.readableRecords(builder.build(codec.defaultLevel()));
        var batch = ours.batches().iterator().next();
        batch.ensureValid();
        expectEqual(1_999L, batch.lastOffset(), "last offset");
        expectEqual(77L, batch.producerId(), "producer id");
        expectEqual(1_011, batch.lastSequence(), "last sequence");
        expect(batch.isTransactional(), "not transactional");
        var theirs = MemoryRecords.builder(ByteBuffer.allocate(1 << 20), MAGIC,
                kafka(codec, codec.defaultLevel()), TimestampType.CREATE_TIME, 1_000, 5_000, 77, (short) 4,
                12, true, false, 7);
        int count = 0;
        for (var read : batch) {
            var sent = records.get(count++);
            expectEqual(sent.offset(), read.offset(), "offset");
            expectEqual(sent.timestampMs(), read.timestamp(), "timestamp");
            expectEqual(sent.key(), read.key(), "key");
            expectEqual(sent.value(), read.value(), "value");
            expectEqual(sent.headers().size(), read.headers().length, "headers");
            theirs.append(read);
        }
        expectEqual(records.size(), count, "records");
        theirs.overrideLastOffset(1_999);
        var again = new RecordBatch(theirs.build().buffer(), 0);
        var back = new ArrayList<Record>();
        again.records(1 << 20).forEach(back::add);
        expectEqual(records, back, "records of Kafka's batch");
        expectEqual(BatchHeader.of(new RecordBatch(ours.buffer(), 0)), BatchHeader.of(again), "header");
    }

    private enum Kind { NOISE, RUN, RUNS, TEXT, JSON, RARE_BYTES, FAR_REPEATS, MIXTURE }

    private byte[] bytes(Kind kind, int size) {
        var bytes = new byte[size];
        switch (kind) {
            case NOISE -> random.nextBytes(bytes);
            case RUN -> Arrays.fill(bytes, (byte) random.nextInt());
            case RUNS -> pieces(bytes, () -> {
                var run = new byte[1 + (int) Math.exp(random.nextDouble(10))];
                Arrays.fill(run, (byte) random.nextInt(3));
                return run;
            });
            case TEXT -> pieces(bytes, () -> sample.line(random.nextInt(10_000)));
            case JSON -> pieces(bytes, () -> ("{\"id\":" + random.nextInt(10_000) + ",\"amount\":"
                    + random.nextInt(100) + ".25,\"name\":\"n" + random.nextInt(50) + "\"}").getBytes());
            case RARE_BYTES -> pieces(bytes, () -> new byte[] {
                (byte) (Integer.numberOfTrailingZeros(random.nextInt()) * 8 + random.nextInt(2))});
            case FAR_REPEATS -> {
                random.nextBytes(bytes);
                for (int round = 0; round < size / 1_000; round++) {
                    int to = random.nextInt(size - 100);
                    int distance = Math.min(to, 1 << random.nextInt(23));
                    System.arraycopy(bytes, to - distance, bytes, to, random.nextInt(100));
                }
            }
            case MIXTURE -> pieces(bytes, () ->
                    bytes(Kind.values()[random.nextInt(Kind.MIXTURE.ordinal())], 1 << random.nextInt(16)));
        }
        return bytes;
    }

    private interface Piece {
        byte[] next();
    }

    private static void pieces(byte[] bytes, Piece piece) {
        for (int at = 0; at < bytes.length;) {
            var next = piece.next();
            int count = Math.min(next.length, bytes.length - at);
            System.arraycopy(next, 0, bytes, at, count);
            at += count;
        }
    }
}
