package daybook.group;

import daybook.catalog.ConfigResource;
import daybook.coordinator.Decision.Producer;
import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.Synced;
import daybook.group.TestGroups.Outcome;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A golden script: events, one a line, each with the trace that it left, indented below it. Lines with a #
 * and empty ones are for the reader. A trace has the answers, also those that waited until now, and then the
 * records that were written, with a + or, where the key is gone, a -. Ids are told by name, so where their
 * order decides, as between members of the classic protocol in a consumer group, the script gives them
 * instances.
 *
 * <pre>
 *   broker KEY=VALUE ...                      a new broker with these settings
 *   topic NAME PARTITIONS                     makes it, or gives it more partitions
 *   drop NAME                                 deletes the topic
 *   config GROUP KEY=VALUE ...                the group's own settings
 *   pass TIME                                 50ms, 3s, 5m: time passes, and what is due is done
 *   restart, restart compacted                a new state, of all records, or the newest of each key
 *   refuse ERROR, refuse NONE                 whether the log takes records
 *
 *   join NAME [OPTION=VALUE ...]              classic: options of the first time hold for later ones:
 *                                             group, protocols, topics, instance, session, rebalance, type
 *   sync NAME [MEMBER=TOPIC:0,1/TOPIC:0 ...]  classic, with assignments where it leads
 *   heartbeat NAME, leave NAME                classic
 *   enter NAME [OPTION=VALUE ...]             consumer protocol: group, topics, regex, instance, assignor,
 *                                             rebalance
 *   beat NAME, quiet NAME, whole NAME         heartbeats that tell what it has, nothing, all
 *   tell NAME OPTION=VALUE ...                a heartbeat that tells another topics, regex or assignor
 *   exit NAME, away NAME                      leaves; a static member for a while only
 *   as NAME EPOCH                             the member goes on with this epoch or generation
 *
 *   commit NAME TOPIC PARTITION OFFSET        by a member, or by nobody in the group of that name
 *   commit ... producer=ID                    in this producer's transaction
 *   end ID commit, end ID abort               ends it
 *   fetch GROUP TOPIC PARTITION               what is committed, and whether a transaction may change it
 *   forget GROUP TOPIC PARTITION              deletes the offset
 *   describe GROUP, delete GROUP
 * </pre>
 */
final class Script {
    private record Waiting<T>(String name, CompletableFuture<T> answer, Consumer<T> told) { }

    private final List<String> out = new ArrayList<>();
    private final Map<String, ScriptedClassic> classics = new TreeMap<>();
    private final Map<String, TestConsumer> consumers = new TreeMap<>();
    private final List<Waiting<?>> waiting = new ArrayList<>();
    private TestGroups test = new TestGroups();
    private Trace trace = new Trace(test);

    /** The script with the trace that it leaves now. */
    static List<String> run(List<String> lines) {
        var script = new Script();
        for (var line : lines) {
            if (!line.startsWith("    ")) {
                script.out.add(line);
                if (!line.isBlank() && !line.startsWith("#")) {
                    script.event(line.trim().split("\\s+"));
                }
            }
        }
        return script.out;
    }

    private void told(String text) {
        out.add("    " + text);
    }

    private void event(String[] words) {
        int from = test.written().size();
        var options = options(words);
        switch (words[0]) {
            case "broker", "topic", "drop", "config", "restart", "refuse" -> world(words, options);
            case "pass" -> pass(milliseconds(words[1]));
            case "join", "sync", "heartbeat", "leave" -> classic(words, options);
            case "enter", "beat", "quiet", "whole", "tell", "exit", "away" -> consumer(words, options);
            case "as" -> as(words[1], Integer.parseInt(words[2]));
            case "commit" -> commit(words, options.get("producer"));
            case "end" -> test.end(Long.parseLong(words[1]), words[2].equals("commit"));
            case "forget" -> forget(words);
            case "fetch" -> fetch(words);
            case "describe" -> trace.describe(words[1]).forEach(this::told);
            case "delete" -> told(test.run((groups, nowMs) -> groups.delete(words[1])).answer().toString());
            default -> throw new IllegalArgumentException("No such event: " + String.join(" ", words));
        }
        if (!words[0].equals("broker") && !words[0].equals("pass")) {
            answers();
            written(from);
        }
    }

