package daybook.bench;

import daybook.record.BatchBuilder;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Makes topics and sends batches to them, a request at a time on one connection. */
final class Topics {
    private static final int LIMIT_MS = 100_000;
    private static final int PAUSE_MS = 2;
    private static final int ACKS_ALL = -1;

    private Topics() { }

    /** A batch of records of 1,000 bytes, of now. */
    static ByteBuffer batch(int records) {
        var value = ByteBuffer.wrap("x".repeat(1_000).getBytes(StandardCharsets.US_ASCII));
        return BatchBuilder.plain(System.currentTimeMillis(),
                Collections.nCopies(records, new BatchBuilder.Entry(null, value)));
    }

    /** Makes a topic, each partition of which has taken a batch of one record when this returns. */
    static void make(Subject broker, String topic, int partitions) throws Exception {
        try (var connection = broker.connect()) {
            Connection.expectNone(create(connection, List.of(topic), partitions), topic);
            for (int partition = 0; partition < partitions; partition++) {
                insist(connection, topic, partition, batch(1));
            }
        }
    }

    /** Asks for topics of so many partitions each, in one request; returns the first error. */
    static ErrorCode create(Connection connection, List<String> names, int partitions) throws IOException {
        var answer = connection.ask(Call.CREATE_TOPICS, out -> out
                .structs(names, (each, topic) -> each
                        .string(topic).int32(partitions).int16(1).length(0).length(0))
                .int32(LIMIT_MS).bool(false));
        answer.int32();
        return first(answer.structs(in -> {
            in.string();
            in.uuid();
            var error = ErrorCode.of(in.int16());
            in.nullableString();
            in.int32();
            in.int16();
            in.structs(config -> {
                config.string();
                config.nullableString();
                config.bool();
                config.int8();
                return config.bool();
            });
            return error;
        }));
    }

    /** Sends it with acks=all, and returns what was answered. */
    static ErrorCode produce(Connection connection, String topic, int partition, ByteBuffer batch)
            throws IOException {
        sendProduce(connection, ACKS_ALL, topic, partition, batch);
        return produced(connection.receive(Call.PRODUCE));
    }

    static void sendProduce(Connection connection, int acks, String topic, int partition, ByteBuffer batch)
            throws IOException {
        connection.send(Call.PRODUCE, out -> out.string(null).int16(acks).int32(LIMIT_MS)
                .structs(List.of(topic), (each, name) -> each.string(name)
                        .structs(List.of(partition), (one, number) ->
                                one.int32(number).bytes(batch.duplicate()))));
    }

    /** The error in the answer to a request for one partition. */
    static ErrorCode produced(Reader answer) {
        answer.unsignedVarint();
        answer.string();
        answer.unsignedVarint();
        answer.int32();
        return ErrorCode.of(answer.int16());
    }

    /** Sends it again until it is acknowledged: a partition may come a while after its topic. */
    static void insist(Connection connection, String topic, int partition, ByteBuffer batch)
            throws Exception {
        long beganNanos = System.nanoTime();
        for (var error = produce(connection, topic, partition, batch); error != ErrorCode.NONE;
                error = produce(connection, topic, partition, batch)) {
            if (System.nanoTime() - beganNanos > TimeUnit.MILLISECONDS.toNanos(LIMIT_MS)) {
                throw new IllegalStateException(topic + "-" + partition + " answers " + error);
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
        }
    }

    private static ErrorCode first(List<ErrorCode> errors) {
        return errors.stream().filter(error -> error != ErrorCode.NONE).findFirst().orElse(ErrorCode.NONE);
    }
}
