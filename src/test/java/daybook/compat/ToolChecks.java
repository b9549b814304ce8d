package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectContains;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.CheckFailed.expectSameBytes;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/**
 * Apache Kafka's command line tools, but for those that are about groups or members of one: see {@link
 * GroupToolChecks}.
 */
final class ToolChecks {
    private static final String TOPICS = "org.apache.kafka.tools.TopicCommand";
    private static final String CONFIGS = "kafka.admin.ConfigCommand";
    private static final String OFFSETS = "org.apache.kafka.tools.GetOffsetShell";
    private static final String PRODUCER = "org.apache.kafka.tools.ConsoleProducer";
    private static final String CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer";

    private final Report report;
    private final Broker broker;
    private final Tools tools;
    private final Sample sample;

    ToolChecks(Report report, Broker broker, Tools tools, Sample sample) {
        this.report = report;
        this.broker = broker;
        this.tools = tools;
        this.sample = sample;
    }

    void run() {
        report.check("kafka-topics: create, list, describe, alter, delete", this::topics);
        report.check("kafka-configs: topics", this::topicConfigs);
        report.check("kafka-configs: brokers", this::brokerConfigs);
        report.check("kafka-console-producer and -consumer", this::console);
        report.check("kafka-console-producer and -consumer: keys and headers", this::consoleKeys);
        report.check("kafka-get-offsets, kafka-delete-records", this::offsetsAndDeletion);
        report.check("kafka-log-dirs", this::logDirs);
        report.check("kafka-producer-perf-test: 100 B and 1,000 B records", this::producerPerf);
        report.check("kafka-broker-api-versions, -features, -cluster, -metadata-quorum", this::cluster);
        report.check("kafka-leader-election, -reassign-partitions", this::leadersAndReplicas);
    }

    /** Runs a tool with {@code --bootstrap-server} before the other arguments. */
    private Program tool(byte[] input, String tool, String... arguments) throws Exception {
        var all = new ArrayList<>(List.of("--bootstrap-server", broker.address()));
        all.addAll(List.of(arguments));
        return tools.run(input, tool, all.toArray(String[]::new));
    }

    private Program tool(String tool, String... arguments) throws Exception {
        return tool(new byte[0], tool, arguments).expectSuccess();
    }

    private void topics() throws Exception {
        tool(TOPICS, "--create", "--topic", "tool-topics", "--partitions", "3", "--replication-factor", "1",
                "--config", "retention.ms=123456", "--config", "cleanup.policy=delete");
        var described = tool(TOPICS, "--describe", "--topic", "tool-topics").text();
        expectContains(described, "PartitionCount: 3\tReplicationFactor: 1");
        expectContains(described, "retention.ms=123456");
        expectContains(described, "Partition: 2\tLeader: 1\tReplicas: 1\tIsr: 1");
        var again = tool(new byte[0], TOPICS, "--create", "--topic", "tool-topics");
        expect(again.status() != 0, "a topic was created twice");
        expectContains(again.text() + again.error(), "Topic 'tool-topics' already exists.");
        tool(TOPICS, "--alter", "--topic", "tool-topics", "--partitions", "5");
        expectContains(tool(TOPICS, "--describe", "--topic", "tool-topics").text(), "PartitionCount: 5");
        expect(tool(TOPICS, "--list").lines().contains("tool-topics"), "the topic is not listed");
        tool(TOPICS, "--delete", "--topic", "tool-topics");
        expect(!tool(TOPICS, "--list").lines().contains("tool-topics"), "it is listed after its deletion");
    }

