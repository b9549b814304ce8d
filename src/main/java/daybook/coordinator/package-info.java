/**
 * The frame for state that is kept in an internal topic. Each partition of the topic is a log of records, and
 * the records make the state of one {@link daybook.coordinator.Shard}:
 *
 * <pre>
 *   event, time -> State decides -> records and answer
 *                                   records -> log (one batch) -> replay -> State
 *                                   answer  -> waits until the log is on the disk -> client
 *   start:                          log -> replay -> State
 * </pre>
 * State that must survive changes in {@link daybook.coordinator.State#replay} and nowhere else, so that a
 * start makes of the log what the run had made of the events. What need not survive (who waits, deadlines) a
 * state may keep beside it.
 *
 * <p>An answer leaves when all that was written before it is on the disk, so no client sees what a power cut
 * could take back. Those who wait share a force.
 *
 * <p>Records may belong to a producer's transaction: one batch, which the log takes only while that is open.
 * They are kept apart from the others until a marker ends the transaction, by which they hold or are
 * forgotten. A marker is appended and replayed like records, under the shard's lock, by the thread of who
 * ends the transaction; while the shard is not loaded or not here that one is told so, and has to come again.
 * Where the state fails over a marker that is in the log, the shard ends, and another one is made of the log.
 *
 * <p>Time comes in two kinds. Deadlines go by a clock that never jumps; what is written into records is the
 * time of day.
 *
 * <p>Locks: {@code Coordinator.lock}, which is never taken by who holds one of the others, and {@code
 * Shard.lock}, one for each partition, under which events are decided, appended and replayed in one go; it
 * is above the locks of the log room, and nothing waits for a force under it. The catalog's lock is not taken
 * under either.
 */
package daybook.coordinator;
