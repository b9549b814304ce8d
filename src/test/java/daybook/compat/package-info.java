/**
 * Real clients against a real broker, for {@code make compat} and {@code make torture}: kcat, Apache Kafka's
 * tools and Java clients, and kafkajs, all unmodified; and our own client against Daybook and
 * against Apache Kafka. Only here do tests need programs and libraries from elsewhere, so this package is
 * compiled apart from the other tests.
 *
 * <p>{@link daybook.compat.Compat} starts {@code bin/daybook} as a process of its own, runs the checks one
 * after another, and compares contents byte for byte. A check has a time limit, prints one line ({@code ok
 * NAME (ms)} or {@code FAILED NAME: why}) and uses topics of its own, so that a failed one hinders few
 * others: those about restarts and the disk look at what earlier ones wrote.
 *
 * <pre>
 *   Compat ── Report        runs a check, prints its line, counts
 *     ├── Broker            bin/daybook as a process: start, SIGTERM, kill -9
 *     ├── Sample            100,000 lines of real text
 *     ├── KcatChecks        librdkafka, by Program
 *     ├── ToolChecks        Apache Kafka's command line tools, each a JVM, by Program
 *     ├── ClientChecks      Apache Kafka's Java producer and consumer, in this JVM
 *     ├── AdminChecks       its admin client
 *     ├── CompactionChecks  a compacted topic, which DiskChecks and ExchangeChecks look into later
 *     ├── KafkajsChecks     kafkajs.js, by Program
 *     ├── GroupChecks       groups of Java consumers, of both protocols, killed and restarted
 *     │   ├── GroupHistory  what happens to one group at random
 *     │   ├── Group         one group: its topics, what feeds them, its members
 *     │   ├── Member        a consumer that tells the ledger all that happens to it
 *     │   └── Ledger        who has what, was given what and committed what: finds every breach
 *     ├── GroupAdminChecks  the admin client's calls about groups; commits of no member
 *     ├── GroupToolChecks   Kafka's tools about groups, or consuming in one
 *     ├── GroupProgramChecks members in processes of their own, killed: VerifiableConsumer, kcat, kafkajs
 *     ├── TransactionClientChecks  transactions of Java producers, also over stops and kills of the broker
 *     │   └── TransactedTopic       a topic that is written to in transactions, read both ways
 *     ├── TransactionOffsetChecks  offsets that members and others commit in transactions
 *     ├── TransactionDuelChecks    producers that take an id from each other, while the broker is killed
 *     ├── TransactionCompactionChecks  transactions in a compacted topic
 *     ├── TransactionToolChecks    listed, described, ended, found hanging: admin client, kafka-transactions
 *     ├── TransactionProgramChecks kcat, kafkajs-transactions.js, Kafka's message copier, by Program
 *     ├── TransactionLoopChecks    Worker processes that read, write and commit, killed; the broker too
 *     ├── StreamsChecks            WordCount, a process of Kafka Streams, killed; the broker too
 *     ├── RestartChecks     a clean stop and kill -9 under a producer at work
 *     ├── DiskChecks        Apache Kafka's DumpLogSegments over what Daybook wrote
 *     ├── ExchangeChecks    Apache Kafka opens Daybook's directory, and Daybook opens it again
 *     ├── Target            a broker that our own client is checked against: Daybook, then Apache Kafka
 *     │   ├── OurProducerChecks     what our producer writes, as Kafka's consumer and ours read it
 *     │   ├── OurConsumerChecks     what Kafka's producer writes, as our consumer reads it
 *     │   ├── OurGroupChecks        our consumers and Kafka's as members of a group
 *     │   ├── OurTransactionChecks  our producer's transactions, as Kafka's consumer and ours see them
 *     │   ├── OurAdminChecks        our admin beside Kafka's
 *     │   ├── OurCommandChecks      bin/daybook's commands
 *     │   └── Seen                  a record as any consumer was given it
 *     ├── TwoBrokersChecks  Daybook opens Apache Kafka's, and both go on with it in turn, killed and stopped
 *     └── TransactionChecks what Apache Kafka wrote in transactions, as Daybook gives it
 *
 *   Torture ── Broker        killed again and again, for make torture
 *     ├── TortureLoad       idempotent producers, and what was acknowledged to them
 *     └── TortureCheck      a partition against that
 * </pre>
 */
package daybook.compat;
