package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import daybook.api.Replies.Produced;
import daybook.txn.Identity;
import daybook.txn.Transaction;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A transactional producer that speaks bytes, in any version of each request. */
final class TestProducer {
    /** The identity of who says nothing of itself. */
    static final Identity NOBODY = Identity.of(-1, -1);

    /** A batch for a partition, which is told as {@code topic-0}. */
    record Piece(String partition, ByteBuffer records) { }

    private final TestBroker broker;
    private final TestClient client;
    final String id;
    /** Who it is in its next request. */
    Identity identity = NOBODY;

    TestProducer(TestBroker broker, TestClient client, String id) {
        this.broker = broker;
        this.client = client;
        this.id = id;
    }

    /** Gets its identity; the topic of transactions is made where need be, and its load waited for. */
    TestProducer begin() throws IOException {
        client.ask("FindCoordinator", 1, out -> out.string(id).int8(1));
        do {
            identity = identify(5, 60_000, NOBODY);
        } while (identity.error() == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
        assertEquals(ErrorCode.NONE, identity.error());
        return this;
    }

    Identity identify(int version, int timeoutMs, Identity known) throws IOException {
        var in = client.ask("InitProducerId", version, out -> out.string(id).int32(timeoutMs)
                .since(3, more -> more.int64(known.producerId()).int16(known.producerEpoch())).tags());
        assertEquals(0, in.int32());
        var answer = new Identity(ErrorCode.of(in.int16()), in.int64(), in.int16());
        in.tags();
        return Replies.whole(in, answer);
    }

    /** Returns the errors of all partitions, as one where all have the same. */
    Object add(int version, String... partitions) throws IOException {
        return one(add(version, identity, false, partitions));
    }

    /** Asks whether the partitions are in the transaction. */
    Object verify(String... partitions) throws IOException {
        return one(add(5, identity, true, partitions));
    }

    private static Object one(Map<String, ErrorCode> errors) {
        boolean same = errors.values().stream().distinct().count() == 1;
        return same ? errors.values().iterator().next() : errors;
    }

    Map<String, ErrorCode> add(int version, Identity producer, boolean verifyOnly, String... partitions)
            throws IOException {
        var errors = new TreeMap<String, ErrorCode>();
        var in = client.ask("AddPartitionsToTxn", version, out -> {
            if (version < 4) {
                write(out, producer, false, partitions);
                out.tags();
            } else {
                out.structs(List.of(id), (each, same) ->
                        write(each, producer, verifyOnly, partitions)).tags();
            }
        });
        assertEquals(0, in.int32());
        if (version < 4) {
            read(in, errors);
        } else {
            assertEquals(0, in.int16());
            assertEquals(List.of(id), in.structs(each -> {
                var answered = each.string();
                read(each, errors);
                return answered;
            }));
        }
        in.tags();
        return Replies.whole(in, errors);
    }

    private void write(Writer out, Identity producer, boolean verifyOnly, String... partitions) {
        out.string(id).int64(producer.producerId()).int16(producer.producerEpoch());
        out.since(4, more -> more.bool(verifyOnly));
        var topics = new LinkedHashMap<String, List<Integer>>();
        for (var partition : partitions) {
            topics.computeIfAbsent(topic(partition), none -> new ArrayList<>()).add(index(partition));
        }
        out.structs(topics.entrySet(), (each, topic) ->
                each.string(topic.getKey()).int32s(topic.getValue()));
    }

    private static void read(Reader in, Map<String, ErrorCode> errors) {
        in.structs(topics -> {
            var name = topics.string();
            return topics.structs(each ->
                    errors.put(name + "-" + each.int32(), ErrorCode.of(each.int16())));
        });
    }

    static String topic(String partition) {
        return partition.substring(0, partition.lastIndexOf('-'));
    }

    static int index(String partition) {
        return Integer.parseInt(partition.substring(partition.lastIndexOf('-') + 1));
    }

    /** Produces one record to a partition in its transaction, and waits for the disk. */
    Produced produce(int version, String partition, int sequence) throws IOException {
        return produce(version, -1, piece(partition, sequence)).getFirst();
    }

    /** As {@link #produce(int, String, int)}, of what there may be no answer for but its error. */
    ErrorCode write(int version, String partition, int sequence) throws IOException {
        return produce(version, partition, sequence).error();
    }

    Piece piece(String partition, int sequence) {
        return new Piece(partition,
                Batches.transactional(identity.producerId(), identity.producerEpoch(), sequence, "v"));
    }

    List<Produced> produce(int version, int acks, Piece... pieces) throws IOException {
        return Produced.read(client.ask("Produce", version, request(acks, pieces)));
    }

    /** The body of a Produce request with its transactional id. */
    Consumer<Writer> request(int acks, Piece... pieces) {
        return out -> out.string(id).int16(acks).int32(1000).structs(List.of(pieces), (topics, piece) -> {
            var topic = broker.catalog.image().topic(topic(piece.partition));
            new TopicRef(topic(piece.partition), topic == null ? Uuid.ZERO : topic.id()).write(topics, 13)
                    .structs(List.of(piece), (each, same) ->
                            each.int32(index(piece.partition)).bytes(piece.records));
        }).tags();
    }

    /** Ends its transaction, and goes on with the identity that it is given. */
    ErrorCode end(int version, boolean commit) throws IOException {
        var answer = end(version, identity, commit);
        if (version >= 5 && answer.error() == ErrorCode.NONE) {
            identity = answer;
        }
        return answer.error();
    }

    /** The answer; below version 5 it has no identity. */
    Identity end(int version, Identity producer, boolean commit) throws IOException {
        var in = client.ask("EndTxn", version, out -> out.string(id).int64(producer.producerId())
                .int16(producer.producerEpoch()).bool(commit).tags());
        assertEquals(0, in.int32());
        var error = ErrorCode.of(in.int16());
        var answer = in.since(5) ? new Identity(error, in.int64(), in.int16()) : Identity.refused(error);
        in.tags();
        return Replies.whole(in, answer);
    }

    /** Waits until all markers are written; returns what the coordinator knows. */
    Transaction settled() {
        var found = broker.transactions.find(id);
        while (found.error() != ErrorCode.NONE
                || found.transaction().status().toString().startsWith("Prepare")) {
            Thread.onSpinWait();
            found = broker.transactions.find(id);
        }
        return found.transaction();
    }
}
