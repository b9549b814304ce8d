package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Replies as a client reads them, to their last byte. */
final class Replies {
    private Replies() { }

    /** Nothing must be left of a reply. */
    static <T> T whole(Reader in, T read) {
        assertEquals(0, in.remaining(), "bytes left of a reply");
        return read;
    }

    record Produced(String topic, Uuid topicId, int partition, ErrorCode error, long baseOffset, long timeMs,
            long startOffset, List<String> recordErrors, String message) {
        /** All partitions of a reply, in its order. */
        static List<Produced> read(Reader in) {
            var all = new ArrayList<Produced>();
            in.structs(topics -> {
                var name = topics.since(13) ? null : topics.string();
                var id = topics.since(13) ? topics.uuid() : Uuid.ZERO;
                return topics.structs(each -> all.add(new Produced(name, id, each.int32(),
                        ErrorCode.of(each.int16()), each.int64(), each.int64(),
                        each.since(5) ? each.int64() : -1,
                        each.since(8) ? each.structs(error ->
                        error.int32() + ":" + error.nullableString()) : List.of(),
                        each.since(8) ? each.nullableString() : null)));
            });
            assertEquals(0, in.int32());
            in.tags();
            return whole(in, all);
        }
    }

    record Fetched(ErrorCode error, int sessionId, List<Partition> partitions) {
        record Partition(String topic, Uuid topicId, int index, ErrorCode error, long highWatermark,
                long stableOffset, long startOffset, List<String> aborted, ByteBuffer records,
                List<Long> diverging) {
            int bytes() {
                return records.remaining();
            }

            /** The base offset of the first batch. */
            long firstOffset() {
                return records.getLong(records.position());
            }
        }

        static Fetched read(Reader in) {
            assertEquals(0, in.int32());
            var error = in.since(7) ? ErrorCode.of(in.int16()) : ErrorCode.NONE;
            int session = in.since(7) ? in.int32() : 0;
            var all = new ArrayList<Partition>();
            in.structs(topics -> {
                var name = topics.since(13) ? null : topics.string();
                var id = topics.since(13) ? topics.uuid() : Uuid.ZERO;
                return topics.array(each -> all.add(partition(each, name, id)));
            });
            in.tags();
            return whole(in, new Fetched(error, session, all));
        }

        private static Partition partition(Reader in, String name, Uuid id) {
            int index = in.int32();
            var error = ErrorCode.of(in.int16());
            long highWatermark = in.int64();
            long stable = in.int64();
            long start = in.since(5) ? in.int64() : -1;
            var aborted = in.nullableStructs(each -> each.int64() + " from " + each.int64());
            if (in.since(11)) {
                assertEquals(-1, in.int32());
            }
            var records = in.bytes();
            var diverging = new ArrayList<Long>();
            in.tags(tag -> {
                assertEquals(0, tag);
                diverging.add((long) in.int32());
                diverging.add(in.int64());
            });
            return new Partition(name, id, index, error, highWatermark, stable, start, aborted, records,
                    diverging);
        }

        Partition only() {
            assertEquals(1, partitions.size(), this::toString);
            return partitions.getFirst();
        }
    }

    record Described(List<String> brokers, String clusterId, int controller, List<Topic> topics,
            int operations) {
        record Topic(ErrorCode error, String name, Uuid id, boolean internal, List<String> partitions,
                int operations) { }

        static Described read(Reader in) {
            if (in.since(3)) {
                assertEquals(0, in.int32());
            }
            var brokers = in.structs(each -> each.int32() + "@" + each.string() + ":" + each.int32()
                    + (each.since(1) ? "/" + each.nullableString() : ""));
            var cluster = in.since(2) ? in.nullableString() : null;
            int controller = in.since(1) ? in.int32() : -1;
            var topics = in.structs(Described::topic);
            int operations = in.since(8) && !in.since(11) ? in.int32() : Integer.MIN_VALUE;
            if (in.since(13)) {
                assertEquals(0, in.int16());
            }
            in.tags();
            return whole(in, new Described(brokers, cluster, controller, topics, operations));
        }

        private static Topic topic(Reader in) {
            return new Topic(ErrorCode.of(in.int16()), in.nullableString(),
                    in.since(10) ? in.uuid() : Uuid.ZERO,
                    in.since(1) && in.bool(), in.structs(Described::partition),
                    in.since(8) ? in.int32() : Integer.MIN_VALUE);
        }

        private static String partition(Reader in) {
            return in.int16() + " " + in.int32() + " " + in.int32() + (in.since(7) ? " " + in.int32() : "")
                    + " " + in.array(Reader::int32) + in.array(Reader::int32)
                    + (in.since(5) ? in.array(Reader::int32) : "");
        }

        Topic only() {
            assertEquals(1, topics.size(), this::toString);
            return topics.getFirst();
        }
    }
}