    private static Map<String, String> options(String[] words) {
        var options = new HashMap<String, String>();
        for (var word : words) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                options.put(word.substring(0, equals), word.substring(equals + 1));
            }
        }
        return options;
    }

    private static List<String> list(String text) {
        return text.isEmpty() ? List.of() : Arrays.asList(text.split(","));
    }

    private static int milliseconds(String text) {
        int number = Integer.parseInt(text.replaceAll("[a-z]", ""));
        return text.endsWith("ms") ? number : text.endsWith("m") ? 60_000 * number : 1_000 * number;
    }

    /** Tells the answers that are there now. */
    private void answers() {
        for (var each : waiting) {
            if (each.answer.isDone() && each.answer.join() instanceof Joined joined) {
                trace.name(joined.memberId(), each.name);
            }
        }
        waiting.removeIf(each -> {
            if (each.answer.isDone()) {
                tell(each);
            }
            return each.answer.isDone();
        });
    }

    private static <T> void tell(Waiting<T> each) {
        each.told.accept(each.answer.join());
    }

    /**
     * Records of one kind in a row are sorted: the ids of members are made at random, and so is their order.
     */
    private void written(int from) {
        var records = test.written();
        for (int to = from; from < records.size(); from = to) {
            var kind = trace.kind(records.get(from));
            while (to < records.size() && trace.kind(records.get(to)).equals(kind)) {
                to++;
            }
            records.subList(from, to).stream().map(trace::of).sorted().forEach(this::told);
        }
    }

    private void world(String[] words, Map<String, String> options) {
        switch (words[0]) {
            case "broker" -> {
                test = new TestGroups(options);
                trace = new Trace(test);
            }
            case "topic" -> trace.name(test.topic(words[1], Integer.parseInt(words[2])), words[1]);
            case "drop" -> test.deleteTopic(words[1]);
            case "config" -> test.configure(new ConfigResource(ConfigResource.Type.GROUP, words[1]), options);
            case "refuse" -> test.refusal = ErrorCode.valueOf(words[1]);
            default -> {
                waiting.clear(); // The connections are gone.
                if (words.length > 1) {
                    test.restartCompacted();
                } else {
                    test.restart();
                }
            }
        }
    }

    private void pass(int ms) {
        long startMs = test.nowMs;
        long untilMs = startMs + ms;
        while (test.groups.dueMs() <= untilMs) {
            int from = test.written().size();
            int line = out.size();
            test.pass(Math.max(test.groups.dueMs(), test.nowMs) - test.nowMs);
            answers();
            written(from);
            var when = "after " + (test.nowMs - startMs) + " ms: ";
            for (; line < out.size(); line++) {
                out.set(line, "    " + when + out.get(line).trim());
            }
        }
        test.pass(untilMs - test.nowMs);
    }

    // ---- the classic protocol ----

    private void classic(String[] words, Map<String, String> options) {
        var name = words[1];
        var member = classics.computeIfAbsent(name, none ->
                new ScriptedClassic(test, options.getOrDefault("group", "g"), name));
        switch (words[0]) {
            case "join" -> {
                tell(member, options);
                await(name, member.join(), joined -> joined(member, joined));
            }
            case "sync" -> {
                var assignments = new HashMap<String, TreeMap<String, List<Integer>>>();
                options.forEach((of, partitions) -> assignments.put(classics.get(of).memberId,
                        partitions(partitions)));
                await(name, member.sync(assignments), synced -> synced(member, synced));
            }
            case "heartbeat" -> told(name + ": " + member.heartbeat());
            default -> told(name + ": " + trace.left(member.leave().answer()));
        }
    }

    private static void tell(ScriptedClassic member, Map<String, String> options) {
        options.forEach((option, value) -> {
            switch (option) {
                case "group" -> { }
                case "protocols" -> member.protocols = list(value);
                case "topics" -> member.topics = list(value);
                case "instance" -> member.instanceId = value;
                case "session" -> member.sessionMs = milliseconds(value);
                case "rebalance" -> member.rebalanceMs = milliseconds(value);
                case "type" -> member.type = value;
                case "id" -> member.idFirst = value.equals("first");
                default -> throw new IllegalArgumentException("No such option: " + option);
            }
        });
    }

    /** {@code orders:0,1/bills:0} */
    private static TreeMap<String, List<Integer>> partitions(String text) {
        var partitions = new TreeMap<String, List<Integer>>();
        for (var topic : text.isEmpty() ? new String[0] : text.split("/")) {
            var parts = topic.split(":");
            partitions.put(parts[0], list(parts[1]).stream().map(Integer::valueOf).toList());
        }
        return partitions;
    }

    private <T> void await(String name, Outcome<T> outcome, Consumer<T> told) {
        if (outcome.error() != ErrorCode.NONE) {
            told(name + ": the log refuses: " + outcome.error());
            return;
        }
        if (outcome.waits()) {
            told(name + ": waits");
        }
        waiting.add(new Waiting<>(name, outcome.future(), told));
        waiting.sort((one, other) -> one.name.compareTo(other.name));
    }

    private void joined(ScriptedClassic member, Joined joined) {
        member.take(joined);
        told(member.name + ": " + trace.joined(joined));
    }

    private void synced(ScriptedClassic member, Synced synced) {
        member.take(synced);
        told(member.name + ": " + trace.synced(synced));
    }

    // ---- the consumer protocol ----

    private void consumer(String[] words, Map<String, String> options) {
        var name = words[1];
        var member = consumers.computeIfAbsent(name, none ->
                new TestConsumer(test, options.getOrDefault("group", "g"), name));
        var had = member.owned;
        tell(member, options);
        var answer = switch (words[0]) {
            case "enter" -> member.join();
            case "beat" -> member.beat();
            case "quiet" -> member.quiet();
            case "whole", "tell" -> member.take(member.whole());
            case "exit" -> member.leave();
            default -> member.goAway();
        };
        told(name + ": " + trace.answer(answer, had));
    }

    private static void tell(TestConsumer member, Map<String, String> options) {
        options.forEach((option, value) -> {
            switch (option) {
                case "group" -> { }
                case "topics" -> member.topics = list(value);
                case "regex" -> member.regex = value;
                case "instance" -> member.instanceId = value;
                case "assignor" -> member.assignor = value;
                case "rebalance" -> member.rebalanceTimeoutMs = milliseconds(value);
                default -> throw new IllegalArgumentException("No such option: " + option);
            }
        });
    }

    // ---- offsets ----

    private void as(String name, int epoch) {
        if (classics.containsKey(name)) {
            classics.get(name).generation = epoch;
        } else {
            consumers.get(name).epoch = epoch;
        }
    }

    /** @param producer null for a commit that holds at once */
    private void commit(String[] words, String producer) {
        var classic = classics.get(words[1]);
        var consumer = consumers.get(words[1]);
        var who = classic != null ? classic.asker() : consumer == null ? new Asker("", null, -1)
                : new Asker(consumer.id, consumer.instanceId, consumer.epoch);
        var groupId = classic != null ? classic.groupId : consumer == null ? words[1] : consumer.groupId;
        var topic = test.image.topic(words[2]);
        var commit = new Offsets.Commit(words[2], topic == null ? Uuid.ZERO : topic.id(),
                Integer.parseInt(words[3]), Long.parseLong(words[4]), -1, "");
        var outcome = test.run((groups, nowMs) -> producer == null
                ? groups.offsets().commit(groupId, who, Offsets.NO_RETENTION, List.of(commit), nowMs)
                : groups.offsets().commit(groupId, who, new Producer(Long.parseLong(producer), (short) 0, 0),
                        List.of(commit)));
        told(words[1] + ": " + (outcome.error() == ErrorCode.NONE ? outcome.answer().getFirst()
                : "the log refuses: " + outcome.error()));
    }

    private void forget(String[] words) {
        var partition = new TopicPartition(words[2], Integer.parseInt(words[3]));
        var deletion = test.run((groups, nowMs) ->
                groups.offsets().delete(words[1], List.of(partition))).answer();
        told(words[2] + "-" + words[3] + ": " + (deletion.error() == ErrorCode.NONE
                ? deletion.errors().getFirst() : deletion.error()));
    }

    private void fetch(String[] words) {
        var partition = new TopicPartition(words[2], Integer.parseInt(words[3]));
        var position = test.groups.offsets().position(words[1], partition, false);
        var stable = test.groups.offsets().position(words[1], partition, true);
        told(words[2] + "-" + words[3] + ": " + position.error() + " " + position.offset()
                + (stable.error() == ErrorCode.NONE ? "" : ", " + stable.error()));
    }
}
