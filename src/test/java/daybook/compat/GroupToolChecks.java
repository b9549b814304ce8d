package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectContains;
import static daybook.compat.CheckFailed.expectEqual;

import java.nio.file.Files;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;

/** Apache Kafka's command line tools that ask about groups, or consume as members of one. */
final class GroupToolChecks {
    private static final String GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    private static final String ALL_GROUPS = "org.apache.kafka.tools.GroupsCommand";
    private static final String PERFORMANCE = "org.apache.kafka.tools.ConsumerPerformance";
    private static final String LATENCY = "org.apache.kafka.tools.EndToEndLatency";
    private static final String CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    private static final int RECORDS = 100;

    private final Report report;
    private final Broker broker;
    private final Tools tools;
    private final Clients clients;
    /** The timestamp of the first record; later ones have a second more each. */
    private final long firstMs = System.currentTimeMillis() - 3_600_000;

    GroupToolChecks(Report report, Broker broker, Tools tools) {
        this.report = report;
        this.broker = broker;
        this.tools = tools;
        this.clients = new Clients(broker::address);
    }

    void run() {
        report.check("group: kafka-consumer-groups, kafka-groups: live groups", () ->
                Group.check(clients, "tool-classic", classic ->
                        Group.check(clients, "tool-consumer", consumer -> live(classic, consumer))));
        report.check("group: kafka-consumer-groups: offsets reset and deleted, groups deleted", () ->
                Group.check(clients, "tool-group-offsets", this::empty));
        report.check("group: kafka-console-consumer goes on where it was", () ->
                Group.check(clients, "tool-console-group", this::console));
        for (var protocol : List.of("classic", "consumer")) {
            report.check("group: kafka-consumer-perf-test, " + protocol, () ->
                    Group.check(clients, "tool-perf-" + protocol, group -> performance(group, protocol)));
        }
        report.check("group: kafka-e2e-latency", () -> Group.check(clients, "tool-latency", group -> {
            var text = run(LATENCY, "--topic", group.name(), "--num-records", "50", "--producer-acks", "all",
                    "--record-size", "100").text();
            expectContains(text, "Avg latency: ");
            expectContains(text, "Percentiles: 50th = ");
        }));
    }

    /** Runs a tool; what it says goes into one text, for errors stand among the answers. */
    private Program run(String tool, String... arguments) throws Exception {
        var all = Stream.concat(Stream.of("--bootstrap-server", broker.address()), Stream.of(arguments));
        return tools.run(tool, all.toArray(String[]::new)).expectSuccess();
    }

    private String groups(String... arguments) throws Exception {
        var program = run(GROUPS, arguments);
        return program.text() + program.error();
    }

    /** The rows of tables, each as its values by the names of its columns, none of which has a blank. */
    private static List<Map<String, String>> rows(String text) {
        var rows = new ArrayList<Map<String, String>>();
        var columns = new String[0];
        for (var line : text.replace("COORDINATOR (ID)", "COORDINATOR ID").lines().toList()) {
            var words = line.strip().split("\\s+");
            if (words[0].equals("GROUP")) {
                columns = words;
            } else if (words.length > 1 && words.length == columns.length) {
                var row = new HashMap<String, String>();
                for (int i = 0; i < words.length; i++) {
                    row.put(columns[i], words[i]);
                }
                rows.add(row);
            }
        }
        return rows;
    }

