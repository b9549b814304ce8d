/**
 * Transactions (KIP-98, KIP-890): records that appear in several partitions together or not at all. Their
 * state is kept in {@code __transaction_state} on the frame of {@code daybook.coordinator}; the transactional
 * id says in which of its partitions. This is the way of one:
 *
 * <pre>
 *   InitProducerId            -> EMPTY            the producer, with an epoch that shuts out the one before
 *   Produce, AddPartitions... -> ONGOING          forced, then the first batch is appended
 *   EndTxn, timeout, fencing  -> PREPARE_...      forced, then the answer, and Endings writes the markers
 *   all markers forced        -> COMPLETE_...     from then on the next one may begin
 * </pre>
 * Each step is a record that says all of the transaction. What is open in a log is so known here, whatever is
 * cut off; a start finds what is to be ended in the records. Whether the log has an open transaction is asked
 * of it first ({@code PartitionLog.inTransaction}); so only the first batch in a partition costs a question.
 *
 * <p>Producer ids are drawn from the catalog, which may have to write for it: so not under the lock of a
 * shard. An event that needs one says so, and is asked again with one.
 *
 * <p>Threads: who asks is a connection's virtual thread. Each ending has a virtual thread, which takes the
 * lock of a shard of transactions, the locks of logs, and that of a shard of groups, one after the other,
 * never one under another. {@code Endings.running} is the only thing that both touch without a lock.
 */
package daybook.txn;
