/**
 * Measures Daybook beside Apache Kafka, for {@code make bench}: the brokers, and the clients. Each broker is
 * a process of its own, started anew on an empty directory for every load of every round, never both at once.
 * The load on brokers is the same and comes from this process, over connections that speak bytes, so that it
 * costs as little as it can; transactions alone are those of Apache Kafka's Java producer, whose way with
 * them is part of it. Clients and tools that are compared are processes too, each alone with the broker. Each
 * does first what it is to measure once unmeasured, for a JVM is slow at its beginning. Nothing here is
 * asserted but that the answers are right: figures are printed, people judge them.
 *
 * <pre>
 *   Bench ── Subject           a broker that is measured: its address, its processor time, its memory
 *     ├── Mode                 how thoroughly
 *     ├── Figures              what a load measured
 *     ├── Results              every single value of all loads, in CSV, and the tables of them
 *     ├── Chart                the ratios that matter most, as a picture
 *     └── Load                 what a broker is asked to do
 *           ├── ProduceLoad      batches in bulk, of 16 KB, of a single record, by one or many, forced
 *           ├── Start            from the start of its program to the first record acknowledged
 *           ├── Idle             what it costs when there is nothing to do
 *           ├── Partitions       topics of many partitions
 *           ├── CreateTopics     many topics
 *           ├── Consume          old records, from the page cache
 *           ├── ColdConsume      old records, from the disk
 *           ├── Tail             records read as they are written, by one and by ten
 *           ├── Latency          from the time at which a batch is to be sent to its arrival at a consumer
 *           ├── ClassicGroups    1,000 groups of 10 in the classic protocol, then their heartbeats alone
 *           ├── ConsumerGroups   1,000 groups of 10 in the consumer protocol
 *           ├── LargeGroup       one group of 1,000, in either protocol; one member leaves
 *           ├── Commits          offsets committed by 1, 10 and 100 members at once
 *           ├── Transactions     committed by 1 and by 8 producers at once
 *           ├── ClientLoad       Daybook's and Kafka's clients with the same broker, to send or to read
 *           └── ToolLoad         bin/daybook perf and Kafka's performance tools with the same broker
 *   ClientRun ── Client        one of the clients at work, in a process of its own
 *   LeanConsumer               fetches over one connection, and looks at headers only
 *   LeanProducer               sends ProduceRequests, which are made beforehand
 *   Topics                     makes topics and sends batches to them
 *   Child                      such a process
 *   ClassicMember, ConsumerMember   a member of a group, over a Connection of its own
 * </pre>
 *
 * A load is added as a class, and with its name in {@link daybook.bench.Bench}.
 */
package daybook.bench;
