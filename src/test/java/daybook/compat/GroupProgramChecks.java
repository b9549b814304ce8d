package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.common.TopicPartition;

/**
 * Members that are processes of their own, one of which is killed: Apache Kafka's VerifiableConsumer, kcat
 * (librdkafka); and two of kafkajs in one process.
 */
final class GroupProgramChecks {
    private static final String VERIFIABLE = "org.apache.kafka.tools.VerifiableConsumer";
    private static final Path SCRIPT = Path.of("src/test/java/daybook/compat/kafkajs-groups.js");
    private static final Pattern CONSUMED = Pattern.compile("\"topic\":\"([^\"]*)\",\"partition\":(\\d+),"
            + "\"count\":(\\d+),\"minOffset\":(\\d+),\"maxOffset\":(\\d+)");
    private static final Pattern COMMITTED = Pattern.compile(
            "\\{\"topic\":\"([^\"]*)\",\"partition\":(\\d+),\"offset\":(\\d+)}");

    private final Report report;
    private final Broker broker;
    private final Tools tools;
    private final Path modules;
    private final Path directory;
    private final Clients clients;

    GroupProgramChecks(Report report, Broker broker, Tools tools, Path modules, Path directory) {
        this.report = report;
        this.broker = broker;
        this.tools = tools;
        this.modules = modules;
        this.directory = directory;
        this.clients = new Clients(broker::address);
    }

    /** What a member says that it was given, and that it committed. */
    private record Said(Map<TopicPartition, List<long[]>> given, Map<TopicPartition, Long> committed) {
        /** Of what a VerifiableConsumer writes; a last line that is cut off says nothing. */
        static Said byVerifiable(String text) {
            var given = new HashMap<TopicPartition, List<long[]>>();
            var committed = new HashMap<TopicPartition, Long>();
            for (var line : text.lines().filter(whole -> whole.endsWith("}")).toList()) {
                var consumed = CONSUMED.matcher(line);
                while (consumed.find()) {
                    var range = new long[] {Long.parseLong(consumed.group(4)),
                            Long.parseLong(consumed.group(5))};
                    given.computeIfAbsent(partition(consumed.group(1), consumed.group(2)),
                            none -> new ArrayList<>()).add(range);
                }
                var offsets = COMMITTED.matcher(line);
                while (line.contains("\"success\":true") && offsets.find()) {
                    committed.merge(partition(offsets.group(1), offsets.group(2)),
                            Long.parseLong(offsets.group(3)), Math::max);
                }
            }
            return new Said(given, committed);
        }

        /** Of what kcat writes: {@code PARTITION OFFSET} in each line. */
        static Said byKcat(String topic, String text) {
            var given = new HashMap<TopicPartition, List<long[]>>();
            int end = text.lastIndexOf('\n') + 1;
            for (var line : text.substring(0, end).lines().toList()) {
                var words = line.split(" ");
                long offset = Long.parseLong(words[1]);
                given.computeIfAbsent(partition(topic, words[0]), none -> new ArrayList<>())
                        .add(new long[] {offset, offset});
            }
            return new Said(given, Map.of());
        }

        long count() {
            return given.values().stream().flatMap(List::stream).mapToLong(range ->
                    range[1] - range[0] + 1).sum();
        }

        /** Behind the last record of a partition that it was given. */
        long end(TopicPartition partition) {
            return given.getOrDefault(partition, List.of()).stream().mapToLong(range -> range[1] + 1).max()
                    .orElse(0);
        }

        private static TopicPartition partition(String topic, String number) {
            return new TopicPartition(topic, Integer.parseInt(number));
        }
    }

    /** Reads what a running program wrote. */
    private interface Listen {
        Said to(Program.Running member) throws Exception;
    }

    void run() {
        for (var protocol : List.of("classic", "consumer")) {
            report.check("group: kafka-verifiable-consumer, one of two is killed, " + protocol, () ->
                    Group.check(clients, "verifiable-" + protocol, group -> {
                        var command = tools.command(VERIFIABLE, "--bootstrap-server", broker.address(),
                                "--topic", group.name(), "--group-id", group.name(), "--group-protocol",
                                protocol);
                        if (protocol.equals("classic")) {
                            var config = Files.createTempFile(directory, "member", ".properties");
                            Files.writeString(config, "heartbeat.interval.ms=300\n");
                            command.addAll(List.of("--command-config", config.toString(),
                                    "--session-timeout", Integer.toString(Group.SESSION_MS)));
                        }
                        killed(group, command, member -> Said.byVerifiable(Files.readString(member.out())));
                    }));
        }
        report.check("group: kcat, one of two is killed", () -> Group.check(clients, "kcat-group", group ->
                killed(group, List.of("kcat", "-b", broker.address(), "-G", group.name(), group.name(), "-u",
                        "-q", "-f", "%p %o\n", "-X", "auto.offset.reset=earliest", "-X",
                        "session.timeout.ms=" + Group.SESSION_MS, "-X", "heartbeat.interval.ms=300", "-X",
                        "auto.commit.interval.ms=200"),
                        member -> Said.byKcat(group.name(), Files.readString(member.out())))));
        report.check("group: kafkajs: two members, offsets set, groups listed and deleted", () ->
                Program.run(directory, List.of("node", SCRIPT.toString(), modules.toString(),
                        broker.address())).expectSuccess());
    }

