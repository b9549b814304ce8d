package daybook.api;

import daybook.api.FetchSessions.Kept;
import daybook.api.FetchSessions.Slot;
import daybook.api.FetchSessions.Wanted;
import daybook.log.AbortedTransactions;
import daybook.log.EpochEnd;
import daybook.log.PartitionLog;
import daybook.log.ReadResult;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Region;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Fetch (1): batches from logs to clients, as regions of files that never pass through the heap.
 *
 * <pre>
 *   v4   the lowest served; isolation level (KIP-98)
 *   v5   log start offset in the answer
 *   v7   sessions (KIP-227), see {@link FetchSessions}
 *   v9   the client's leader epoch (KIP-320)
 *   v11  the client's rack and a preferred replica (KIP-392); this broker has the only one
 *   v12  flexible; the epoch of the record fetched last, and where that epoch ended (KIP-595)
 *   v13  topics by id (KIP-516)
 *   v15  a replica says who it is in a tagged field (KIP-903)
 *   v16  endpoints of new leaders (KIP-951)
 *   v17  directories of replicas (KIP-853)
 *   v18  the high watermark that a replica knows (KIP-1166)
 * </pre>
 * An answer has the first batch of the first partition that has one whole, even if it is larger than every
 * limit (KIP-74): a consumer must get past it. Where there is less than {@code min_bytes} and no error, the
 * thread of the connection parks until an append to one of the partitions, the end of {@code max_wait} or of
 * the connection. It holds no region while it is parked, and one watch for each log. A partition that the
 * catalog does not know cannot end the wait for others, as in Apache Kafka: a consumer may ask for it for
 * long, and would never rest.
 */
record Fetch(Services services, FetchSessions sessions) {
    private static final int IDS_FROM = 13;
    private static final int REPLICA_TAG = 1;
    private static final ByteBuffer NO_RECORDS = ByteBuffer.allocate(0);

    private record Query(int version, int replicaId, int maxWaitMs, int minBytes, int maxBytes, int isolation,
            int sessionId, int sessionEpoch, List<ByTopic<Wanted>> topics, List<ByTopic<Integer>> forgotten,
            String rack) {
        static Query read(Reader in) {
            return new Query(in.version(), in.since(15) ? -1 : in.int32(), in.int32(), in.int32(),
                    in.int32(), in.int8(), in.since(7) ? in.int32() : 0, in.since(7) ? in.int32() : -1,
                    ByTopic.read(in, IDS_FROM, Wanted::read),
                    in.since(7) ? ByTopic.indexes(in, IDS_FROM) : List.of(),
                    in.since(11) ? in.string() : "");
        }

        /** What is answered of partitions where nothing is looked at; newer clients read the first error. */
        List<Answer> failed() {
            var failed = new ArrayList<Answer>();
            if (version < IDS_FROM) {
                ByTopic.each(topics, (topic, wanted) -> failed.add(Answer.failed(
                        new Kept(new Slot(topic, wanted.index())), ErrorCode.UNKNOWN_SERVER_ERROR, true)));
            }
            return failed;
        }

        boolean committedOnly() {
            return isolation == 1;
        }
    }

    /**
     * What is answered for one partition.
     *
     * @param log null where there is none to wait for
     * @param diverging where the epoch ended that the client takes for longer, or null
     * @param aborted the aborted transactions, or null
     * @param region the batches, or null
     */
    record Answer(Kept kept, PartitionLog log, ErrorCode error, long highWatermark, long lastStableOffset,
            long startOffset, EpochEnd diverging, List<AbortedTransactions.Entry> aborted, Region region) {
        /** @param noneAborted whether an empty list of aborted transactions is there */
        static Answer failed(Kept kept, ErrorCode error, boolean noneAborted) {
            return new Answer(kept, null, error, -1, -1, -1, null, noneAborted ? List.of() : null, null);
        }

        int lengthBytes() {
            return region == null ? 0 : region.lengthBytes();
        }

        boolean hasNews() {
            return error != ErrorCode.NONE || diverging != null || region != null;
        }

        /** Whether the client is to learn of it at once; what is wholly unknown waits with the rest. */
        boolean urgent() {
            return diverging != null || error != ErrorCode.NONE && !new Partitions.Missing(error).unknown();
        }
    }

