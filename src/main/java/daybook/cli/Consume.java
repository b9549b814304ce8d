package daybook.cli;

import daybook.client.ClientException;
import daybook.client.Consumer;
import daybook.client.Fetched;
import daybook.client.Offsets;
import daybook.client.TopicPartition;
import daybook.record.Record;
import daybook.wire.ErrorCode;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/** {@code bin/daybook consume}: the records of topics on standard output. */
final class Consume {
    private static final Flag<From> LAST = Flag.of("last", "N", "begin so many before each partition's end")
            .number(0, Long.MAX_VALUE).map(records -> new From.Further(-records));
    private static final Flag<Long> PARTITION = Flag.of("partition", "N", "only this one").repeated()
            .number(0, Integer.MAX_VALUE);
    static final Flag<String> GROUP = Flag.of("group", "GROUP", "read as a member, commit what was read");
    private static final Flag<?> EXIT = Flag.of("exit", "end at what is the end when reading begins");
    private static final Flag<Long> MAX = Flag.of("max", "N", "end after so many records")
            .number(0, Long.MAX_VALUE);
    private static final Flag<Template> FORMAT = Flag.of("format", "FORMAT", "how a record is written")
            .otherwise("%v\\n").as(Template::of);
    private static final Flag<byte[]> NULL = Flag.of("null", "TEXT", "what stands for a null key or value")
            .as(Template::bytes);
    private static final Flag<?> JSON = Flag.of("json",
            "an object a line; bytes that are no UTF-8 are {\"base64\": \"...\"}");
    static final Flag<?> COMMITTED = Flag.of("read-committed",
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
    private final boolean member;
    private final BiConsumer<TopicPartition, Record> sink;
    private long left;
    /** Whether anything was polled since the last commit, at the time below. */
    private boolean progress;
    private long committedNanos = System.nanoTime();
    private long polledNanos = System.nanoTime();
    /** When partitions were seen last. */
    private long assignedNanos = System.nanoTime();
    /** Where reading ends, for --exit. */
    private final Map<TopicPartition, Long> ends = new HashMap<>();

    /**
     * Reads what the consumer is assigned or has subscribed to.
     *
     * @param member whether it is in a group, where it commits what the sink has taken
     * @param max how many records the sink takes
     */
    Consume(Consumer consumer, boolean member, long max, BiConsumer<TopicPartition, Record> sink) {
        this.consumer = consumer;
        this.member = member;
        this.left = max;
        this.sink = sink;
    }

    private static int run(Arguments arguments, Streams streams) {
        var none = arguments.value(NULL, new byte[0]);
        var template = arguments.value(FORMAT);
        var out = streams.out();
        BiConsumer<TopicPartition, Record> json = (partition, record) -> out.json(json(partition, record));
        BiConsumer<TopicPartition, Record> text = (partition, record) ->
                template.write(out, none, partition, record);
        var from = from(arguments);
        boolean end = from.equals(new From.Time(Consumer.LATEST));
        var builder = builder(arguments).clientId("daybook-consume")
                .reset(end ? Consumer.Reset.LATEST : Consumer.Reset.EARLIEST);
        try (var stop = new Stop(() -> { }); var consumer = builder.open()) {
            begin(consumer, arguments, from);
            var consume = new Consume(consumer, arguments.has(GROUP),
                    arguments.value(MAX, Long.MAX_VALUE), arguments.has(JSON) ? json : text);
            consume.read(stop, arguments.has(EXIT), () -> {
                out.flush();
                return true;
            });
        }
        return 0;
    }

    /** A consumer as the flags say, which begins at the beginning. */
    static Consumer.Builder builder(Arguments arguments) {
        var builder = Consumer.builder(Bootstrap.reached(arguments)).group(arguments.value(GROUP))
                .reset(Consumer.Reset.EARLIEST);
        return arguments.has(COMMITTED) ? builder.readCommitted() : builder;
    }

    private static From from(Arguments arguments) {
        arguments.exclude(GROUP, PARTITION);
        arguments.exclude(GROUP, LAST);
        arguments.exclude(LAST, From.FLAG);
        arguments.exclude(JSON, FORMAT);
        arguments.exclude(JSON, NULL);
        var from = arguments.has(LAST) ? arguments.value(LAST) : arguments.value(From.FLAG);
        if (arguments.has(GROUP) && !(from instanceof From.Time(long timestampMs) && timestampMs < 0)) {
            throw CommandException.usage("With --group, --from is beginning or end");
        }
        return from;
    }

    private static void begin(Consumer consumer, Arguments arguments, From from) {
        var partitions = new ArrayList<TopicPartition>();
        arguments.operands().forEach(topic -> partitions.addAll(consumer.partitions(topic)));
        if (arguments.has(GROUP)) {
            consumer.subscribe(arguments.operands());
            return;
        }
        var chosen = arguments.values(PARTITION);
        partitions.removeIf(partition -> !chosen.isEmpty() && !chosen.contains((long) partition.partition()));
        for (long index : chosen) {
            if (partitions.stream().noneMatch(partition -> partition.partition() == index)) {
                throw CommandException.failed("There is no partition " + index);
            }
        }
        consumer.assign(partitions);
        from.offsets(Map.of(), time -> consumer.offsetsAt(Offsets.all(partitions, time)))
                .forEach(consumer::seek);
    }

    /**
     * Reads, until the sink has all or the user stops it.
     *
     * @param exit whether to end at what is the end when reading begins
     * @param goesOn asked after each poll
     * @return what that said last
     */
    boolean read(Stop stop, boolean exit, BooleanSupplier goesOn) {
        boolean goes = true;
        while (goes && left > 0 && !stop.wanted() && !(exit && ended())) {
            for (var fetched : consumer.poll(POLL)) {
                take(fetched);
            }
            goes = goesOn.getAsBoolean();
            if (member && progress && System.nanoTime() - committedNanos > COMMIT_INTERVAL_NANOS) {
                // Nobody waits for it: what fails is committed by one of those that follow.
                consumer.commitAsync();
                progress = false;
                committedNanos = System.nanoTime();
            }
        }
        commit();
        return goes;
    }

    /** For how long nothing has come. */
    long idleNanos() {
        return System.nanoTime() - polledNanos;
    }

    private void take(Fetched fetched) {
        progress = true;
        polledNanos = System.nanoTime();
        for (var record : fetched) {
            if (left == 0) {
                consumer.seek(fetched.partition(), record.offset());
                return;
            }
            left--;
            sink.accept(fetched.partition(), record);
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
    }

    /**
     * Whether all is written that was there when the partitions became this consumer's; or it has none, as
     * its group has more members than partitions.
     */
    private boolean ended() {
        var assigned = consumer.assignment();
        var unknown = assigned.stream().filter(partition -> !ends.containsKey(partition)).toList();
        if (!unknown.isEmpty()) {
            ends.putAll(consumer.offsetsAt(Offsets.all(unknown, Offsets.LATEST)));
        }
        if (!assigned.isEmpty()) {
            assignedNanos = System.nanoTime();
        }
        boolean none = System.nanoTime() - assignedNanos > UNASSIGNED_NANOS;
        return none || !assigned.isEmpty() && assigned.stream()
                .allMatch(partition -> consumer.position(partition) >= ends.get(partition));
    }
}