    private void topicConfigs() throws Exception {
        tool(TOPICS, "--create", "--topic", "tool-configs");
        var topic = new String[] {"--entity-type", "topics", "--entity-name", "tool-configs"};
        tool(CONFIGS, with(topic, "--alter", "--add-config",
                "cleanup.policy=[delete],max.message.bytes=2000000"));
        var described = tool(CONFIGS, with(topic, "--describe")).text();
        expectContains(described, "cleanup.policy=delete sensitive=false synonyms="
                + "{DYNAMIC_TOPIC_CONFIG:cleanup.policy=delete, DEFAULT_CONFIG:log.cleanup.policy=delete}");
        expectContains(described, "max.message.bytes=2000000 sensitive=false");
        tool(CONFIGS, with(topic, "--alter", "--delete-config", "cleanup.policy"));
        var after = tool(CONFIGS, with(topic, "--describe")).text();
        expect(!after.contains("cleanup.policy"), "a deleted config is still there: " + after);
        expectContains(tool(CONFIGS, with(topic, "--describe", "--all")).text(), "segment.bytes=1073741824");
        var wrong = tool(new byte[0], CONFIGS, with(topic, "--alter", "--add-config", "retention.ms=long"));
        expect(wrong.status() != 0, "a bad value was taken");
        expectContains(wrong.text() + wrong.error(),
                "Invalid value long for configuration retention.ms: Not a number of type LONG");
    }

    private void brokerConfigs() throws Exception {
        var one = new String[] {"--entity-type", "brokers", "--entity-name", "1"};
        tool(CONFIGS, with(one, "--alter", "--add-config", "log.retention.ms=86400000"));
        expectContains(tool(CONFIGS, with(one, "--describe")).text(),
                "log.retention.ms=86400000 sensitive=false synonyms={DYNAMIC_BROKER_CONFIG:log.retention.ms");
        expectContains(tool(CONFIGS, with(one, "--describe", "--all")).text(),
                "socket.request.max.bytes=104857600");
        tool(CONFIGS, with(one, "--alter", "--delete-config", "log.retention.ms"));
        var all = new String[] {"--entity-type", "brokers", "--entity-default"};
        tool(CONFIGS, with(all, "--alter", "--add-config", "message.max.bytes=1048589"));
        expectContains(tool(CONFIGS, with(all, "--describe")).text(), "message.max.bytes=1048589");
        tool(CONFIGS, with(all, "--alter", "--delete-config", "message.max.bytes"));
        var fixed = tool(new byte[0], CONFIGS, with(one, "--alter", "--add-config", "node.id=2"));
        expect(fixed.status() != 0, "node.id was changed");
        expectContains(fixed.text() + fixed.error(), "Cannot update these configs dynamically: [node.id]");
    }

    private void console() throws Exception {
        tool(sample.bytes(), PRODUCER, "--topic", "tool-console",
                "--compression-codec", "lz4").expectSuccess();
        var consumed = tool(CONSUMER, "--topic", "tool-console",
                "--partition", "0", "--offset", "earliest", "--max-messages", String.valueOf(Sample.LINES));
        expectSameBytes(sample.bytes(), consumed.output(), "what was consumed");
    }

    private void consoleKeys() throws Exception {
        tool(bytes("a:1,b:2\tkey one\tvalue one\nc:3\tkey two\tvalue two\n"),
                PRODUCER, "--topic", "tool-keys", "--reader-property",
                "parse.key=true", "--reader-property", "parse.headers=true").expectSuccess();
        var consumed = tool(CONSUMER, "--topic", "tool-keys", "--partition", "0", "--offset", "0",
                "--max-messages", "2", "--formatter-property", "print.key=true",
                "--formatter-property", "print.headers=true", "--formatter-property", "print.offset=true");
        expectEqual(List.of("Offset:0\ta:1,b:2\tkey one\tvalue one", "Offset:1\tc:3\tkey two\tvalue two"),
                consumed.lines(), "records");
    }

    private void offsetsAndDeletion() throws Exception {
        tool(TOPICS, "--create", "--topic", "tool-offsets", "--partitions", "2");
        tool("org.apache.kafka.tools.VerifiableProducer", "--topic", "tool-offsets", "--max-messages", "100");
        var sum = tool(OFFSETS, "--topic", "tool-offsets").lines().stream()
                .mapToInt(line -> Integer.parseInt(line.replaceFirst(".*:", ""))).sum();
        expectEqual(100, sum, "the latest offsets' sum");
        tool(sample.lines().stream().limit(50).reduce("", (all, line) -> all + line + "\n").getBytes(
                StandardCharsets.UTF_8), PRODUCER, "--topic", "tool-deleted")
                .expectSuccess();
        var file = Files.createTempFile(tools.directory(), "delete", ".json");
        Files.writeString(file, """
                {"partitions": [{"topic": "tool-deleted", "partition": 0, "offset": 20}], "version": 1}
                """);
        var command = "org.apache.kafka.tools.DeleteRecordsCommand";
        expectContains(tool(command, "--offset-json-file", file.toString()).text(),
                "partition: tool-deleted-0\tlow_watermark: 20");
        var earliest = tool(OFFSETS, "--topic", "tool-deleted", "--time", "earliest").lines();
        expectEqual(List.of("tool-deleted:0:20"), earliest, "the earliest offset");
        var rest = tool(CONSUMER, "--topic", "tool-deleted",
                "--partition", "0", "--offset", "earliest", "--max-messages", "30").lines();
        expectEqual(sample.lines().subList(20, 50), rest, "what is left");
    }

