package daybook.api;

import java.util.List;

/** The one table of APIs: what is not here is not served, and ApiVersions answers from it. */
public final class Apis {
    private static final int NEVER = Integer.MAX_VALUE;

    private final List<Api> table;
    private final Api[] byKey;

    /** Builds the table, in the order of the keys. */
    public Apis(Services services) {
        this.table = List.of(
                new Api(0, "Produce", 0, 3, 13, 9, true, new Produce(services)::serve),
                new Api(1, "Fetch", 4, 18, 12, new Fetch(services)::serve),
                new Api(2, "ListOffsets", 1, 11, 6, new ListOffsets(services)::serve),
                new Api(3, "Metadata", 0, 13, 9, new Metadata(services)::serve),
                new Api(8, "OffsetCommit", 2, 2, 10, 8, true, new OffsetCommit(services)::serve),
                new Api(9, "OffsetFetch", 1, 10, 6, new OffsetFetch(services)::serve),
                new Api(10, "FindCoordinator", 0, 6, 3, new FindCoordinator(services)::serve),
                new Api(11, "JoinGroup", 0, 9, 6, new JoinGroup(services)::serve),
                new Api(12, "Heartbeat", 0, 4, 4, new Heartbeat(services)::serve),
                new Api(13, "LeaveGroup", 0, 5, 4, new LeaveGroup(services)::serve),
                new Api(14, "SyncGroup", 0, 5, 4, new SyncGroup(services)::serve),
                new Api(15, "DescribeGroups", 0, 6, 5, new DescribeGroups(services)::serve),
                new Api(16, "ListGroups", 0, 5, 3, new ListGroups(services)::serve),
                new Api(18, "ApiVersions", 0, 4, 3, new ApiVersions(services, this)::serve),
                new Api(19, "CreateTopics", 2, 7, 5, new CreateTopics(services)::serve),
                new Api(20, "DeleteTopics", 1, 6, 4, new DeleteTopics(services)::serve),
                new Api(21, "DeleteRecords", 0, 2, 2, new DeleteRecords(services)::serve),
                new Api(22, "InitProducerId", 0, 5, 2, new InitProducerId(services)::serve),
                new Api(23, "OffsetForLeaderEpoch", 2, 4, 4, new OffsetForLeaderEpoch(services)::serve),
                new Api(24, "AddPartitionsToTxn", 0, 5, 3, new AddPartitionsToTxn(services)::serve),
                new Api(25, "AddOffsetsToTxn", 0, 4, 3, new AddOffsetsToTxn(services)::serve),
                new Api(26, "EndTxn", 0, 5, 3, new EndTxn(services)::serve),
                new Api(27, "WriteTxnMarkers", 1, 2, 1, new WriteTxnMarkers(services)::serve),
                new Api(28, "TxnOffsetCommit", 0, 5, 3, new TxnOffsetCommit(services)::serve),
                new Api(32, "DescribeConfigs", 1, 4, 4, new DescribeConfigs(services)::serve),
                new Api(33, "AlterConfigs", 0, 2, 2, new AlterConfigs(services)::serve),
                new Api(35, "DescribeLogDirs", 1, 5, 2, new DescribeLogDirs(services)::serve),
                new Api(37, "CreatePartitions", 0, 3, 2, new CreatePartitions(services)::serve),
                new Api(42, "DeleteGroups", 0, 2, 2, new DeleteGroups(services)::serve),
                new Api(43, "ElectLeaders", 0, 2, 2, new ElectLeaders(services)::serve),
                new Api(44, "IncrementalAlterConfigs", 0, 1, 1, new IncrementalAlterConfigs(services)::serve),
                new Api(45, "AlterPartitionReassignments", 0, 1, 0,
                        new AlterPartitionReassignments(services)::serve),
                new Api(46, "ListPartitionReassignments", 0, 0, 0,
                        new ListPartitionReassignments(services)::serve),
                new Api(47, "OffsetDelete", 0, 0, NEVER, new OffsetDelete(services)::serve),
                new Api(55, "DescribeQuorum", 0, 2, 0, new DescribeQuorum(services)::serve),
                new Api(57, "UpdateFeatures", 0, 2, 0, new UpdateFeatures(services)::serve),
                new Api(60, "DescribeCluster", 0, 2, 0, new DescribeCluster(services)::serve),
                new Api(61, "DescribeProducers", 0, 0, 0, new DescribeProducers(services)::serve),
                new Api(64, "UnregisterBroker", 0, 0, 0, new UnregisterBroker(services)::serve),
                new Api(65, "DescribeTransactions", 0, 0, 0, new DescribeTransactions(services)::serve),
                new Api(66, "ListTransactions", 0, 2, 0, new ListTransactions(services)::serve),
                new Api(68, "ConsumerGroupHeartbeat", 0, 1, 0, new ConsumerGroupHeartbeat(services)::serve),
                new Api(69, "ConsumerGroupDescribe", 0, 1, 0, new ConsumerGroupDescribe(services)::serve),
                new Api(74, "ListConfigResources", 0, 1, 0, new ListConfigResources(services)::serve),
                new Api(75, "DescribeTopicPartitions", 0, 0, 0,
                        new DescribeTopicPartitions(services)::serve));
        this.byKey = new Api[table.getLast().key() + 1];
        for (var api : table) {
            byKey[api.key()] = api;
        }
    }

    /** All APIs, in the order of their keys. */
    public List<Api> table() {
        return table;
    }

    /** The API with this key, or null. */
    Api find(int key) {
        return key >= 0 && key < byKey.length ? byKey[key] : null;
    }
}
