/**
 * What the broker knows: topics, partitions, configurations, features and itself. {@link
 * daybook.catalog.Catalog} keeps one immutable {@link daybook.catalog.Image}; it is changed only by replaying
 * records of the metadata log, {@code __cluster_metadata-0}, and nothing outside of this room cares where
 * those records come from. The tables of configuration keys are here too: {@link
 * daybook.catalog.BrokerConfig}, {@link daybook.catalog.TopicConfigs}, {@link daybook.catalog.GroupConfigs}.
 *
 * <p>The log has batches of magic 2, each stamped with the leader epoch of the start that wrote it. A change
 * is one batch, whole or not there. The value of a record, whose key is null:
 * <pre>
 *   varint 1 (frame version) | varint type | varint version | flexible message of metadata-records/*.json
 * </pre>
 * Control batches are Raft's own. An epoch begins with one:
 * <pre>
 *   key    int16 0 (version) | int16 2 (leader change)
 *   value  int16 0 (version) | int32 leader | array of { int32 voter } | array of { int32 granting voter }
 * </pre>
 * A new log then has, in one batch: FeatureLevel records, the cluster's {@code min.insync.replicas},
 * RegisterBroker, whose broker epoch is its own offset, and BrokerRegistrationChange, which lifts the fence;
 * every later start has the last two. {@link daybook.catalog.Quorum} draws the files beside the log. Apache
 * Kafka 4.3 goes on with such a directory (its own configuration needs a controller listener named
 * CONTROLLER), and Daybook with one of Kafka's: it keeps the levels of the features that it does not have,
 * and the records of what it does not serve, which it warns of.
 *
 * <p>{@link daybook.catalog.Snapshots} draws what lets the log begin later than at offset 0.
 *
 * <p>Lock: {@code Catalog.lock}, held from the decision on a change until its listeners were called. Who
 * holds it may take any lock of {@code daybook.log}; nobody who holds one of those may ask for a change. The
 * image is read without a lock.
 */
package daybook.catalog;
