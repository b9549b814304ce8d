package daybook.cli;

import daybook.cli.Flag.Pair;
import daybook.client.Acks;
import daybook.client.ClientException;
import daybook.client.Delivery;
import daybook.client.OutgoingRecord;
import daybook.client.Producer;
import daybook.record.Codec;
import daybook.record.Record;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** {@code bin/daybook produce}: lines of standard input or of a file as records of a topic. */
final class Produce {
    private static final Flag<Path> FILE = Flag.of("file", "FILE", "read this, not standard input")
            .map(Path::of);
    private static final Flag<byte[]> DELIMITER = Flag
            .of("delimiter", "TEXT", "what ends a record; empty: all is one").otherwise("\\n")
            .as(Template::bytes);
    private static final Flag<byte[]> SEPARATOR = Flag.of("key-separator", "TEXT",
            "what ends the key in front of the value").map(Template::bytes);
    private static final Flag<byte[]> KEY = Flag.of("key", "TEXT", "the key of all records")
            .as(Template::bytes);
    private static final Flag<byte[]> NULL = Flag.of("null", "TEXT", "a key or value that is this is null")
            .as(Template::bytes);
    private static final Flag<Pair> HEADER = Flag.of("header", "NAME=VALUE", "a header of all records")
            .pairs();
    private static final Flag<Long> PARTITION = Flag
            .of("partition", "N", "send to this one, whatever the key").number(0, Integer.MAX_VALUE);
    static final Flag<Codec> COMPRESSION = Flag.of("compression", "none|gzip|snappy|lz4|zstd",
            "how batches are compressed").otherwise("none")
            .as(text -> Codec.valueOf(text.toUpperCase(Locale.ROOT)));
    static final Flag<Acks> ACKS = Flag
            .of("acks", "all|1|0", "wait until a record is safe, written, or sent").otherwise("all")
            .as(text -> text.equals("0") ? Acks.NONE : text.equals("1") ? Acks.LEADER : Acks.ALL);
    private static final Flag<Long> RATE = Flag.of("rate", "N", "send at most so many records a second")
            .number(1, TimeUnit.SECONDS.toNanos(1));
    static final Command COMMAND = Command.of("produce", "TOPIC", "send lines as records", Produce::run)
            .about("""
                    Sends each line of standard input or of a file as a record, until its end or Ctrl-C;
                    what was read by then is delivered. Bytes are sent as they are. A TEXT may have the
                    escapes \\n, \\r, \\t, \\0, \\\\ and \\xHH.
                    """)
            .flags(FILE, DELIMITER, SEPARATOR, KEY, NULL, HEADER, PARTITION, COMPRESSION, ACKS, RATE,
                    Flag.BOOTSTRAP)
            .examples("echo 'Hello' | bin/daybook produce greetings",
                    "bin/daybook produce orders --file orders.csv --key-separator , --compression zstd",
                    "find . -print0 | bin/daybook produce names --delimiter '\\0' --rate 100");
    /** More than a broker takes where nobody has told it to: it is the one to refuse. */
    private static final int RECORD_MOST_BYTES = 16 << 20;
    private static final int BATCH_BYTES = 1 << 16;
    private static final int LINGER_MS = 5;
    /** How long a broker that does not answer is waited for after Ctrl-C. */
    private static final Duration CLOSE_MOST = Duration.ofSeconds(5);
    /** How long after Ctrl-C the loop may take to see it; it does not while it waits for input. */
    private static final long GRACE_MS = 300;
    private static final long PARK_MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final String topic;
    private final int partition;
    private final byte[] separator;
    private final byte[] key;
    private final byte[] none;
    private final List<Record.Header> headers = new ArrayList<>();
    /** Sent, in order, and not known to be delivered. */
    private final ArrayDeque<Delivery> deliveries = new ArrayDeque<>();
    private long sent;
    private long delivered;

    private Produce(Arguments arguments) {
        this.topic = arguments.operand(0);
        this.partition = arguments.value(PARTITION, (long) OutgoingRecord.ANY).intValue();
        this.separator = arguments.value(SEPARATOR);
        this.key = arguments.value(KEY);
        this.none = arguments.value(NULL);
        arguments.values(HEADER).forEach(header -> headers.add(new Record.Header(header.key(),
                StandardCharsets.UTF_8.encode(header.value()))));
    }

