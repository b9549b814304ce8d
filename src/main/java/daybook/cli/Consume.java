package daybook.cli;

import daybook.client.ClientException;
import daybook.client.Consumer;
import daybook.client.Fetched;
import daybook.client.Offsets;
import daybook.client.TopicPartition;
import daybook.record.Record;
import daybook.wire.ErrorCode;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** {@code bin/daybook consume}: the records of topics on standard output. */
final class Consume {
    private static final Flag LAST = Flag.of("last", "N", "begin so many before each partition's end");
    private static final Flag PARTITION = Flag.of("partition", "N", "only this one").repeated();
    private static final Flag GROUP = Flag.of("group", "GROUP", "read as a member, commit what is written");
    private static final Flag EXIT = Flag.of("exit", "end at what is the end when reading begins");
    private static final Flag MAX = Flag.of("max", "N", "end after so many records");
    private static final Flag FORMAT = Flag.of("format", "FORMAT", "how a record is written")
            .otherwise("%v\\n");
    private static final Flag NULL = Flag.of("null", "TEXT", "what stands for a null key or value");
    private static final Flag JSON = Flag.of("json",
            "an object a line; bytes that are no UTF-8 are {\"base64\": \"...\"}");
    private static final Flag COMMITTED = Flag.of("read-committed",
            "leave out what transactions have not committed");
    static final Command COMMAND = Command.of("consume", "TOPIC...", "write what topics hold", Consume::run)
            .about("""
                    Writes the records of topics, from the beginning, and then those that come, until Ctrl-C.
                    With --group it begins where the group has come to; there --from says only where to begin
                    in partitions of which the group has committed nothing, and is beginning or end.

                    """ + From.HELP + Template.HELP)
            .flags(From.FLAG, LAST, PARTITION, GROUP, EXIT, MAX, FORMAT, NULL, JSON, COMMITTED,
                    Flag.BOOTSTRAP)
            .examples("bin/daybook consume orders",
                    "bin/daybook consume orders --last 10 --exit --json",
                    "bin/daybook consume orders --from 5m --format '%p/%o %k=%v\\n'",
                    "bin/daybook consume orders payments --group billing --max 1000");
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long COMMIT_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** As long as other members take to give up partitions: some heartbeats. */
    private static final long UNASSIGNED_NANOS = TimeUnit.SECONDS.toNanos(15);

    private final Consumer consumer;
    private final Streams streams;
    /** Null where records are written as JSON. */
    private final Template template;
    private final boolean member;
    /** Whether anything was polled since the last commit, at the time below. */
    private boolean progress;
    private long committedNanos = System.nanoTime();
    /** When partitions were seen last. */
    private long assignedNanos = System.nanoTime();
    /** Where reading ends, for --exit. */
    private final Map<TopicPartition, Long> ends = new HashMap<>();
    private long left;

    private Consume(Consumer consumer, Streams streams, Template template, boolean member, long max) {
        this.consumer = consumer;
        this.streams = streams;
        this.template = template;
        this.member = member;
        this.left = max;
    }

    private static int run(Arguments arguments, Streams streams) {
        var none = arguments.has(NULL) ? Template.bytes(arguments.text(NULL)) : new byte[0];
        var template = arguments.has(JSON) ? null : Template.of(arguments.text(FORMAT), none);
        long max = arguments.has(MAX) ? arguments.number(MAX, 0, Long.MAX_VALUE) : Long.MAX_VALUE;
        var from = from(arguments);
        boolean end = from.equals(new From.Time(Consumer.LATEST));
        var builder = Consumer.builder(Bootstrap.reached(arguments)).clientId("daybook-consume")
                .reset(end ? Consumer.Reset.LATEST : Consumer.Reset.EARLIEST);
        if (arguments.has(COMMITTED)) {
            builder.readCommitted();
        }
        if (arguments.has(GROUP)) {
            builder.group(arguments.text(GROUP));
        }
        try (var stop = new Stop(() -> { }); var consumer = builder.open()) {
            var consume = new Consume(consumer, streams, template, arguments.has(GROUP), max);
            consume.begin(arguments, from);
            consume.read(stop, arguments.has(EXIT));
        }
        return 0;
    }