    /**
     * Two members share the partitions; one is killed, and another one that starts then has a share. Records
     * are given twice only after what the dead one committed.
     */
    private void killed(Group group, List<String> command, Listen listen) throws Exception {
        var members = new ArrayList<Program.Running>();
        try {
            group.feed();
            members.add(start(command));
            shared(group, members, listen);
            members.add(start(command));
            shared(group, members, listen);
            members.getFirst().process().destroyForcibly().waitFor();
            var dead = listen.to(members.removeFirst());
            members.add(start(command));
            shared(group, members, listen);
            var ends = group.endOfFeed();
            Until.holds("all is given to members", () -> "", () -> {
                var living = List.of(listen.to(members.getFirst()), listen.to(members.getLast()));
                return ends.keySet().stream().allMatch(each -> end(living, each) == ends.get(each));
            });
            for (var member : members) {
                member.process().destroy();
                member.end();
            }
            expectEqual(ends, group.offsets(), "offsets committed in the end");
            judge(ends, dead, List.of(listen.to(members.getFirst()), listen.to(members.getLast())));
        } finally {
            members.forEach(member -> member.process().destroyForcibly());
        }
    }

    private Program.Running start(List<String> command) throws Exception {
        return Program.start(directory, command, Files.createTempFile(directory, "input", null));
    }

    /** Waits until each member has a fair share, and each is given records of all that it has. */
    private void shared(Group group, List<Program.Running> members, Listen listen) throws Exception {
        int share = Group.PARTITIONS / members.size();
        Until.holds("each of " + members.size() + " members has " + share + " partitions", () -> "", () -> {
            expectAlive(members);
            var described = group.described();
            return described.size() == members.size() && described.stream().allMatch(member ->
                    member.assignment().topicPartitions().size() == share);
        });
        var before = new ArrayList<Said>();
        for (var member : members) {
            before.add(listen.to(member));
        }
        Until.holds("each member is given records, of all partitions", () -> "", () -> {
            expectAlive(members);
            var now = new ArrayList<Said>();
            boolean more = true;
            for (int i = 0; i < members.size(); i++) {
                now.add(listen.to(members.get(i)));
                more &= now.get(i).count() > before.get(i).count();
            }
            return more && group.partitions().stream().allMatch(partition ->
                    end(now, partition) > end(before, partition));
        });
    }

    private static long end(List<Said> all, TopicPartition partition) {
        return all.stream().mapToLong(said -> said.end(partition)).max().orElse(0);
    }

    private static void expectAlive(List<Program.Running> members) throws Exception {
        for (var member : members) {
            expect(member.process().isAlive(), "a member ended: "
                    + Program.shortened(Files.readString(member.err()) + Files.readString(member.out())));
        }
    }

    private static void judge(Map<TopicPartition, Long> ends, Said dead, List<Said> living) {
        for (var partition : ends.keySet()) {
            int end = Math.toIntExact(ends.get(partition));
            var times = new int[end];
            var died = new boolean[end];
            mark(dead, partition, times, died);
            for (var member : living) {
                mark(member, partition, times, new boolean[end]);
            }
            long committed = dead.committed().getOrDefault(partition, 0L);
            for (int offset = 0; offset < end; offset++) {
                expect(times[offset] > 0, partition + " at " + offset + " was given to nobody");
                expect(times[offset] == 1 || times[offset] == 2 && died[offset] && offset >= committed,
                        partition + " at " + offset + " was given " + times[offset] + " times, where the dead "
                        + "member had committed " + committed);
            }
        }
    }

    private static void mark(Said said, TopicPartition partition, int[] times, boolean[] given) {
        for (var range : said.given().getOrDefault(partition, List.of())) {
            for (long offset = range[0]; offset <= range[1]; offset++) {
                times[(int) offset]++;
                given[(int) offset] = true;
            }
        }
    }
}
