package daybook.log;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import daybook.record.BatchBuilder;
import daybook.record.RecordBatch;
import daybook.wire.Region;
import daybook.wire.Uuid;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** A directory of logs with a clock that the test turns and a disk that it can break. */
final class TestLogs implements AutoCloseable {
    static final Uuid TOPIC = new Uuid(11, 12);
    static final TopicPartition WORDS = new TopicPartition("words", 0);
    /** {@code daybook.disk.reserve.bytes}. */
    static final long RESERVE = 10 << 20;
    static final long NOW = 1_700_000_000_000L;

    final TestDisk disk;
    final Path path;
    volatile long nowMs = NOW;
    final Logs logs;
    boolean open = true;

    private TestLogs(Path path, boolean forceAcksAll, TestDisk disk, Collection<Logs.Expected> expected)
            throws IOException {
        this.path = path;
        this.disk = disk;
        var settings = new LogSettings(List.of(path), path, forceAcksAll, 1_000, 1_000, 86_400_000L,
                RESERVE, 2);
        InstantSource clock = () -> Instant.ofEpochMilli(nowMs);
        this.logs = Logs.open(settings, -1, disk, clock);
        begin(logs);
        logs.load(expected, Map.of());
    }

    /** Writes a first record to the metadata log, as the catalog does before there are partitions. */
    static void begin(Logs logs) {
        if (logs.firstStart()) {
            var entry = new BatchBuilder.Entry(null, ByteBuffer.wrap(new byte[3]));
            done(logs.metadataLog().appendOwn(BatchBuilder.plain(5, List.of(entry))));
        }
    }

    /** Opens the logs in {@code path}, with the partition {@link #WORDS}. */
    static TestLogs open(Path path, Config config) throws IOException {
        return new TestLogs(path, true, new TestDisk(), List.of(expected(WORDS, config)));
    }

    static TestLogs open(Path path, Collection<Logs.Expected> expected) throws IOException {
        return new TestLogs(path, true, new TestDisk(), expected);
    }

    static TestLogs withoutForcing(Path path, Config config) throws IOException {
        return new TestLogs(path, false, new TestDisk(), List.of(expected(WORDS, config)));
    }

    /** Opens what is there on a disk that is full. */
    static TestLogs openFull(Path path, Config config) throws IOException {
        var disk = new TestDisk();
        disk.full = true;
        return new TestLogs(path, true, disk, List.of(expected(WORDS, config)));
    }

    /** As {@link #open(Path, Config)}, on a disk that never waits: a killed process loses nothing by that. */
    static TestLogs quick(Path path, Config config) throws IOException {
        var disk = new TestDisk();
        disk.skipForces = true;
        return new TestLogs(path, true, disk, List.of(expected(WORDS, config)));
    }

    static Logs.Expected expected(TopicPartition partition, Config config) {
        return new Logs.Expected(TOPIC, partition, 0, Uuid.ZERO, config.build());
    }

    PartitionLog words() {
        return logs.find(WORDS.topic(), WORDS.partition());
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            logs.close();
        }
    }

    static void deleteAll(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** A copy of what is on the disk now: what a process that is killed leaves behind. */
    static Path copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (var file : files.toList()) {
                var target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
        return to;
    }

    static Appended.Done done(Appended appended) {
        return assertInstanceOf(Appended.Done.class, appended, appended::toString);
    }

    static Appended.Refused refused(Appended appended) {
        return assertInstanceOf(Appended.Refused.class, appended, appended::toString);
    }

    static byte[] bytes(Region region) throws IOException {
        if (region == null) {
            return new byte[0];
        }
        try (region) {
            var out = new ByteArrayOutputStream();
            var channel = Channels.newChannel(out);
            int from = 0;
            while (from < region.lengthBytes()) {
                from += (int) region.transferTo(from, channel);
            }
            return out.toByteArray();
        }
    }

    static byte[] read(PartitionLog log, long offset, int maxBytes) throws IOException {
        var data = assertInstanceOf(ReadResult.Data.class, log.read(offset, maxBytes, true, false));
        return bytes(data.region());
    }

    /** The whole batches at the beginning of these bytes. */
    static List<RecordBatch> batches(byte[] bytes) {
        var buffer = ByteBuffer.wrap(bytes);
        var list = new ArrayList<RecordBatch>();
        int at = 0;
        while (bytes.length - at >= RecordBatch.HEADER_BYTES) {
            var batch = new RecordBatch(buffer, at);
            if (batch.sizeBytes() > bytes.length - at) {
                break;
            }
            list.add(batch);
            at += batch.sizeBytes();
        }
        return list;
    }

    /** All batches of the log, read from its start to its high watermark. */
    static List<byte[]> all(PartitionLog log) throws IOException {
        var list = new ArrayList<byte[]>();
        long offset = log.startOffset();
        while (offset < log.highWatermark()) {
            var bytes = read(log, offset, 100_000);
            int at = 0;
            for (var batch : batches(bytes)) {
                list.add(Arrays.copyOfRange(bytes, at, at + batch.sizeBytes()));
                at += batch.sizeBytes();
                offset = batch.nextOffset();
            }
        }
        return list;
    }

    /** A configuration to be changed where a test needs it. */
    static final class Config {
        int segmentBytes = 1 << 20;
        long segmentMs = 604_800_000L;
        int indexBytes = 1 << 16;
        int intervalBytes = 4096;
        long retentionMs = -1;
        long retentionBytes = -1;
        int maxMessageBytes = 1_048_588;
        boolean logAppendTime;
        long beforeMaxMs = Long.MAX_VALUE;
        long afterMaxMs = 3_600_000L;
        long flushMessages = Long.MAX_VALUE;
        long flushMs = Long.MAX_VALUE;
        boolean preallocate;
        LogConfig.CompactionRules compaction;
        LogConfig.Compression compression;

        Config segmentBytes(int bytes) {
            segmentBytes = bytes;
            return this;
        }

        LogConfig build() {
            return new LogConfig(segmentBytes, segmentMs, 0, indexBytes, intervalBytes, retentionMs,
                    retentionBytes, maxMessageBytes, logAppendTime, beforeMaxMs, afterMaxMs, 60_000L,
                    flushMessages, flushMs, preallocate, compaction, compression);
        }
    }
}
