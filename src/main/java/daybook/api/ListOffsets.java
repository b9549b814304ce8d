package daybook.api;

import daybook.log.PartitionLog;
import daybook.log.PartitionLog.Found;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.UncheckedIOException;
import java.util.List;

import static daybook.api.ByTopic.NO_IDS;

/**
 * ListOffsets (2): the offset that belongs to a time, or to one of the marks of a log.
 *
 * <pre>
 *   v1   the lowest served; one offset and its timestamp (KIP-79)
 *   v2   isolation level, throttle time
 *   v4   leader epochs (KIP-320)
 *   v6   flexible
 *   v7   -3, the record with the greatest timestamp (KIP-734)
 *   v8   -4, the earliest that is on this disk (KIP-405)
 *   v9   -5, the latest that is in tiered storage (KIP-1005)
 *   v10  a time limit for tiered storage (KIP-1075)
 *   v11  -6, the earliest that waits for tiered storage (KIP-1023)
 * </pre>
 * There is no tiered storage: -4 is the earliest, and there is nothing at -5 and -6.
 */
record ListOffsets(Services services) {
    private static final int LATEST = -1;
    private static final int EARLIEST = -2;
    private static final int MAX_TIMESTAMP = -3;
    private static final int EARLIEST_LOCAL = -4;
    /** The versions that brought the marks from -3 down. */
    private static final int[] MARKS_FROM = {7, 8, 9, 11};
    private static final int CONSUMER = -1;
    private static final Found NOTHING = new Found(-1, -1, -1);

    private record Query(int replicaId, int isolation, List<ByTopic<Asked>> topics) {
        /** The time limit that follows in v10 bounds a wait for tiered storage. */
        static Query read(Reader in) {
            return new Query(in.int32(), in.since(2) ? in.int8() : 0,
                    ByTopic.read(in, NO_IDS, each -> new Asked(each.int32(),
                            each.since(4) ? each.int32() : Partitions.NO_EPOCH, each.int64(), false)));
        }
    }

    /** What is asked of a partition, and whether the request names the partition again, which is refused. */
    private record Asked(int index, int leaderEpoch, long timestamp, boolean repeated) {
        Asked again(Asked other) {
            return new Asked(index, leaderEpoch, timestamp, true);
        }
    }

    private record Answer(ErrorCode error, Found found) {
        static Answer failed(ErrorCode error) {
            return new Answer(error, NOTHING);
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var query = Query.read(in);
        if (in.since(10)) {
            in.int32();
        }
        in.tags();
        var topics = ByTopic.distinct(query.topics, Asked::index, Asked::again);
        out.since(2, more -> more.int32(0));
        ByTopic.write(out, topics, NO_IDS, (each, topic, asked) ->
                write(each.int32(asked.index), answer(query, topic, asked, in.version()))).tags();
    }

    private Answer answer(Query query, TopicRef topic, Asked asked, int version) {
        if (asked.repeated) {
            return Answer.failed(ErrorCode.INVALID_REQUEST);
        }
        if (query.isolation < 0 || query.isolation > 1) {
            return Answer.failed(ErrorCode.UNKNOWN_SERVER_ERROR);
        }
        if (!served(asked.timestamp, version)) {
            return Answer.failed(ErrorCode.UNSUPPORTED_VERSION);
        }
        return switch (services.partitions().find(topic, asked.index, asked.leaderEpoch)) {
            case Partitions.Missing missing -> Answer.failed(missing.error());
            case Partitions.Led led -> answer(query, led, asked.timestamp);
        };
    }

    private Answer answer(Query query, Partitions.Led led, long timestamp) {
        try {
            return new Answer(ErrorCode.NONE, find(query, led, timestamp));
        } catch (UncheckedIOException failed) {
            services.log().warn("time", "No time can be found in " + led.log().partition()
                    + ": " + failed);
            return Answer.failed(ErrorCode.KAFKA_STORAGE_ERROR);
        }
    }

    /** Each mark below the first two has the version that brought it. */
    private static boolean served(long timestamp, int version) {
        return timestamp >= EARLIEST || timestamp > MAX_TIMESTAMP - MARKS_FROM.length
                && version >= MARKS_FROM[(int) (MAX_TIMESTAMP - timestamp)];
    }

    private static Found find(Query query, Partitions.Led led, long timestamp) {
        var log = led.log();
        if (timestamp >= 0 || timestamp == MAX_TIMESTAMP) {
            var found = timestamp >= 0 ? log.offsetForTime(timestamp) : log.offsetOfMaxTimestamp();
            return found.offset() < end(query, log) ? found : NOTHING;
        }
        if (timestamp == LATEST) {
            return new Found(end(query, log), -1, led.partition().leaderEpoch());
        }
        if (timestamp == EARLIEST || timestamp == EARLIEST_LOCAL) {
            long start = log.startOffset();
            return new Found(start, -1, led.epochOf(start));
        }
        return NOTHING;
    }

    /** The offset that this client cannot read up to; only replicas see what is above the high watermark. */
    private static long end(Query query, PartitionLog log) {
        if (query.replicaId != CONSUMER) {
            return log.endOffset();
        }
        return query.isolation == 1 ? log.lastStableOffset() : log.highWatermark();
    }

    private static void write(Writer out, Answer answer) {
        out.error(answer.error).int64(answer.found.timestampMs()).int64(answer.found.offset())
                .since(4, more -> more.int32(answer.found.leaderEpoch()));
    }
}
