package daybook.api;

import daybook.catalog.ConfigResource;
import daybook.catalog.Features;
import daybook.catalog.TopicConfigs;
import daybook.log.Appended;
import daybook.log.PartitionLog;
import daybook.net.ConnectionClosedException;
import daybook.record.Codec;
import daybook.record.RecordBatch;
import daybook.txn.Identity;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Produce (0): batches from clients into logs.
 *
 * <pre>
 *   v3   the lowest served; transactional id, batches of magic 2 (KIP-98)
 *   v4   KAFKA_STORAGE_ERROR may be answered (KIP-112)
 *   v5   log start offset in the answer (KIP-227)
 *   v7   zstd may come (KIP-110)
 *   v8   errors of single records, and a message (KIP-467)
 *   v9   flexible
 *   v10  a new leader and its endpoint in the answer (KIP-951); never there, this broker leads all it has
 *   v11  TRANSACTION_ABORTABLE may be answered (KIP-890)
 *   v12  adds the partition to the transaction by itself (KIP-890); before, the coordinator is asked whether
 *        it was added
 *   v13  topics by id (KIP-516)
 * </pre>
 * A batch is a view of the request's frame and stays sealed. With {@code acks=all} all batches of a request
 * are appended before the first is waited for, so that each force takes as many along as it can; the
 * request's timeout bounds the wait for followers, of which there are none. A partition that a request names
 * twice gets both batches and two answers, where Apache Kafka drops the first.
 */
record Produce(Services services) {
    private static final int IDS_FROM = 13;
    private static final int ZSTD_FROM = 7;
    /** From this version on producers know TRANSACTION_ABORTABLE. */
    private static final int ABORTABLE_FROM = 11;
    /** From this version on the partitions are added here. */
    private static final int ADDS_FROM = 12;
    private static final int ACKS_ALL = -1;
    private static final String ADMIN_CLIENT = "__admin_client";

    private record Query(int version, String transactionalId, int acks, int timeoutMs,
            List<ByTopic<PartitionData>> topics) {
        static Query read(Reader in) {
            return new Query(in.version(), in.nullableString(), in.int16(), in.int32(),
                    ByTopic.read(in, IDS_FROM,
                            each -> new PartitionData(each.int32(), each.nullableBytes())));
        }
    }

    private record PartitionData(int index, ByteBuffer records) { }

    /**
     * A batch with the log that it is for.
     *
     * @param log null where none was found
     * @param appended what became of it; null as long as that is open
     */
    private record Target(PartitionLog log, ByteBuffer records, Appended appended) {
        Target became(Appended what) {
            return new Target(log, records, what);
        }

        /** Whether the coordinator is to be asked of it. */
        boolean transactional() {
            if (appended != null || records.remaining() < RecordBatch.HEADER_BYTES) {
                return false;
            }
            return batch().magic() == RecordBatch.MAGIC && batch().transactional();
        }

        RecordBatch batch() {
            return new RecordBatch(records, records.position());
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var query = Query.read(in);
        in.tags();
        var targets = new ArrayList<Target>();
        ByTopic.each(query.topics, (topic, data) -> targets.add(target(request, query, topic, data)));
        var verification = verification(query, targets);
        targets.replaceAll(target -> target.appended != null ? target
                : target.became(append(query, target, verification)));
        if (query.acks == 0) {
            leaveUnanswered(targets);
            return;
        }
        if (query.acks == ACKS_ALL && forceRequested(targets)) {
            out.later(() -> {
                targets.replaceAll(Produce::forced);
                write(out, query, targets);
            });
        } else {
            write(out, query, targets);
        }
    }

    /** Has all that was appended forced, side by side; false where there is nothing to wait for. */
    private static boolean forceRequested(List<Target> targets) {
        boolean requested = false;
        for (var target : targets) {
            if (target.appended instanceof Appended.Done done) {
                requested |= target.log.requestForce(done.nextOffset());
            }
        }
        return requested;
    }

    private Target target(Request request, Query query, TopicRef topic, PartitionData data) {
        return switch (services.partitions().find(topic, data.index, Partitions.NO_EPOCH)) {
            case Partitions.Missing missing ->
                new Target(null, data.records, refused(missing.error(), null));
            case Partitions.Led led ->
                new Target(led.log(), data.records, refusal(request, query, led, data.records));
        };
    }

    /**
     * Has the coordinator say of all transactional batches whether they may be taken. Those of several
     * producers are refused all.
     */
    private Verification verification(Query query, List<Target> targets) {
        if (query.transactionalId == null) {
            return Verification.NONE;
        }
        var logs = new LinkedHashSet<PartitionLog>();
        var producers = new HashSet<Identity>();
        for (var target : targets) {
            if (target.transactional()) {
                logs.add(target.log);
                producers.add(Identity.of(target.batch().producerId(), target.batch().producerEpoch()));
            }
        }
        if (producers.size() > 1) {
            var refused = refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING,
                    "Transactional records contained more than one producer ID");
            targets.replaceAll(target -> target.transactional() ? target.became(refused) : target);
        }
        return producers.size() != 1 ? Verification.NONE : Verification.of(services, query.transactionalId,
                producers.iterator().next(), query.version >= ADDS_FROM, logs);
    }

