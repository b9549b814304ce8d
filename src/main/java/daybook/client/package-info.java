/**
 * The other side of the protocol: {@code Producer}, {@code Consumer} and {@code Admin}, against Daybook and
 * any Kafka broker whose APIs are flexible in their versions (KIP-482). Of the broker's rooms it uses only
 * the bytes ({@code wire}) and the batches ({@code record}), so that a program takes nothing of a broker
 * with it.
 *
 * <p>Its methods block, for they are made for virtual threads; what goes on behind them runs on virtual
 * threads of its own, but for the readers of connections and a producer's thread. {@link
 * daybook.client.Connection} speaks to one broker, {@link daybook.client.Cluster} knows all of them; a
 * producer, a consumer or an admin has a cluster of its own. What is asked about many things at once, each
 * of the broker that has it, is an {@link daybook.client.Inquiry}. {@link daybook.client.Call} is the one
 * table of the APIs that are called.
 *
 * <p>Connections are plain TCP. What would encrypt or authenticate one belongs between its channel and its
 * first request, in {@code Connection.open}, and nothing outside that class would know.
 *
 * <p>A {@link daybook.client.Consumer} has a thread that looks up where to read ({@link
 * daybook.client.Locator}), one for each broker that it reads from ({@link daybook.client.Fetcher}), and as a
 * member of a group one for its heartbeats ({@link daybook.client.Member}); they and the caller meet in
 * {@link daybook.client.Feeds}.
 *
 * <p>A {@link daybook.client.Producer} has an {@link daybook.client.Outbox} for each partition, where callers
 * fill batches, and one thread, the {@link daybook.client.Sender}'s, that has all the rest: it decides what
 * is sent, and what follows from an answer. It never waits for a broker; what may do so (connecting,
 * writing more than the socket surely takes, asking for topics) goes on beside it, each on a virtual thread
 * of its own, and tells it the end.
 *
 * <p>Locks, in the order in which they are taken: {@code ProducerTransactions.turn}, {@code
 * Outbox.lock}, {@code Cluster.connecting}, {@code Connection.writing}. The
 * consumer's ({@code Feeds.guarded}, {@code Member.guarded}, {@code Consumer.committing}) are never held
 * together with another. While an answer is waited for only {@code turn} and {@code connecting} are held: by
 * whoever begins or ends a transaction, or makes a connection.
 *
 * <p>The room has six times the lines that were meant for it. What it does for a producer and a consumer is
 * what makes them safe to use (order and exactly-once through failures, hand-over of partitions, bounds), and
 * the admin is a broad one; each of the three is about what was meant for all.
 */
package daybook.client;