    private static From from(Arguments arguments) {
        for (var pair : List.of(List.of(GROUP, PARTITION), List.of(GROUP, LAST), List.of(LAST, From.FLAG),
                List.of(JSON, FORMAT), List.of(JSON, NULL))) {
            if (arguments.has(pair.get(0)) && arguments.has(pair.get(1))) {
                throw CommandException.usage("The flags --" + pair.get(0).name() + " and --"
                        + pair.get(1).name() + " do not go together");
            }
        }
        if (arguments.has(LAST)) {
            return new From.Further(Map.of(), -arguments.number(LAST, 0, Long.MAX_VALUE));
        }
        var text = arguments.has(From.FLAG) ? arguments.text(From.FLAG) : "beginning";
        if (arguments.has(GROUP) && !text.equals("beginning") && !text.equals("end")) {
            throw CommandException.usage("With --group, --from is beginning or end");
        }
        return From.of(From.FLAG, text, InstantSource.system());
    }

    private void begin(Arguments arguments, From from) {
        var partitions = new ArrayList<TopicPartition>();
        arguments.operands().forEach(topic -> partitions.addAll(consumer.partitions(topic)));
        if (member) {
            consumer.subscribe(arguments.operands());
            return;
        }
        if (arguments.has(PARTITION)) {
            var chosen = arguments.numbers(PARTITION, 0, Integer.MAX_VALUE);
            partitions.removeIf(partition -> !chosen.contains((long) partition.partition()));
            for (long index : chosen) {
                if (partitions.stream().noneMatch(partition -> partition.partition() == index)) {
                    throw CommandException.failed("There is no partition " + index);
                }
            }
        }
        consumer.assign(partitions);
        from.offsets(time -> consumer.offsetsAt(Offsets.all(partitions, time))).forEach(consumer::seek);
    }

    private void read(Stop stop, boolean exit) {
        while (left > 0 && !stop.wanted() && !(exit && ended())) {
            for (var fetched : consumer.poll(POLL)) {
                write(fetched);
            }
            streams.out().flush();
            if (progress && System.nanoTime() - committedNanos > COMMIT_INTERVAL_NANOS) {
                commit();
            }
        }
        commit();
    }

    private void write(Fetched fetched) {
        progress = true;
        for (var record : fetched) {
            if (left == 0) {
                consumer.seek(fetched.partition(), record.offset());
                return;
            }
            left--;
            if (template == null) {
                streams.out().json(json(fetched.partition(), record));
            } else {
                template.write(streams.out(), fetched.partition(), record);
            }
        }
    }

    private static Map<String, Object> json(TopicPartition partition, Record record) {
        var headers = record.headers().stream()
                .map(header -> Json.object("key", header.key(), "value", header.value())).toList();
        return Json.object("topic", partition.topic(), "partition", partition.partition(),
                "offset", record.offset(), "timestampMs", record.timestampMs(),
                "key", record.key(), "value", record.value(), "headers", headers);
    }

    /** Not by the consumer itself: it would also commit what it polled and a broken pipe never took. */
    private void commit() {
        try {
            if (member) {
                consumer.commit();
            }
        } catch (ClientException out) {
            // The group went on without this member: what it wrote comes again, to whoever reads on.
            if (out.error() != ErrorCode.UNKNOWN_MEMBER_ID && out.error() != ErrorCode.FENCED_MEMBER_EPOCH) {
                throw out;
            }
        }
        progress = false;
        committedNanos = System.nanoTime();
    }

    /**
     * Whether all is written that was there when the partitions became this consumer's; or it has none, as
     * its group has more members than partitions.
     */
    private boolean ended() {
        var assigned = consumer.assignment();
        var unknown = assigned.stream().filter(partition -> !ends.containsKey(partition)).toList();
        ends.putAll(consumer.offsetsAt(Offsets.all(unknown, Offsets.LATEST)));
        if (!assigned.isEmpty()) {
            assignedNanos = System.nanoTime();
        }
        boolean none = System.nanoTime() - assignedNanos > UNASSIGNED_NANOS;
        return none || !assigned.isEmpty() && assigned.stream()
                .allMatch(partition -> consumer.position(partition) >= ends.get(partition));
    }
}