    private static Appended append(Query query, Target target, Verification verification) {
        if (!target.transactional()) {
            return target.log.append(target.records);
        }
        var error = verification.error(target.log, query.version >= ABORTABLE_FROM);
        return error != ErrorCode.NONE ? unverified(query, error)
                : target.log.append(target.records, verification.from(target.log),
                        query.version >= ADDS_FROM);
    }

    /** What producers take for a reason to try again is told as older ones know it. */
    private static Appended unverified(Query query, ErrorCode error) {
        boolean again = switch (error) {
            case CONCURRENT_TRANSACTIONS -> query.version < ADDS_FROM;
            case COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR -> true;
            default -> false;
        };
        if (again) {
            return refused(ErrorCode.NOT_ENOUGH_REPLICAS, "Unable to verify the partition has been added to"
                    + " the transaction. Underlying error: " + error);
        }
        return refused(error, error != ErrorCode.INVALID_TXN_STATE ? null
                : "Partition was not added to the transaction");
    }

    /** Why a batch is refused before the log sees it, or null. */
    private Appended refusal(Request request, Query query, Partitions.Led led, ByteBuffer records) {
        if (query.acks < ACKS_ALL || query.acks > 1) {
            return refused(ErrorCode.INVALID_REQUIRED_ACKS, null);
        }
        if (InternalTopics.contains(led.topic().name()) && !ADMIN_CLIENT.equals(request.clientId())) {
            return refused(ErrorCode.INVALID_TOPIC_EXCEPTION, null);
        }
        if (records == null) {
            return refused(ErrorCode.INVALID_RECORD, null);
        }
        if (query.acks == ACKS_ALL && led.partition().isr().size() < minInsyncReplicas(led)) {
            return refused(ErrorCode.NOT_ENOUGH_REPLICAS, null);
        }
        var batch = new RecordBatch(records, records.position());
        if (records.remaining() < RecordBatch.HEADER_BYTES || batch.magic() != RecordBatch.MAGIC) {
            return null;
        }
        if (batch.transactional() && query.transactionalId == null) {
            return refused(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, null);
        }
        boolean tooNew = query.version < ZSTD_FROM && batch.codecId() == Codec.ZSTD.id();
        return tooNew ? refused(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, null) : null;
    }

    /** With eligible leader replicas (KIP-966) no more replicas must be in sync than the partition has. */
    private int minInsyncReplicas(Partitions.Led led) {
        var image = services.catalog().image();
        int wanted = TopicConfigs.minInsyncReplicas(image.config(ConfigResource.topic(led.topic().name())),
                services.config().get());
        boolean clamped = image.features().getOrDefault(Features.ELIGIBLE_LEADERS, (short) 0) > 0;
        return clamped ? Math.min(wanted, led.partition().replicas().size()) : wanted;
    }

    private static Target forced(Target target) {
        boolean lost = target.appended instanceof Appended.Done done
                && !target.log.awaitForced(done.nextOffset());
        return lost ? target.became(refused(ErrorCode.KAFKA_STORAGE_ERROR, null)) : target;
    }

    /** Without an answer to put it in, an error is told by closing the connection. */
    private static void leaveUnanswered(List<Target> targets) {
        for (var target : targets) {
            if (target.appended instanceof Appended.Refused refused) {
                throw new ConnectionClosedException("Produce with acks=0 failed with " + refused.error());
            }
        }
    }

    private static Appended refused(ErrorCode error, String message) {
        return new Appended.Refused(error, message, List.of(), -1);
    }

    private static void write(Writer out, Query query, List<Target> targets) {
        var next = targets.iterator();
        ByTopic.write(out, query.topics, IDS_FROM,
                (each, topic, data) -> write(each.int32(data.index), next.next().appended));
        out.int32(0).tags();
    }

    private static void write(Writer out, Appended appended) {
        switch (appended) {
            case Appended.Done done ->
                out.error(ErrorCode.NONE).int64(done.baseOffset()).int64(done.logAppendTimeMs())
                        .since(5, more -> more.int64(done.startOffset()))
                        .since(8, more -> more.length(0).string(null));
            case Appended.Refused refused -> out.error(refused.error()).int64(-1).int64(-1)
                    .since(5, more -> more.int64(refused.startOffset()))
                    .since(8, more -> more.structs(refused.recordErrors(), (each, error) ->
                            each.int32(error.index()).string(error.message())).string(refused.message()));
        }
    }
}
