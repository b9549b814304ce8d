/**
 * Consumer groups: who shares the work of which topics, and how far they have come. All of it is the state of
 * the shards of {@code __consumer_offsets}, on the frame of {@code daybook.coordinator}; a group's id says in
 * which shard it is.
 *
 * <pre>
 *   Groups                   the state of one shard: its groups and offsets; from records to changes
 *     ClassicGroup           members agree among themselves: join, sync, heartbeat, leave
 *     ConsumerGroup          the broker assigns, members are led there by heartbeats (KIP-848)
 *       Migration            one kind of group becomes the other while it has members
 *       MixedProtocol        members with the classic protocol in a consumer group
 *     Offsets                what was committed, in groups of either kind and without one
 * </pre>
 * A group of either kind is made when its first member comes, or, as an empty classic one, by the first
 * commit; one kind becomes the other when members of the other protocol come to it (KIP-848).
 *
 * <p>What is in records survives a crash: the members and the assignment of a classic group since it was last
 * stable, all of a consumer group, all offsets, also those of transactions that have not ended. Who waits
 * for an answer and when members are given up is kept beside it; after a start each member has its whole
 * session timeout anew.
 *
 * <p>No locks: all here is guarded by that of the shard.
 */
package daybook.group;
