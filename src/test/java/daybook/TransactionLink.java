package daybook;

import daybook.log.TopicPartition;
import daybook.txn.Identity;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A connection by which transactions are asked for, byte by byte. A request is sent at once; its answer is
 * taken when somebody wants it, in the order of the requests.
 */
final class TransactionLink implements AutoCloseable {
    /** The answer to a request that was sent. */
    interface Answer<T> {
        /** Waits for it. */
        T take() throws IOException;
    }

    /** What became of a batch. */
    record Placed(ErrorCode error, long offset) { }

    /** A part of a partition, as one who wants committed records gets it. */
    record Fetched(ErrorCode error, long lastStableOffset, long endOffset, List<Aborted> aborted,
            ByteBuffer records) { }

    /** A transaction whose records are to be passed over, from this offset on to its marker. */
    record Aborted(long producerId, long firstOffset) { }

    /** A producer that a partition remembers; the start is -1 where it is in no transaction. */
    record Writing(long producerId, int producerEpoch, int coordinatorEpoch, long start) { }

    /** A transactional id as its coordinator tells it. */
    record Told(ErrorCode error, String state, Identity producer, int partitions) { }

    private static final int TIMEOUT_MS = 30_000;
    private static final int FETCH_BYTES = 1 << 24;
    private static final int COMMITTED_ONLY = 1;
    private static final int ALL_REPLICAS = -1;
    /** The one request whose version here is of the old form. */
    private static final int FETCH = 1;

    private final Socket socket;
    private final DataInputStream in;

    TransactionLink(int port) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(TIMEOUT_MS);
        in = new DataInputStream(socket.getInputStream());
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** Sends a request; its answer's body is parsed when it is taken. */
    private <T> Answer<T> send(int key, int version, Consumer<Writer> body, Function<Reader, T> parse)
            throws IOException {
        boolean flexible = key != FETCH;
        var header = new Writer(0, false).int16(key).int16(version).int32(7).string("simulation");
        var rest = new Writer(version, flexible).tags();
        body.accept(rest);
        rest.tags();
        int length = header.size() + rest.size();
        var frame = ByteBuffer.allocate(4 + length).putInt(length);
        frame.put(header.toBuffer()).put(rest.toBuffer());
        socket.getOutputStream().write(frame.array());
        return () -> {
            var bytes = new byte[in.readInt()];
            in.readFully(bytes);
            var reader = new Reader(ByteBuffer.wrap(bytes), version, flexible);
            reader.int32();
            reader.tags();
            return parse.apply(reader);
        };
    }

    // Of producers.

    Answer<Identity> identify(int version, String id, int timeoutMs, Identity known) throws IOException {
        return send(22, version == 2 ? 5 : 4, out -> producer(out.string(id).int32(timeoutMs), known),
                TransactionLink::identity);
    }

    Answer<ErrorCode> addPartitions(String id, Identity producer, Collection<TopicPartition> partitions)
            throws IOException {
        return send(24, 3, out -> indexes(producer(out.string(id), producer), partitions),
                in -> {
                    in.int32();
                    return worst(byPlace(in, each -> ErrorCode.of(each.int16())));
                });
    }

    Answer<ErrorCode> addOffsets(String id, Identity producer, String group) throws IOException {
        return send(25, 3, out -> producer(out.string(id), producer).string(group), in -> {
            in.int32();
            return ErrorCode.of(in.int16());
        });
    }

    Answer<Map<TopicPartition, Placed>> produce(int version, String id,
            Map<TopicPartition, ByteBuffer> batches) throws IOException {
        return send(0, version == 2 ? 12 : 11, out -> {
            out.string(id).int16(ALL_REPLICAS).int32(TIMEOUT_MS);
            places(out, batches.keySet(), (each, place) -> each.bytes(batches.get(place).duplicate()));
        }, in -> byPlace(in, each -> {
            var placed = new Placed(ErrorCode.of(each.int16()), each.int64());
            each.int64();
            each.int64();
            each.structs(error -> error.int32() + error.nullableString());
            each.nullableString();
            return placed;
        }));
    }

    Answer<ErrorCode> commitOffsets(int version, String id, String group, Identity producer,
            Map<TopicPartition, Long> offsets) throws IOException {
        return send(28, version == 2 ? 5 : 3, out -> {
            producer(out.string(id).string(group), producer).int32(-1).string("").string(null);
            places(out, offsets.keySet(), (each, place) ->
                    each.int64(offsets.get(place)).int32(-1).string(""));
        }, in -> {
            in.int32();
            return worst(byPlace(in, each -> ErrorCode.of(each.int16())));
        });
    }

    /** Answers who the producer is now; in version 1 it stays who it is. */
    Answer<Identity> end(int version, String id, Identity producer, boolean commit) throws IOException {
        return send(26, version == 2 ? 5 : 4, out -> producer(out.string(id), producer).bool(commit), in -> {
            if (version == 2) {
                return identity(in);
            }
            in.int32();
            var error = ErrorCode.of(in.int16());
            return error == ErrorCode.NONE ? producer : Identity.refused(error);
        });
    }

    // Of consumers.

    /** Committed records from this offset on. */
    Answer<Fetched> fetch(TopicPartition place, long offset) throws IOException {
        return send(1, 4, out -> {
            out.int32(-1).int32(0).int32(0).int32(FETCH_BYTES).int8(COMMITTED_ONLY);
            places(out, List.of(place), (each, any) -> each.int64(offset).int32(FETCH_BYTES));
        }, in -> {
            in.int32();
            return byPlace(in, each -> {
                var error = ErrorCode.of(each.int16());
                long end = each.int64();
                long stable = each.int64();
                var aborted = each.nullableArray(one -> new Aborted(one.int64(), one.int64()));
                return new Fetched(error, stable, end, aborted, each.nullableBytes());
            }).get(place);
        });
    }