    private void live(Group classic, Group consumer) throws Exception {
        for (var group : List.of(classic, consumer)) {
            group.write(RECORDS, firstMs);
            var settings = Group.settings(group == classic ? "classic" : "consumer");
            group.settles(group.join("one", settings), group.join("two", settings));
            group.reads(RECORDS);
        }
        var both = new String[] {"--describe", "--group", classic.name(), "--group", consumer.name()};
        var offsets = rows(groups(both));
        expectEqual(2 * Group.PARTITIONS, offsets.size(), "partitions described");
        for (var row : offsets) {
            var group = row.get("GROUP").equals(classic.name()) ? classic : consumer;
            var partition = new TopicPartition(row.get("TOPIC"), Integer.parseInt(row.get("PARTITION")));
            expectEqual("100 100 0 /127.0.0.1", row.get("CURRENT-OFFSET") + " " + row.get("LOG-END-OFFSET")
                    + " " + row.get("LAG") + " " + row.get("HOST"), "offsets, lag and host of " + partition);
            expect(group.ledger().owned(row.get("CLIENT-ID")).contains(partition),
                    row + ", where there is " + group.ledger());
        }
        members(rows(groups(with(both, "--members", "--verbose"))), classic, consumer);
        states(rows(groups(with(both, "--state", "--verbose"))), classic, consumer);
        listed(classic.name(), consumer.name());

        var one = new String[] {"--group", consumer.name()};
        expectContains(groups(with(one, "--reset-offsets", "--topic", consumer.name(), "--to-earliest",
                "--execute")), "Assignments can only be reset if the group 'tool-consumer' is inactive, but "
                + "the current state is Stable.");
        expectContains(groups(with(one, "--delete-offsets", "--topic", consumer.name())),
                "GroupSubscribedToTopicException");
        expectContains(groups("--delete", "--group", classic.name(), "--group", consumer.name()),
                "GroupNotEmptyException");
        classic.reads(RECORDS);
        consumer.reads(RECORDS);
    }

    private static void members(List<Map<String, String>> rows, Group classic, Group consumer) {
        expectEqual(4, rows.size(), "members described");
        for (var row : rows) {
            var old = row.get("GROUP").equals(classic.name());
            var owned = new TreeSet<Integer>();
            var group = old ? classic : consumer;
            group.ledger().owned(row.get("CLIENT-ID")).forEach(partition -> owned.add(partition.partition()));
            var assignment = group.name() + ":" + owned.toString().replaceAll("[\\[\\] ]", "");
            expectEqual(Integer.toString(owned.size()), row.get("#PARTITIONS"), "number of partitions");
            expectEqual(assignment, row.get("CURRENT-ASSIGNMENT"), "current assignment");
            expectEqual(old ? "-" : assignment, row.get("TARGET-ASSIGNMENT"), "target assignment");
            expectEqual(old, row.get("CURRENT-EPOCH").equals("-"), "no epoch");
            expectEqual(row.get("CURRENT-EPOCH"), row.get("TARGET-EPOCH"), "target epoch");
        }
    }

    private void states(List<Map<String, String>> rows, Group classic, Group consumer) {
        var told = new TreeMap<String, String>();
        for (var row : rows) {
            told.put(row.get("GROUP"), row.get("COORDINATOR") + row.get("ID") + " "
                    + row.get("ASSIGNMENT-STRATEGY") + " " + row.get("STATE") + " " + row.get("#MEMBERS"));
        }
        expectEqual(Map.of(classic.name(), broker.address() + "(1) range Stable 2",
                consumer.name(), broker.address() + "(1) uniform Stable 2"), told, "states described");
    }

    private void listed(String classic, String consumer) throws Exception {
        var states = rows(groups("--list", "--state", "stable", "--type", "classic,consumer"));
        expect(states.containsAll(List.of(
                Map.of("GROUP", classic, "TYPE", "Classic", "STATE", "Stable"),
                Map.of("GROUP", consumer, "TYPE", "Consumer", "STATE", "Stable"))), "listed: " + states);
        var all = rows(run(ALL_GROUPS, "--list").text());
        expect(all.containsAll(List.of(
                Map.of("GROUP", classic, "TYPE", "Classic", "PROTOCOL", "consumer"),
                Map.of("GROUP", consumer, "TYPE", "Consumer", "PROTOCOL", "consumer"))), "listed: " + all);
        var consumers = rows(run(ALL_GROUPS, "--list", "--group-type", "consumer").text());
        expect(consumers.stream().allMatch(row -> row.get("TYPE").equals("Consumer")), "listed: " + consumers);
    }

    private static String[] with(String[] first, String... more) {
        return Stream.concat(Stream.of(first), Stream.of(more)).toArray(String[]::new);
    }

