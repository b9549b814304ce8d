package daybook.client;

import daybook.record.BatchBuilder;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A client that speaks bytes: what an admin is to find is put there with it, step by step, so that a
 * transaction stays open and a member stays where it is. In flexible versions only.
 */
public final class RawClient implements AutoCloseable {
    /** Who writes in a transaction. */
    public record Identity(String transactionalId, long producerId, short epoch) { }

    private final Socket socket;
    private final DataInputStream in;

    /** @param address {@code host:port} of the one broker that there is */
    public RawClient(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        this.socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(60_000);
        this.in = new DataInputStream(socket.getInputStream());
    }

    private Reader ask(int api, int version, Consumer<Writer> body) throws IOException {
        var header = new Writer(0, false).int16(api).int16(version).int32(1).string("raw");
        var rest = new Writer(version, true).tags();
        body.accept(rest);
        int length = header.size() + rest.size();
        socket.getOutputStream().write(ByteBuffer.allocate(4 + length).putInt(length).put(header.toBuffer())
                .put(rest.toBuffer()).array());
        var reader = new Reader(ByteBuffer.wrap(in.readNBytes(in.readInt())), version, true);
        reader.int32();
        reader.tags();
        return reader;
    }

    private static ErrorCode error(Reader in) {
        return ErrorCode.of(in.int16());
    }

    private static void check(Reader in) {
        ClientException.check(error(in), "a raw client");
    }

    // Records.

    /** Writes records of these values to partition 0 of a topic, in a batch of their own. */
    public void produce(String topic, long timestampMs, String... values) throws IOException {
        produce(null, topic, BatchBuilder.plain(timestampMs, entries(values)));
    }

    private static List<BatchBuilder.Entry> entries(String... values) {
        return Arrays.stream(values).map(value -> new BatchBuilder.Entry(null,
                ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)))).toList();
    }

    private void produce(String transactionalId, String topic, ByteBuffer batch) throws IOException {
        var answer = ask(0, 9, out -> out.string(transactionalId).int16(-1).int32(10_000)
                .structs(List.of(topic), (each, name) -> each.string(name)
                        .structs(List.of(0), (one, index) -> one.int32(index).bytes(batch))).tags());
        answer.array(each -> {
            each.string();
            return each.array(partition -> {
                partition.int32();
                check(partition);
                return skipRest(partition);
            });
        });
    }

    private static Object skipRest(Reader in) {
        in.view(in.remaining());
        return in;
    }

    // Transactions.

    /** Opens a transaction that has written one record to partition 0 of a topic. */
    public Identity begin(String transactionalId, String topic) throws IOException {
        ask(10, 4, out -> out.int8(1).strings(List.of(transactionalId)).tags());
        Reader identified;
        ErrorCode error;
        do {
            identified = ask(22, 4, out ->
                    out.string(transactionalId).int32(60_000).int64(-1).int16(-1).tags());
            identified.int32();
            error = error(identified);
        } while (new ClientException(error, null).retriable());
        ClientException.check(error, "identifying");
        var identity = new Identity(transactionalId, identified.int64(), identified.int16());
        var added = ask(24, 3, out -> out.string(transactionalId).int64(identity.producerId)
                .int16(identity.epoch).structs(List.of(topic), (each, name) ->
                        each.string(name).int32s(List.of(0))).tags());
        added.int32();
        added.structs(each -> {
            each.string();
            return each.structs(partition -> {
                partition.int32();
                check(partition);
                return partition;
            });
        });
        produce(transactionalId, topic, BatchBuilder.transactional(System.currentTimeMillis(),
                identity.producerId, identity.epoch, entries("in a transaction")));
        return identity;
    }

    /** Ends it; what the broker says. */
    public ErrorCode commit(Identity identity) throws IOException {
        var ended = ask(26, 3, out -> out.string(identity.transactionalId).int64(identity.producerId)
                .int16(identity.epoch).bool(true).tags());
        ended.int32();
        return error(ended);
    }

    // Members.

    /**
     * Joins a group of the protocol of KIP-848, and keeps what it is given.
     *
     * @return the member's id
     */
    public String joinConsumer(String group, String topic) throws IOException {
        ask(10, 4, out -> out.int8(0).strings(List.of(group)).tags());
        var memberId = Uuid.random().toString();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        for (int epoch = 0; System.nanoTime() < deadline;) {
            int known = epoch;
            var answer = ask(68, 0, out -> out.string(group).string(memberId).int32(known).string(null)
                    .string(null).int32(60_000).strings(List.of(topic)).string(null)
                    .structs(List.of(), null).tags());
            answer.int32();
            var error = error(answer);
            if (!new ClientException(error, null).retriable()) {
                ClientException.check(error, answer.nullableString());
                answer.nullableString();
                epoch = answer.int32();
                answer.int32();
                if (answer.int8() >= 0 && !answer.structs(each -> {
                    each.uuid();
                    return each.array(Reader::int32);
                }).isEmpty()) {
                    return memberId;
                }
            }
        }
        throw new IOException("no assignment in group " + group);
    }

    /**
     * Joins a classic group, and gives all partitions of the topic to itself.
     *
     * @return the member's id
     */
    public String joinClassic(String group, String instanceId, String topic, int partitions)
            throws IOException {
        ask(10, 4, out -> out.int8(0).strings(List.of(group)).tags());
        var memberId = "";
        Reader joined;
        while (true) {
            var id = memberId;
            joined = ask(11, 7, out -> out.string(group).int32(60_000).int32(60_000).string(id)
                    .string(instanceId).string("consumer").structs(List.of("range"), (each, name) ->
                            each.string(name).bytes(subscription(topic))).tags());
            joined.int32();
            var error = error(joined);
            int generation = joined.int32();
            joined.nullableString();
            joined.nullableString();
            joined.string();
            memberId = joined.string();
            if (error == ErrorCode.NONE) {
                sync(group, generation, memberId, instanceId, topic, partitions);
                return memberId;
            }
            if (error != ErrorCode.MEMBER_ID_REQUIRED && !new ClientException(error, null).retriable()) {
                throw new ClientException(error, "joining");
            }
        }
    }

    private void sync(String group, int generation, String memberId, String instanceId, String topic,
            int partitions) throws IOException {
        var indexes = new ArrayList<Integer>();
        for (int index = 0; index < partitions; index++) {
            indexes.add(index);
        }
        var assignment = new Writer(0, false).int16(0).structs(List.of(topic), (each, name) ->
                each.string(name).int32s(indexes)).bytes(null).toBuffer();
        var synced = ask(14, 4, out -> out.string(group).int32(generation).string(memberId).string(instanceId)
                .structs(List.of(memberId), (each, id) -> each.string(id).bytes(assignment)).tags());
        synced.int32();
        check(synced);
    }

    private static ByteBuffer subscription(String topic) {
        return new Writer(0, false).int16(0).strings(List.of(topic)).bytes(null).toBuffer();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
