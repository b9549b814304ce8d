package daybook.compat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Apache Kafka Streams counts words exactly once, in a process of its own: {@code WordCount ADDRESS
 * APPLICATION INPUT OUTPUT DIRECTORY}, until it is killed. Words go through a topic in which each has its
 * partition; every count of a word goes to the store's changelog and to OUTPUT, as text.
 */
final class WordCount {
    static final String STORE = "counts";
    private static final int SESSION_MS = 3_000;

    private WordCount() {}

    public static void main(String[] arguments) {
        var settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("application.id", arguments[1]);
        settings.put("state.dir", arguments[4]);
        settings.put("processing.guarantee", "exactly_once_v2");
        settings.put("num.stream.threads", 2);
        settings.put("commit.interval.ms", 50);
        // Nothing is held back, so that no count is left out.
        settings.put("statestore.cache.max.bytes", 0);
        settings.put("replication.factor", 1);
        settings.put("consumer.auto.offset.reset", "earliest");
        settings.put("consumer.session.timeout.ms", SESSION_MS);
        settings.put("consumer.heartbeat.interval.ms", SESSION_MS / 10);
        settings.put("producer.transaction.timeout.ms", SESSION_MS);
        settings.put("reconnect.backoff.max.ms", 200);
        var streams = new KafkaStreams(topology(arguments[2], arguments[3]).build(), settings);
        streams.setUncaughtExceptionHandler(failure -> {
            failure.printStackTrace();
            return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
        streams.start();
    }

    private static StreamsBuilder topology(String input, String output) {
        var builder = new StreamsBuilder();
        var text = Serdes.String();
        builder.stream(input, Consumed.with(Serdes.ByteArray(), text))
                .flatMapValues(line -> List.of(line.split(" ")))
                .groupBy((none, word) -> word, Grouped.with("words", text, text))
                .count(Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as(STORE)
                        .withKeySerde(text).withValueSerde(Serdes.Long()))
                .toStream().mapValues(count -> Long.toString(count).getBytes(StandardCharsets.US_ASCII))
                .to(output, Produced.with(text, Serdes.ByteArray()));
        return builder;
    }
}
