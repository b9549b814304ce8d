package daybook.txn;

import daybook.log.TopicPartition;
import daybook.txn.TestTransactions.Outcome;
import daybook.wire.ErrorCode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A golden script of one shard: events, one a line, each with the trace that it left, indented below it.
 * Lines with a # and empty ones are for the reader. A trace has the answer, and then the records that were
 * written, with a + or, where the id is gone, a -; last the ids whose transactions are to be ended now.
 * Producer ids are given out from 1000 on; times are in milliseconds since the first broker of the script.
 *
 * <pre>
 *   broker KEY=VALUE ...                      a new broker with these settings
 *   level NUMBER                              of transaction.version
 *   pass TIME                                 50ms, 3s, 5m: time passes, and what is due is done
 *   restart, restart compacted                a new state, of all records, or the newest of each key
 *   refuse ERROR, refuse NONE                 whether the log takes records
 *   epoch ID NUMBER                           as if the producer had come so far, idle
 *
 *   init ID [PRODUCER/EPOCH] [timeout=TIME]   InitProducerId, by who says that it is this producer
 *   add ID PRODUCER/EPOCH PARTITION ...       with version=0 as AddPartitionsToTxn does, else as Produce does
 *   verify ID PRODUCER/EPOCH PARTITION ...
 *   commit ID PRODUCER/EPOCH, abort ...       EndTxn, with version=0 as it was before each had an epoch
 *   marked ID                                 all markers are on the disk
 *   show ID, list
 * </pre>
 */
final class Script {
    private final List<String> out = new ArrayList<>();
    private TestTransactions test = new TestTransactions(Map.of());
    /** What was to be ended, by transactional id. */
    private final Map<String, Transaction> ending = new TreeMap<>();

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
        var options = new HashMap<String, String>();
        var rest = new ArrayList<String>();
        for (var word : Arrays.asList(words).subList(1, words.length)) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                options.put(word.substring(0, equals), word.substring(equals + 1));
            } else {
                rest.add(word);
            }
        }
        switch (words[0]) {
            case "broker", "level", "pass", "restart", "refuse", "epoch" -> world(words[0], rest, options);
            case "show" -> found(test.state.find(rest.get(0)));
            case "list" -> TestTransactions.all(test.state).forEach((id, each) -> told(text(id, each)));
            default -> request(words[0], rest, options);
        }
        begun("");
    }

    private void world(String word, List<String> rest, Map<String, String> options) {
        switch (word) {
            case "broker" -> test = new TestTransactions(options);
            case "level" -> test.level = Short.parseShort(rest.get(0));
            case "refuse" -> test.refusal = ErrorCode.valueOf(rest.get(0));
            case "pass" -> pass(milliseconds(rest.get(0)));
            case "epoch" -> {
                var before = test.state.find(rest.get(0)).transaction();
                var identity = Identity.of(before.producerId(), Integer.parseInt(rest.get(1)));
                test.put(new TransactionRecord(rest.get(0),
                        before.identified(identity, before.timeoutMs(), before.lastUpdateMs())));
            }
            default -> {
                if (rest.isEmpty()) {
                    test.restart();
                } else {
                    test.restartCompacted();
                }
            }
        }
    }

    private void request(String word, List<String> rest, Map<String, String> options) {
        var id = rest.get(0);
        var producer = rest.size() < 2 ? Identity.WANTS_ID : producer(rest.get(1));
        var partitions = rest.stream().skip(2).map(Script::partition).toList();
        int version = Integer.parseInt(options.getOrDefault("version", "2"));
        switch (word) {
            case "init" -> {
                int timeoutMs = milliseconds(options.getOrDefault("timeout", "60s"));
                identity(test.identity(fresh -> (state, now) ->
                        state.identify(id, timeoutMs, producer, fresh)));
            }
            case "add" -> written(test.run((state, nowMs) ->
                    state.add(id, producer, partitions, version, nowMs)));
            case "verify" -> told(new TreeMap<>(test.run((state, nowMs) ->
                    state.verify(id, producer, partitions)).answer()).toString());
            case "commit", "abort" -> identity(test.identity(fresh -> (state, now) ->
                    state.end(id, producer, word.equals("commit"), version, fresh)));
            case "marked" -> written(test.run((state, nowMs) -> state.ended(id, ending.get(id))));
            default -> throw new IllegalArgumentException("No such event: " + word);
        }
    }

    private static Identity producer(String text) {
        var parts = text.split("/");
        return Identity.of(Long.parseLong(parts[0]), Integer.parseInt(parts[1]));
    }

    private static TopicPartition partition(String text) {
        int dash = text.lastIndexOf('-');
        return new TopicPartition(text.substring(0, dash), Integer.parseInt(text.substring(dash + 1)));
    }

    private static int milliseconds(String text) {
        int number = Integer.parseInt(text.replaceAll("[a-z]", ""));
        return text.endsWith("ms") ? number : text.endsWith("m") ? 60_000 * number : 1_000 * number;
    }

    private void pass(int ms) {
        long startMs = test.nowMs;
        for (var written = test.pass(startMs + ms); !written.isEmpty(); written = test.pass(startMs + ms)) {
            var when = "after " + (test.nowMs - startMs) + " ms: ";
            written.forEach(each -> told(when + text(each)));
            begun(when);
        }
    }

    /** Tells whose transactions are to be ended. */
    private void begun(String when) {
        for (var id : new TreeSet<>(test.ends)) {
            told(when + "ends " + id);
            ending.put(id, test.state.find(id).transaction());
        }
        test.ends.clear();
    }

    private void identity(Outcome<Identity> outcome) {
        var answer = outcome.answer();
        told(answer == null ? "the log refuses: " + outcome.error()
                : answer.error() == ErrorCode.NONE ? answer.producerId() + "/" + answer.producerEpoch()
                : answer.error() + (answer.producerId() == -1 && answer.producerEpoch() == -1 ? ""
                : " with an identity"));
        outcome.records().forEach(each -> told(text(each)));
    }

    private void written(Outcome<ErrorCode> outcome) {
        told(outcome.answer() == null ? "the log refuses: " + outcome.error() : outcome.answer().toString());
        outcome.records().forEach(each -> told(text(each)));
    }

    private void found(Transactions.Found found) {
        told(found.transaction() == null ? found.error().toString() : text("is", found.transaction()));
    }

    private static String text(TransactionRecord record) {
        return record.transaction() == null ? "- " + record.transactionalId()
                : "+ " + text(record.transactionalId(), record.transaction());
    }

    /** What is as always is left out. */
    private static String text(String id, Transaction each) {
        var text = new StringBuilder(id + " " + each.status() + " " + each.producerId() + "/"
                + each.producerEpoch());
        if (each.previousProducerId() != each.producerId()) {
            text.append(" previous=").append(each.previousProducerId());
        }
        if (each.nextProducerId() != -1) {
            text.append(" next=").append(each.nextProducerId());
        }
        if (!each.partitions().isEmpty()) {
            text.append(" ").append(each.partitions().stream().map(TopicPartition::toString)
                    .collect(Collectors.joining(",")));
        }
        text.append(" timeout=").append(each.timeoutMs());
        if (each.startMs() != -1) {
            text.append(" began=").append(each.startMs() - TestTransactions.EPOCH_MS);
        }
        text.append(" updated=").append(each.lastUpdateMs() - TestTransactions.EPOCH_MS);
        return text.append(each.clientVersion() == 0 ? "" : " version=" + each.clientVersion()).toString();
    }
}