    /** A group without members; after each command its offsets are what was asked for. */
    private void empty(Group group) throws Exception {
        var topic = group.name();
        group.write(RECORDS, firstMs);
        var all = new String[] {"--reset-offsets", "--group", topic, "--all-topics", "--execute"};
        groups("--reset-offsets", "--group", topic, "--topic", topic, "--to-offset", "42", "--execute");
        expectOffsets(group, 42, 42, 42, 42, 42, 42);
        groups("--reset-offsets", "--group", topic, "--topic", topic + ":0,1", "--shift-by", "-10",
                "--execute");
        expectOffsets(group, 32, 32, 42, 42, 42, 42);
        var described = rows(groups("--describe", "--group", topic));
        expectEqual("[32 100 68 -, 32 100 68 -, 42 100 58 -]", described.stream().limit(3).map(row ->
                row.get("CURRENT-OFFSET") + " " + row.get("LOG-END-OFFSET") + " " + row.get("LAG") + " "
                + row.get("CONSUMER-ID")).toList().toString(), "offsets and lags");
        var time = LocalDateTime.ofInstant(Instant.ofEpochMilli(firstMs + 55_000), ZoneOffset.UTC);
        groups(with(all, "--to-datetime", time.withNano(time.getNano() / 1_000_000 * 1_000_000) + "Z"));
        expectOffsets(group, 55, 55, 55, 55, 55, 55);
        groups(with(all, "--to-latest"));
        expectOffsets(group, 100, 100, 100, 100, 100, 100);
        var dry = groups("--reset-offsets", "--group", topic, "--all-topics", "--by-duration", "P1D",
                "--dry-run", "--export");
        expectContains(dry, topic + ",5,0");
        expectOffsets(group, 100, 100, 100, 100, 100, 100);
        var file = Files.createTempFile(tools.directory(), "offsets", ".csv");
        Files.writeString(file, "%s,0,1%n%s,5,6%n".formatted(topic, topic));
        groups("--reset-offsets", "--group", topic, "--from-file", file.toString(), "--execute");
        expectOffsets(group, 1, 100, 100, 100, 100, 6);

        expectContains(groups("--delete-offsets", "--group", topic, "--topic", topic + ":2,3"), "Successful");
        expectEqual(Set.of(0, 1, 4, 5), Set.copyOf(group.offsets().keySet().stream()
                .map(TopicPartition::partition).toList()), "partitions with offsets");
        expectContains(groups("--delete", "--group", topic),
                "Deletion of requested consumer groups ('" + topic + "') was successful.");
        expect(!groups("--list").lines().toList().contains(topic), "it is listed after its deletion");
        expectContains(groups("--describe", "--group", topic), "GroupIdNotFoundException");
    }

    private static void expectOffsets(Group group, long... expected) throws Exception {
        var offsets = new HashMap<TopicPartition, Long>();
        for (int partition = 0; partition < expected.length; partition++) {
            offsets.put(new TopicPartition(group.name(), partition), expected[partition]);
        }
        expectEqual(offsets, group.offsets(), "offsets");
    }

    private void console(Group group) throws Exception {
        group.write(RECORDS, firstMs);
        int half = RECORDS * Group.PARTITIONS / 2;
        var lines = new ArrayList<String>();
        for (var protocol : List.of("classic", "consumer")) {
            lines.addAll(run(CONSUMER, "--topic", group.name(), "--group", group.name(), "--from-beginning",
                    "--max-messages", Integer.toString(half), "--timeout-ms", "60000", "--command-property",
                    "group.protocol=" + protocol).lines());
        }
        var expected = new ArrayList<String>();
        for (int number = 0; number < 2 * half; number++) {
            expected.add("record " + number / Group.PARTITIONS);
        }
        lines.sort(null);
        expected.sort(null);
        expectEqual(expected, lines, "lines of two consumers one after the other");
    }

    private void performance(Group group, String protocol) throws Exception {
        int each = 5_000;
        group.write(each, firstMs);
        int count = each * Group.PARTITIONS;
        var lines = run(PERFORMANCE, "--topic", group.name(), "--group", group.name(), "--num-records",
                Integer.toString(count), "--hide-header", "--command-property", "group.protocol=" + protocol)
                .lines();
        expectEqual(Integer.toString(count), lines.getLast().split(", ")[4], "records consumed");
        expectOffsets(group, each, each, each, each, each, each);
    }
}
