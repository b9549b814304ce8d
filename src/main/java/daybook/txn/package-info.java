/**
 * Transactions: records that appear in several partitions together or not at all. Their state is that of the
 * shards of {@code __transaction_state}, on the frame of {@code daybook.coordinator}; a transactional id says
 * in which shard it is.
 */
package daybook.txn;