    private static int run(Arguments arguments, Streams streams) throws IOException {
        arguments.exclude(KEY, SEPARATOR);
        var produce = new Produce(arguments);
        var file = arguments.value(FILE);
        long rate = arguments.value(RATE, 0L);
        try (var in = file == null ? streams.in() : opened(file)) {
            var builder = builder(arguments).clientId("daybook-produce")
                    .batchSizeBytes(BATCH_BYTES).maxRequestSizeBytes(RECORD_MOST_BYTES)
                    .lingerMs(file == null && streams.inTerminal() ? 0 : LINGER_MS);
            var splitter = new Splitter(in, arguments.value(DELIMITER), RECORD_MOST_BYTES);
            long bytes = file == null ? 0 : Files.size(file);
            try (var producer = builder.open();
                    var stop = new Stop(GRACE_MS, () -> producer.close(CLOSE_MOST));
                    var progress = new Progress(streams, InstantSource.system())) {
                try {
                    produce.send(splitter, producer, rate, stop, progress, bytes);
                    producer.flush();
                    produce.check(true);
                } catch (RuntimeException failed) {
                    if (!stop.wanted()) {
                        throw failed;
                    }
                    // At once: the JVM ends when the stop is closed.
                    streams.err().println("daybook: Ended with " + produce.delivered + " records delivered,"
                            + " and not those behind them");
                    return CommandException.FAILED;
                }
            }
        }
        return 0;
    }

    private static InputStream opened(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw CommandException.mistake(file + " is a directory, not a file");
        }
        try {
            return Files.newInputStream(file);
        } catch (NoSuchFileException missing) {
            throw CommandException.mistake("There is no file " + file);
        }
    }

    /** A producer as the flags say that all commands have which send. */
    static Producer.Builder builder(Arguments arguments) {
        return Producer.builder(Bootstrap.reached(arguments))
                .codec(arguments.value(COMPRESSION)).acks(arguments.value(ACKS));
    }

    /** @param total bytes that there are; 0 where that is not known */
    private void send(Splitter splitter, Producer producer, long rate, Stop stop, Progress progress,
            long total) throws IOException {
        long beganNanos = System.nanoTime();
        while (!stop.wanted()) {
            if (rate > 0 && !due(beganNanos + (long) (sent * 1e9 / rate))) {
                continue;
            }
            var line = splitter.next();
            if (line == null) {
                return;
            }
            deliveries.add(producer.send(record(line)));
            sent++;
            check(false);
            if (total > 0 && progress.due()) {
                progress.bar(splitter.readBytes(), total, sent + " records");
            }
        }
    }

    /** Whether that time has come; waits for it, but not for so long that Ctrl-C would not be seen. */
    private static boolean due(long atNanos) {
        long waitNanos = atNanos - System.nanoTime();
        if (waitNanos > 0) {
            LockSupport.parkNanos(Math.min(waitNanos, PARK_MOST_NANOS));
        }
        return waitNanos <= 0;
    }

    private OutgoingRecord record(byte[] line) {
        var own = key;
        var value = line;
        if (separator != null) {
            int at = Splitter.indexOf(line, 0, line.length, separator);
            if (at < 0) {
                throw CommandException.failed("Record " + (sent + 1) + " has no key separator");
            }
            own = Arrays.copyOf(line, at);
            value = Arrays.copyOfRange(line, at + separator.length, line.length);
        }
        return new OutgoingRecord(topic, partition, OutgoingRecord.NOW, unlessNull(own), unlessNull(value),
                headers);
    }

    private byte[] unlessNull(byte[] bytes) {
        return none != null && Arrays.equals(bytes, none) ? null : bytes;
    }

    /** Fails with the first record that failed, in their order. */
    private void check(boolean all) {
        while (!deliveries.isEmpty() && (all || deliveries.peek().isDone())) {
            try {
                deliveries.remove().join();
                delivered++;
            } catch (ClientException failed) {
                throw CommandException.failed("Record " + (delivered + 1) + " is not delivered: "
                        + Commands.sentence(failed));
            }
        }
    }
}
