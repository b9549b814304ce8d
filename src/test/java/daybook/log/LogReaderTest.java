package daybook.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import daybook.record.RecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A log read batch by batch, as coordinators read theirs. */
class LogReaderTest {
    @TempDir
    Path temp;

    private static List<RecordBatch> rest(LogReader reader) throws IOException {
        var batches = new ArrayList<RecordBatch>();
        for (var batch = reader.next(); batch != null; batch = reader.next()) {
            batches.add(batch);
        }
        return batches;
    }

    private static byte[] bytes(RecordBatch batch) {
        var bytes = new byte[batch.sizeBytes()];
        batch.bytes().get(bytes);
        return bytes;
    }

    @Test
    void eachBatchIsReadOnceAlsoThoseOfManyReadsAndSegments() throws IOException {
        var config = new TestLogs.Config().segmentBytes(3 << 20);
        config.maxMessageBytes = 4 << 20;
        try (var logs = TestLogs.quick(temp, config)) {
            var log = logs.words();
            for (int valueBytes : List.of(10, 700_000, 2_500_000, 20, 600_000, 500_000, 1_000_000, 30)) {
                TestLogs.done(log.append(TestBatch.of(2, logs.nowMs).valueBytes(valueBytes / 2).build()));
            }
            var expected = TestLogs.all(log);
            var found = rest(new LogReader(log, 0));
            assertEquals(8, found.size());
            for (int i = 0; i < found.size(); i++) {
                assertArrayEquals(expected.get(i), bytes(found.get(i)));
            }
        }
    }

    @Test
    void whatIsAppendedLaterIsReadLater() throws IOException {
        try (var logs = TestLogs.quick(temp, new TestLogs.Config())) {
            var log = logs.words();
            var reader = new LogReader(log, 0);
            assertNull(reader.next());
            TestKeys.write(log, "a=1", "b=1 c=1");
            assertEquals(2, rest(reader).size());
            assertEquals(3, reader.offset());
            TestKeys.write(log, "d=1");
            assertEquals(3, reader.next().baseOffset());
            assertNull(reader.next());
            assertEquals(4, reader.offset());
        }
    }

    @Test
    void offsetsMayLieInsideOfABatchOrBeCompacted() throws IOException {
        var config = new TestLogs.Config().segmentBytes(1);
        config.compaction = new LogConfig.CompactionRules(0, 0, Long.MAX_VALUE, 1_000, false);
        try (var logs = TestLogs.quick(temp, config)) {
            logs.logs.compact(new CleanerSettings(0, 1 << 20, 0.9, 1 << 16, Double.MAX_VALUE, 1));
            var log = logs.words();
            TestKeys.write(log, "a=1 b=1", "a=2", "b=2 c=1", "d=1");
            assertEquals(0, new LogReader(log, 1).next().baseOffset());
            logs.logs.cleaner().compactDirtiest();
            assertEquals(List.of("2-2(1)", "3-4(2)", "5-5(1)"), TestKeys.shape(log));
            assertEquals(List.of(2L, 3L, 5L),
                    rest(new LogReader(log, 0)).stream().map(RecordBatch::baseOffset).toList());
            assertEquals(List.of(3L, 5L),
                    rest(new LogReader(log, 4)).stream().map(RecordBatch::baseOffset).toList());
        }
    }

    @Test
    void damageIsTold() throws IOException {
        for (int damaged : List.of(RecordBatch.LENGTH_AT, RecordBatch.MAGIC_AT, RecordBatch.HEADER_BYTES + 2)) {
            try (var logs = TestLogs.quick(temp.resolve("byte-" + damaged), new TestLogs.Config())) {
                var log = logs.words();
                TestKeys.write(log, "a=1", "b=1", "c=1");
                int secondAt = TestLogs.all(log).getFirst().length;
                var reader = new LogReader(log, 0);
                try (var file = FileChannel.open(log.directory().resolve("00000000000000000000.log"),
                        StandardOpenOption.WRITE)) {
                    file.write(ByteBuffer.wrap(new byte[] {7}), secondAt + damaged);
                }
                assertEquals(0, reader.next().baseOffset());
                var failure = assertThrows(IOException.class, reader::next);
                assertEquals("words-0 is damaged at offset 1", failure.getMessage());
            }
        }
    }

    @Test
    void whatIsNotInTheLogCannotBeRead() throws IOException {
        try (var logs = TestLogs.quick(temp, new TestLogs.Config())) {
            var failure = assertThrows(IOException.class, () -> new LogReader(logs.words(), 1).next());
            assertEquals("words-0 cannot be read at offset 1", failure.getMessage());
        }
    }
}