    /**
     * What the group has committed; -1 where it has nothing. Where a transaction is open that is no answer.
     */
    Answer<Map<TopicPartition, Placed>> offsets(String group, List<TopicPartition> places)
            throws IOException {
        return send(9, 7, out -> indexes(out.string(group), places).bool(true), in -> {
            in.int32();
            return byPlace(in, each -> {
                long offset = each.int64();
                each.int32();
                each.nullableString();
                return new Placed(ErrorCode.of(each.int16()), offset);
            });
        });
    }

    // Of administrators.

    Answer<ErrorCode> createTopic(String name, int partitions) throws IOException {
        return send(19, 5, out -> out.structs(List.of(name), (each, one) -> each.string(one).int32(partitions)
                .int16(1).length(0).length(0)).int32(TIMEOUT_MS).bool(false), in -> {
                    in.int32();
                    return in.structs(each -> {
                        each.string();
                        var error = ErrorCode.of(each.int16());
                        each.nullableString();
                        each.int32();
                        each.int16();
                        each.nullableStructs(one -> one.string() + one.nullableString() + one.bool()
                                + one.int8() + one.bool());
                        return error;
                    }).getFirst();
                });
    }

    /** Has the topic made that keeps groups, 0, or transactions, 1. */
    Answer<ErrorCode> findCoordinator(int type, String key) throws IOException {
        return send(10, 3, out -> out.string(key).int8(type), in -> {
            in.int32();
            return ErrorCode.of(in.int16());
        });
    }

    Answer<List<Writing>> describeProducers(TopicPartition place) throws IOException {
        return send(61, 0, out -> indexes(out, List.of(place)), in -> {
            in.int32();
            return byPlace(in, each -> {
                each.int16();
                each.nullableString();
                return each.structs(one -> {
                    long id = one.int64();
                    int epoch = one.int32();
                    one.int32();
                    one.int64();
                    return new Writing(id, epoch, one.int32(), one.int64());
                });
            }).get(place);
        });
    }

    /** The states of all transactional ids. */
    Answer<Map<String, String>> listTransactions() throws IOException {
        return send(66, 0, out -> out.length(0).length(0), in -> {
            in.int32();
            var states = new TreeMap<String, String>();
            var error = ErrorCode.of(in.int16());
            in.array(Reader::string);
            in.structs(each -> {
                var id = each.string();
                each.int64();
                return states.put(id, each.string());
            });
            return error == ErrorCode.NONE ? states : null;
        });
    }

    Answer<Told> describeTransaction(String id) throws IOException {
        return send(65, 0, out -> out.length(1).string(id), in -> {
            in.int32();
            return in.structs(each -> {
                var error = ErrorCode.of(each.int16());
                each.string();
                var state = each.string();
                each.int32();
                each.int64();
                var producer = Identity.of(each.int64(), each.int16());
                int places = each.structs(topic -> topic.string() + topic.array(Reader::int32)).size();
                return new Told(error, state, producer, places);
            }).getFirst();
        });
    }

    /** Ends a transaction in one partition, whatever its coordinator says. */
    Answer<ErrorCode> abort(TopicPartition place, Writing producer) throws IOException {
        return send(27, 1, out -> out.structs(List.of(producer), (each, one) -> indexes(
                each.int64(one.producerId()).int16(one.producerEpoch()).bool(false), List.of(place))
                .int32(Math.max(0, one.coordinatorEpoch()))), in -> in.structs(each -> {
                    each.int64();
                    return worst(byPlace(each, one -> ErrorCode.of(one.int16())));
                }).getFirst());
    }

    // Parts.

    private static Writer producer(Writer out, Identity producer) {
        return out.int64(producer.producerId()).int16(producer.producerEpoch());
    }

    private static Identity identity(Reader in) {
        in.int32();
        return new Identity(ErrorCode.of(in.int16()), in.int64(), in.int16());
    }

    private static Map<String, List<TopicPartition>> byTopic(Collection<TopicPartition> places) {
        var topics = new TreeMap<String, List<TopicPartition>>();
        places.forEach(each -> topics.computeIfAbsent(each.topic(), name -> new ArrayList<>()).add(each));
        return topics;
    }

    private static Writer indexes(Writer out, Collection<TopicPartition> places) {
        return out.structs(byTopic(places).entrySet(), (each, topic) -> each.string(topic.getKey())
                .int32s(topic.getValue().stream().map(TopicPartition::partition).toList()));
    }

    private static Writer places(Writer out, Collection<TopicPartition> places,
            BiConsumer<Writer, TopicPartition> rest) {
        return out.structs(byTopic(places).entrySet(), (each, topic) -> each.string(topic.getKey())
                .structs(topic.getValue(), (one, place) -> rest.accept(one.int32(place.partition()), place)));
    }

    private static <T> Map<TopicPartition, T> byPlace(Reader in, Function<Reader, T> rest) {
        var all = new TreeMap<TopicPartition, T>();
        in.structs(each -> {
            var topic = each.string();
            return each.structs(one -> all.put(new TopicPartition(topic, one.int32()), rest.apply(one)));
        });
        return all;
    }

    /** That of the first partition that has one. */
    private static ErrorCode worst(Map<TopicPartition, ErrorCode> errors) {
        return errors.values().stream().filter(each -> each != ErrorCode.NONE).findFirst()
                .orElse(ErrorCode.NONE);
    }
}