    private void logDirs() throws Exception {
        tool(bytes("one\n"), PRODUCER, "--topic", "tool-dirs").expectSuccess();
        var command = "org.apache.kafka.tools.LogDirsCommand";
        var text = tool(command, "--describe", "--topic-list", "tool-dirs").text();
        expectContains(text, "\"partition\":\"tool-dirs-0\",\"size\":71,\"offsetLag\":0,\"isFuture\":false");
        expectContains(text, "\"error\":null,\"logDir\":\"" + broker.data() + "\"");
    }

    private void producerPerf() throws Exception {
        perf("tool-perf-100", "200000", "100", "acks=all", "compression.type=none");
        perf("tool-perf-1000", "20000", "1000", "acks=1", "compression.type=zstd");
    }

    private void perf(String topic, String records, String bytes, String... properties) throws Exception {
        var arguments = new String[] {"--topic", topic, "--num-records", records, "--record-size", bytes,
                "--throughput", "-1", "--command-property"};
        var text = tool("org.apache.kafka.tools.ProducerPerformance", with(arguments, properties)).text();
        expectContains(text, records + " records sent, ");
        var latest = tool(OFFSETS, "--topic", topic).lines();
        expectEqual(List.of(topic + ":0:" + records), latest, "the latest offset");
    }

    private void cluster() throws Exception {
        var versions = tool("org.apache.kafka.tools.BrokerApiVersionsCommand").text();
        expectContains(versions, broker.address() + " (id: 1 rack: null isFenced: false) -> (");
        expectContains(versions, "Produce(0): 0 to 13 [usable: 13]");
        var features = tool("org.apache.kafka.tools.FeatureCommand", "describe").text();
        expectContains(features, "Feature: metadata.version");
        var id = tools.run("org.apache.kafka.tools.ClusterTool", "cluster-id", "--bootstrap-server",
                broker.address()).expectSuccess().text();
        var quorum = tool("org.apache.kafka.tools.MetadataQuorumCommand", "describe", "--status").text();
        expect(id.startsWith("Cluster ID: "), "the cluster id is missing: " + id);
        expectContains(quorum.replaceAll(" +", " "), "ClusterId: " + id.strip().replace("Cluster ID: ", ""));
        expectContains(quorum.replaceAll(" +", " "), "LeaderId: 1\n");
    }

    private void leadersAndReplicas() throws Exception {
        tool(TOPICS, "--create", "--topic", "tool-leaders", "--partitions", "2");
        var elected = tool("org.apache.kafka.tools.LeaderElectionCommand", "--election-type", "preferred",
                "--topic", "tool-leaders", "--partition", "1").text();
        expectContains(elected, "Valid replica already elected for partitions tool-leaders-1");
        var file = Files.createTempFile(tools.directory(), "reassign", ".json");
        Files.writeString(file, """
                {"version": 1, "partitions": [{"topic": "tool-leaders", "partition": 0, "replicas": [1]}]}
                """);
        var command = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
        expectContains(tool(command, "--execute", "--reassignment-json-file", file.toString()).text(),
                "Successfully started partition reassignment for tool-leaders-0");
        expectContains(tool(command, "--verify", "--reassignment-json-file", file.toString()).text(),
                "Reassignment of partition tool-leaders-0 is completed.");
        expectContains(tool(command, "--list").text(), "No partition reassignments found.");
    }

    private static String[] with(String[] first, String... more) {
        var all = new ArrayList<>(List.of(first));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