    /** One look at all partitions; closing it gives back the regions that no writer has taken over. */
    private static final class Look implements AutoCloseable {
        private final List<Answer> answers = new ArrayList<>();
        private long lengthBytes;
        private boolean urgent;
        private boolean waitable;
        private boolean handedOver;

        void add(Answer answer) {
            answers.add(answer);
            lengthBytes += answer.lengthBytes();
            urgent |= answer.urgent();
            waitable |= answer.log != null;
        }

        boolean satisfies(int minBytes) {
            return urgent || !waitable || lengthBytes >= minBytes;
        }

        @Override
        public void close() {
            for (var answer : answers) {
                if (answer.region != null && !handedOver) {
                    answer.region.close();
                }
            }
        }
    }

    Fetch(Services services) {
        this(services, new FetchSessions(services.clock(),
                () -> services.config().get().integer("max.incremental.fetch.session.cache.slots")));
    }

    void serve(Request request, Reader in, Writer out) {
        var query = Query.read(in);
        var replicaId = new int[] {query.replicaId};
        in.tags(tag -> {
            if (tag == REPLICA_TAG && in.since(15)) {
                replicaId[0] = in.int32();
            }
        });
        if (query.isolation < 0 || query.isolation > 1) {
            write(out, ErrorCode.UNKNOWN_SERVER_ERROR, query.sessionId, query.failed());
            return;
        }
        var opened = sessions.open(query.sessionId, query.sessionEpoch, in.since(IDS_FROM), query.topics,
                query.forgotten);
        switch (opened) {
            case FetchSessions.Refused refused -> write(out, refused.error(), 0, List.of());
            case FetchSessions.Accepted accepted -> {
                try (var look = await(request, query, replicaId[0] >= 0, accepted.wanted())) {
                    write(out, ErrorCode.NONE, accepted.id(), sessions.news(accepted, look.answers));
                    look.handedOver = true;
                }
            }
        }
    }

    /** Looks until there is enough to answer with, or it is time to answer with less. */
    private Look await(Request request, Query query, boolean replica, List<Kept> wanted) {
        int maxBytes = Math.min(query.maxBytes, services.config().get().integer("fetch.max.bytes"));
        int minBytes = Math.min(query.minBytes, maxBytes);
        var look = look(query, replica, maxBytes, wanted);
        if (query.maxWaitMs <= 0 || look.satisfies(minBytes)) {
            return look;
        }
        request.connection().frameRead();
        long deadline = System.nanoTime() + query.maxWaitMs * 1_000_000L;
        var thread = Thread.currentThread();
        Runnable wake = () -> LockSupport.unpark(thread);
        var logs = new HashSet<PartitionLog>();
        for (var answer : look.answers) {
            if (answer.log != null && logs.add(answer.log)) {
                answer.log.watch(wake);
            }
        }
        try {
            while (true) {
                look.close();
                // After the watches are set, so that no append is missed.
                look = look(query, replica, maxBytes, wanted);
                long leftNanos = deadline - System.nanoTime();
                if (leftNanos <= 0 || look.satisfies(minBytes) || !request.connection().mayWait()) {
                    return look;
                }
                look.close();
                LockSupport.parkNanos(this, leftNanos);
            }
        } finally {
            logs.forEach(log -> log.unwatch(wake));
        }
    }

    private Look look(Query query, boolean replica, int maxBytes, List<Kept> wanted) {
        var look = new Look();
        try {
            for (var kept : wanted) {
                look.add(read(query, replica, kept, maxBytes, look.lengthBytes));
            }
        } catch (RuntimeException | Error failed) {
            look.close();
            throw failed;
        }
        return look;
    }

