package daybook.catalog;

import daybook.log.Disk;
import daybook.log.PartitionLog;
import daybook.record.BatchBuilder;
import daybook.record.CorruptBatchException;
import daybook.record.RecordBatch;
import daybook.wire.Writer;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The snapshots beside the metadata log (KIP-630): each holds, as records, all that the log said before an
 * offset, so that the log may begin there.
 *
 * <pre>
 *   00000000000000004711-0000000003.checkpoint   offset and epoch of the log behind the snapshot's end
 *     control batch                              snapshot header; with it the quorum's level and voters
 *     batches                                    records as in the log
 *     control batch                              snapshot footer
 * </pre>
 * Their batches count offsets of their own, from 0. One that is not whole is passed over for an older one.
 */
final class Snapshots {
    private static final System.Logger LOG = System.getLogger("daybook.catalog");
    /** Of numbers that fit into a long and an int. */
    private static final Pattern NAME = Pattern.compile("(00\\d{18})-(0\\d{9})\\.checkpoint");
    private static final int LIMIT_BYTES = 1 << 28;
    /** Kafka reads batches of up to 8 MiB; a record takes 64 KiB at most, and mostly a hundred bytes. */
    private static final int BATCH_RECORDS = 100;
    /** The most bytes that the records of a control batch may take. */
    private static final int CONTROL_LIMIT_BYTES = 1 << 20;

    private Snapshots() { }

    /**
     * The image of the newest whole snapshot; an empty one where the log is whole without any.
     *
     * @throws IOException if the log lacks what a snapshot says was in it, or the other way round
     */
    static Image newest(Disk disk, PartitionLog log) throws IOException {
        for (var name : names(disk, log)) {
            long offset = Long.parseLong(name.group(1));
            var file = log.directory().resolve(name.group());
            if (offset > log.endOffset()) {
                throw new IOException("The metadata log ends at offset " + log.endOffset()
                        + ", so it lost records that were there for the snapshot " + file);
            }
            if (offset < log.startOffset()) {
                break;
            }
            var batches = whole(disk, file);
            if (batches.isEmpty()) {
                LOG.log(Level.WARNING, "The snapshot " + file + " is damaged: what is older is read instead");
                continue;
            }
            var replay = new Replay(Image.EMPTY);
            for (var batch : batches) {
                replay.apply(batch, "The snapshot " + file);
            }
            return replay.done(offset, Integer.parseInt(name.group(2)));
        }
        if (log.startOffset() > 0) {
            throw new IOException("The metadata log begins at offset " + log.startOffset()
                    + ", and there is no whole snapshot of what was before");
        }
        return Image.EMPTY;
    }

    /** The names of the snapshots, matched, the newest first. */
    private static List<Matcher> names(Disk disk, PartitionLog log) throws IOException {
        return disk.list(log.directory()).stream().sorted(Comparator.reverseOrder())
                .map(NAME::matcher).filter(Matcher::matches).toList();
    }

    /** The batches of a snapshot; none where it is not whole. */
    private static List<RecordBatch> whole(Disk disk, Path file) throws IOException {
        var bytes = ByteBuffer.wrap(disk.read(file, LIMIT_BYTES));
        var batches = RecordBatch.wholeIn(bytes);
        long sizeBytes = 0;
        long offset = 0;
        for (var batch : batches) {
            if (batch.baseOffset() != offset || !batch.checksumHolds()) {
                return List.of();
            }
            offset = batch.nextOffset();
            sizeBytes += batch.sizeBytes();
        }
        boolean whole = sizeBytes == bytes.limit() && sizeBytes > 0
                && controlType(batches.getFirst()) == Quorum.SNAPSHOT_HEADER
                && controlType(batches.getLast()) == Quorum.SNAPSHOT_FOOTER;
        return whole ? batches : List.of();
    }

    /** The type of a control batch's first record; -1 where it has none. */
    private static int controlType(RecordBatch batch) {
        try {
            var records = batch.records(CONTROL_LIMIT_BYTES).iterator();
            return batch.control() && records.hasNext() ? Quorum.type(records.next()) : -1;
        } catch (CorruptBatchException malformed) {
            return -1;
        }
    }

    /**
     * Writes a snapshot of an image that the log has on the disk, and takes from the log what the snapshot
     * before it holds: should one be damaged, there is the other with all that follows. Stopped between any
     * two of these steps, the log is still whole behind each snapshot that is there.
     */
    static void write(Disk disk, PartitionLog log, Image image, long nowMs) throws IOException {
        var batches = new ArrayList<ByteBuffer>();
        batches.add(Quorum.snapshotHeader(nowMs));
        image.quorum().values().forEach(vote ->
                batches.add(BatchBuilder.control(nowMs, vote.key(), vote.value())));
        var records = MetadataRecord.entries(Changes.all(image));
        for (int from = 0; from < records.size(); from += BATCH_RECORDS) {
            int to = Math.min(records.size(), from + BATCH_RECORDS);
            batches.add(BatchBuilder.plain(nowMs, records.subList(from, to)));
        }
        batches.add(Quorum.snapshotFooter(nowMs));
        var before = names(disk, log);
        var name = String.format(Locale.ROOT, "%020d-%010d.checkpoint", image.offset(), image.epoch());
        write(disk, log.directory().resolve(name), image.epoch(), batches);
        if (!before.isEmpty() && Long.parseLong(before.getFirst().group(1)) > log.startOffset()) {
            log.deleteRecordsBefore(Long.parseLong(before.getFirst().group(1)));
        }
        for (int older = 1; older < before.size(); older++) {
            disk.delete(log.directory().resolve(before.get(older).group()));
        }
    }

    /** Writes the batches of a snapshot into a file, for good. */
    static void write(Disk disk, Path file, int epoch, List<ByteBuffer> batches) throws IOException {
        var out = new Writer(0, false);
        long offset = 0;
        for (var bytes : batches) {
            var batch = new RecordBatch(bytes, 0);
            batch.stamp(offset, epoch);
            offset = batch.nextOffset();
            out.raw(bytes);
        }
        disk.replace(file, out.toBuffer(), true);
    }
}
