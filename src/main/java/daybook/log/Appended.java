package daybook.log;

import daybook.wire.ErrorCode;

import java.util.List;

/** What became of a batch. */
public sealed interface Appended {
    /**
     * It is in the log: in the page cache, and on the disk once {@link PartitionLog#awaitForced} of the next
     * offset is true.
     *
     * @param baseOffset the offset of its first record
     * @param nextOffset the offset after its last record
     * @param logAppendTimeMs the time the broker gave its records, -1 where they keep the producer's; for a
     *     duplicate, as Kafka has it, the newest time in the batch
     * @param startOffset where the log begins
     * @param duplicate whether it had been there before: then nothing was written
     */
    record Done(long baseOffset, long nextOffset, long logAppendTimeMs, long startOffset, boolean duplicate)
            implements Appended { }

    /**
     * It was not written.
     *
     * @param message what to tell the client, or null where Kafka tells it nothing
     * @param recordErrors the records that were at fault, where they are known
     * @param startOffset where the log begins, -1 where Kafka does not say
     */
    record Refused(ErrorCode error, String message, List<RecordError> recordErrors, long startOffset)
            implements Appended { }

    /** What is wrong with one record, {@code index} counted in its batch. */
    record RecordError(int index, String message) { }
}
