package daybook.cli;

import daybook.client.Outcomes;
import daybook.client.TopicPartition;
import daybook.client.Transactions.ActiveProducer;
import daybook.client.Transactions.Transaction;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code bin/daybook txns}: what transactions there are, and the end of those that nobody ends. */
final class Txns {
    private static final Flag<String> STATE = Flag.of("state", "Empty|Ongoing|PrepareCommit|PrepareAbort"
            + "|CompleteCommit|CompleteAbort|PrepareEpochFence|Dead", "only in this state").repeated();
    private static final Flag<Long> OLDER_THAN = Flag.of("older-than", "TIME", "without a record for so long")
            .otherwise("15m").as(Txns::since);
    private static final Flag<Long> START = Flag.of("start-offset", "OFFSET", "where the transaction begins")
            .number(0, Long.MAX_VALUE);
    static final Command COMMAND = Command.group("txns", "list, describe and abort transactions",
            Command.of("txns list", "", "what transactional ids there are", Operator.rows(Txns::list))
                    .flags(STATE, Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook txns list", "bin/daybook txns list --state Ongoing"),
            Command.of("txns describe", "TRANSACTIONAL-ID...", "their transactions",
                    Operator.pages(Txns::describe))
                    .flags(Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook txns describe payments-1"),
            Command.of("txns hanging", "", "transactions in partitions that nobody will end",
                    Operator.rows(Txns::hanging))
                    .about("""
                            Finds open transactions in partitions which no coordinator has among its own, so
                            that nobody will end them: who reads only what is committed stands still there.
                            What is younger than transaction.max.timeout.ms may end by itself.
                            """)
                    .flags(Operator.TOPIC, OLDER_THAN, Flag.JSON, Flag.BOOTSTRAP)
                    .examples("bin/daybook txns hanging",
                            "bin/daybook txns hanging --topic orders --older-than 1h"),
            Command.of("txns abort", "TOPIC:N", "abort a transaction in one partition",
                    Operator.lines(Txns::abort))
                    .about("""
                            Aborts a transaction in one partition, whatever its coordinator knows of it. That
                            is for those that bin/daybook txns hanging shows: of another one, a part would be
                            aborted and the rest perhaps committed.
                            """)
                    .flags(START, Flag.BOOTSTRAP)
                    .examples("bin/daybook txns abort orders:0 --start-offset 1200"));

    private Txns() { }

    private static List<Map<String, Object>> list(Operator operator, Arguments arguments) {
        return operator.admin().transactions().list(arguments.values(STATE), List.of()).values().stream()
                .map(each -> Json.object("transactionalId", each.transactionalId(),
                        "producerId", each.producerId(), "state", each.state())).toList();
    }

    private static Outcomes<String, Map<String, Object>> describe(Operator operator, Arguments arguments) {
        return operator.admin().transactions().describe(arguments.operands())
                .map((id, transaction) -> page(transaction));
    }

    private static Map<String, Object> page(Transaction transaction) {
        return Json.object("transactionalId", transaction.transactionalId(), "state", transaction.state(),
                "producerId", transaction.producerId(), "producerEpoch", transaction.producerEpoch(),
                "timeoutMs", transaction.timeoutMs(), "started", time(transaction.startMs()),
                "partitions", transaction.partitions().stream().map(each -> Json.object(
                        "topic", each.topic(), "partition", each.partition())).toList());
    }

    private static Instant time(long ms) {
        return ms < 0 ? null : Instant.ofEpochMilli(ms);
    }

    private static List<Map<String, Object>> hanging(Operator operator, Arguments arguments) {
        long nowMs = InstantSource.system().millis();
        long sinceMs = arguments.value(OLDER_THAN);
        var partitions = arguments.has(Operator.TOPIC) ? operator.partitions(arguments.values(Operator.TOPIC))
                : operator.admin().topics().list().values().stream()
                        .flatMap(topic -> Operator.partitions(topic).stream()).toList();
        var rows = new ArrayList<Map<String, Object>>();
        operator.admin().transactions().hanging(partitions, nowMs - sinceMs, nowMs)
                .forEach((partition, producers) ->
                        producers.forEach(producer -> rows.add(row(partition, producer))));
        return rows;
    }

    private static long since(String text) {
        if (From.of(text) instanceof From.Time(long sinceMs) && sinceMs >= 0) {
            return sinceMs;
        }
        throw new IllegalArgumentException("a time as 15m or 2h");
    }

    private static Map<String, Object> row(TopicPartition partition, ActiveProducer producer) {
        return Json.object("topic", partition.topic(), "partition", partition.partition(),
                "startOffset", producer.startOffset(), "producerId", producer.producerId(),
                "producerEpoch", producer.producerEpoch(), "lastRecord", time(producer.lastTimestampMs()));
    }

    private static Outcomes<TopicPartition, String> abort(Operator operator, Arguments arguments) {
        long start = arguments.required(START);
        var text = arguments.operand(0);
        if (!text.matches("[^:]+:\\d{1,9}")) {
            throw CommandException.usage(text + " must be TOPIC:N with the number of a partition");
        }
        var partition = operator.partitions(List.of(Operator.TOPIC.read(text))).getFirst();
        var transactions = operator.admin().transactions();
        return transactions.producers(List.of(partition)).map((same, producers) -> {
            var producer = producers.stream()
                    .filter(each -> each.startOffset() == start).findFirst()
                    .orElseThrow(() -> CommandException.failed("No open transaction of " + partition
                            + " begins at " + start + "; bin/daybook txns hanging shows those that hang"));
            transactions.abort(partition, producer);
            return "Aborted what producer " + producer.producerId() + " had open in " + partition;
        });
    }
}
