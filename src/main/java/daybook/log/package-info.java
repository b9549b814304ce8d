/**
 * Partitions on disk, in the formats of Apache Kafka. The room knows batches and files; it knows nothing of
 * requests, and of topics only their names and ids. {@link daybook.log.Logs} owns the directories,
 * {@link daybook.log.PartitionLog} is one partition, {@link daybook.log.Disk} the only way to a file, and
 * {@link daybook.log.Dump} shows each kind of file as text.
 *
 * <p>A log directory, and in it a partition:
 * <pre>
 *   .lock                              held while a broker runs
 *   meta.properties                    version=1, node.id, cluster.id, directory.id
 *   .kafka_cleanshutdown               there after a clean stop: {"version":0,"brokerEpoch":-1}
 *   recovery-point-offset-checkpoint   all before these offsets is on the disk
 *   log-start-offset-checkpoint        where logs begin that begin inside of a segment
 *   replication-offset-checkpoint      high watermarks
 *   cleaner-offset-checkpoint          how far logs are compacted; only of those that ever were
 *   words-0/
 *     partition.metadata               version: 0 / topic_id: ..., no line end behind it
 *     leader-epoch-checkpoint          the first offset of each epoch
 *     force-failed                     there after a force failed, until the next start has written all again
 *     00000000000000000000.log         batches, as daybook.record.RecordBatch draws them
 *     00000000000000000000.index  .timeindex
 *     00000000000000000000.txnindex    aborted transactions; there only if there are any
 *     00000000000000004711.snapshot    producers, as of offset 4711
 *     *.deleted                        files that a reader may still hold
 *     *.cleaned                        of a segment that is to replace others, while it is written
 *     *.swap                           of one that takes its place: daybook.log.Segments tells the steps
 *   words-0.0123456789abcdef0123456789abcdef-delete/    a deleted partition
 *   words-0.0123456789abcdef0123456789abcdef-stray/     one that the catalog does not know
 * </pre>
 *
 * <p>A checkpoint is text, each line ended with a line feed: the version, the number of entries, the entries.
 * <pre>
 *   0
 *   1
 *   words 0 4711                       (in leader-epoch-checkpoint: epoch and offset)
 * </pre>
 *
 * <p>An index has an entry for the first batch after each {@code index.interval.bytes}: its last offset and
 * its position, and the newest time up to it with the last offset of the batch that has it. Both rise from
 * entry to entry. While the segment grows, its index files are {@code segment.index.bytes} long and mapped;
 * then they are cut.
 * <pre>
 *   .index       0                    4                    8
 *                +--------------------+--------------------+
 *                | offset less base   | position           | ...
 *                +--------------------+--------------------+
 *   .timeindex   0                                         8                    12
 *                +-----------------------------------------+--------------------+
 *                | milliseconds since 1970                 | offset less base   | ...
 *                +-----------------------------------------+--------------------+
 * </pre>
 *
 * <p>The index of aborted transactions has an entry for each abort marker in the segment that ended one:
 * <pre>
 *   0      2                10               18               26               34
 *   +------+----------------+----------------+----------------+----------------+
 *   | 0    | producer id    | first offset   | offset of the  | last stable    |
 *   |      |                |                | marker         | offset then    |
 *   +------+----------------+----------------+----------------+----------------+
 * </pre>
 *
 * <p>A snapshot ({@code storage-records/ProducerSnapshot.json}); the checksum covers all behind it:
 * <pre>
 *   0        2          6        10
 *   +--------+----------+--------+  then for each producer, 46 bytes:
 *   | int16 1| CRC-32C  | count  |
 *   +--------+----------+--------+
 *   0          8      10            14           22            26         34            38               46
 *   +----------+------+-------------+------------+-------------+----------+-------------+----------------+
 *   |producer  |epoch |last sequence|last offset |offset delta |timestamp |coordinator  |transaction's   |
 *   |id        |      |             |            |of last batch|          |epoch        |first offset, -1|
 *   +----------+------+-------------+------------+-------------+----------+-------------+----------------+
 * </pre>
 *
 * <p>What is on the disk when: data when it was forced, by {@code PartitionLog.awaitForced} or in the
 * background, and with it the index of aborted transactions; the other indexes once their segment has ended,
 * before the recovery point passes another record; names of files before anything in them counts;
 * checkpoints, which are forced and renamed into place. Snapshots are never forced, since they can be made
 * again from the batches where they are wrong.
 *
 * <p>Locks, each taken only while holding none below it in this list:
 * <ol>
 *   <li>{@code Logs.backgroundLock}: the background's work, which may wait for the disk;
 *   <li>{@code Logs.lock}: making logs;
 *   <li>{@code Cleaner.lock}: choosing the log to compact;
 *   <li>{@code PartitionLog.lock}: appending, rolling, retention, the end of a log;
 *   <li>{@code Segment.indexLock}: opening, rebuilding and forcing indexes, deleting a segment;
 *   <li>{@code Directory.lock}: checkpoints;
 *   <li>{@code Segment.forceLock}: forcing a segment, one force at a time.
 * </ol>
 * {@code Flusher.lock} is taken while holding none of them, or {@code Logs.backgroundLock} only, and nothing
 * is locked under it; the force itself runs without it. Readers take no lock, but who looks for the newest
 * time: they see the high watermark, which is written after the batch and after the place of the oldest
 * transaction that has not ended, and hold a lease on the segment they read.
 *
 * <p>For readers of committed records a transaction has ended once its marker is on the disk: else a power
 * cut could take back what they have seen, and put something else in its place.
 */
package daybook.log;