    private Answer read(Query query, boolean replica, Kept kept, int maxBytes, long takenBytes) {
        var wanted = kept.wanted();
        var found = services.partitions().find(kept.topic(), kept.index(), wanted.leaderEpoch());
        return switch (found) {
            case Partitions.Missing missing -> Answer.failed(kept, missing.error(), missing.unknown());
            case Partitions.Led led when replica ->
                Answer.failed(kept, ErrorCode.NOT_LEADER_OR_FOLLOWER, false);
            case Partitions.Led led when Math.min(maxBytes, wanted.maxBytes()) < 0 ->
                Answer.failed(kept, ErrorCode.UNKNOWN_SERVER_ERROR, false);
            case Partitions.Led led -> {
                var log = led.log();
                var diverged = wanted.lastFetchedEpoch() < 0 ? null : diverged(kept, wanted, led);
                int limit = (int) Math.max(0, Math.min(wanted.maxBytes(), maxBytes - takenBytes));
                yield diverged != null ? diverged
                        : answer(kept, log,
                                log.read(wanted.offset(), limit, takenBytes == 0, query.committedOnly()));
            }
        };
    }

    /**
     * The answer to a client whose last record this log has not, or has not in that epoch; null if it has.
     */
    private static Answer diverged(Kept kept, Wanted wanted, Partitions.Led led) {
        var log = led.log();
        var end = led.epochEnd(wanted.lastFetchedEpoch());
        if (end.epoch() < 0 || end.endOffset() < 0 || wanted.offset() < log.startOffset()) {
            return Answer.failed(kept, ErrorCode.OFFSET_OUT_OF_RANGE, false);
        }
        if (end.epoch() == wanted.lastFetchedEpoch() && end.endOffset() >= wanted.offset()) {
            return null;
        }
        return new Answer(kept, log, ErrorCode.NONE, log.highWatermark(), log.lastStableOffset(),
                log.startOffset(), end, null, null);
    }

    private static Answer answer(Kept kept, PartitionLog log, ReadResult result) {
        return switch (result) {
            case ReadResult.Data data -> new Answer(kept, log, ErrorCode.NONE, data.highWatermark(),
                    data.lastStableOffset(), data.startOffset(), null, data.aborted(), data.region());
            case ReadResult.OutOfRange outside -> Answer.failed(kept, ErrorCode.OFFSET_OUT_OF_RANGE, false);
            case ReadResult.Failed failed -> Answer.failed(kept, ErrorCode.KAFKA_STORAGE_ERROR, false);
        };
    }

    private static void write(Writer out, ErrorCode error, int sessionId, List<Answer> answers) {
        out.int32(0).since(7, more -> more.error(error).int32(sessionId));
        out.structs(byTopic(answers), (topics, group) -> group.getFirst().kept.topic().write(topics, IDS_FROM)
                .array(group, Fetch::write)).tags();
    }

    /** Answers that follow one another and have the same topic make a group. */
    private static List<List<Answer>> byTopic(List<Answer> answers) {
        var groups = new ArrayList<List<Answer>>();
        for (var answer : answers) {
            if (groups.isEmpty() || !groups.getLast().getFirst().kept.topic().equals(answer.kept.topic())) {
                groups.add(new ArrayList<>(2));
            }
            groups.getLast().add(answer);
        }
        return groups;
    }

    private static void write(Writer out, Answer answer) {
        out.int32(answer.kept.index()).error(answer.error);
        out.int64(answer.highWatermark).int64(answer.lastStableOffset);
        out.since(5, more -> more.int64(answer.startOffset));
        out.structs(answer.aborted, (each, transaction) ->
                each.int64(transaction.producerId()).int64(transaction.firstOffset()));
        out.since(11, more -> more.int32(-1));
        if (answer.region == null) {
            out.bytes(NO_RECORDS);
        } else {
            out.region(answer.region);
        }
        if (answer.diverging == null) {
            out.tags();
        } else {
            out.tags(new Writer.Tagged(0, end -> end.int32(answer.diverging.epoch())
                    .int64(answer.diverging.endOffset()).tags()));
        }
    }
}
