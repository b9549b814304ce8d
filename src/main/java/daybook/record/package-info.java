/**
 * Record batches of magic 2, the only format that Kafka 4 writes: {@link daybook.record.RecordBatch} draws
 * the header, {@code RecordIterator} the records. A batch is a view of bytes that are somewhere else; what
 * opens one is named where it does ({@link daybook.record.RecordBatch#records}), because the broker nearly
 * never should.
 *
 * <p>Codecs are written by hand except gzip, which is the JDK's. The decoders take hostile input: whatever
 * the bytes, decompressing ends in the original or in a {@link daybook.record.CorruptBatchException}, within
 * a limit of memory. The encoders write what Kafka's clients write, framed as they do; snappy, lz4 and zstd
 * share one search for what repeats, {@code MatchFinder}, and differ in how they tell of it.
 *
 * <p>The room holds no lock and no shared state.
 */
package daybook.record;
