package daybook.client;

import daybook.client.Feed.Ask;
import daybook.record.CorruptBatchException;
import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Fetches from one broker, ahead of the caller, the partitions that it leads. While the next answer is on its
 * way it opens the last one: checks the checksums, decompresses, leaves out what was aborted. Fetches are
 * full ones, of no session.
 *
 * <p>Everything in this class runs on the fetcher's thread, but for reading an answer's fields.
 */
final class Fetcher implements Runnable {
    /**
     * How much is fetched.
     *
     * @param committedOnly leaves out the records of transactions that were aborted, and waits for the open
     *     ones
     */
    record Limits(int minBytes, int maxWaitMs, int maxBytes, int partitionMaxBytes,
            boolean committedOnly) { }

    /** What is in a partition's part of an answer; records is never null. */
    private record Part(int partition, ErrorCode error, long highWatermark, List<Aborted> aborted,
            ByteBuffer records) { }

    private record Aborted(long producerId, long firstOffset) { }

    private record Slot(Uuid topicId, int partition) { }

    /** The batches that one partition was answered with, to be opened. */
    private record Sealed(Ask ask, Part part, List<RecordBatch> batches) { }

    private static final System.Logger LOG = System.getLogger("daybook.client");
    /** No batch is opened that holds more. */
    private static final int BATCH_MOST_BYTES = 256 << 20;

    private final Cluster cluster;
    private final Feeds feeds;
    private final Limits limits;
    private final int node;
    /** Whether the last fetch failed: that is told once, not for each, and once that they go well again. */
    private boolean failing;

    Fetcher(Cluster cluster, Feeds feeds, Limits limits, int node) {
        this.cluster = cluster;
        this.feeds = feeds;
        this.limits = limits;
        this.node = node;
    }

    @Override
    public void run() {
        var last = List.<Sealed>of();
        while (true) {
            var asks = feeds.fetchable(node, last.isEmpty());
            if (asks == null) {
                return;
            }
            var answer = asks.isEmpty() ? null : send(asks);
            for (var each : last) {
                open(each);
            }
            last = answer == null ? List.of() : received(asks, answer);
        }
    }

    private CompletableFuture<Map<Slot, Part>> send(List<Ask> asks) {
        try {
            var connection = cluster.to(node, Cluster.Lane.DATA);
            return connection.send(Call.FETCH, connection.version(Call.FETCH), out -> write(out, asks),
                    Fetcher::answer);
        } catch (ClientException failed) {
            return CompletableFuture.failedFuture(failed);
        }
    }

    private void write(Writer out, List<Ask> asks) {
        if (!out.since(15)) {
            out.int32(-1);
        }
        out.int32(limits.maxWaitMs).int32(limits.minBytes).int32(limits.maxBytes);
        out.bool(limits.committedOnly).int32(0).int32(-1);
        out.structs(byTopic(asks), (topic, some) -> topic.uuid(some.getFirst().topicId())
                .structs(some, (partition, ask) -> partition
                        .int32(ask.partition().partition()).int32(ask.leaderEpoch())
                        .int64(ask.offset()).int32(-1).int64(-1).int32(limits.partitionMaxBytes)));
        out.length(0).string("").tags();
    }

    /** In their order: only the first that has anything is sent a batch that is larger than the limits. */
    private static List<List<Ask>> byTopic(List<Ask> asks) {
        var topics = new ArrayList<List<Ask>>();
        Uuid last = null;
        for (var ask : asks) {
            if (!ask.topicId().equals(last)) {
                topics.add(new ArrayList<>());
                last = ask.topicId();
            }
            topics.getLast().add(ask);
        }
        return topics;
    }

    private static Map<Slot, Part> answer(Reader in) {
        in.int32();
        ClientException.check(ErrorCode.of(in.int16()), "a fetch");
        in.int32();
        var parts = new HashMap<Slot, Part>();
        in.structs(topic -> {
            var id = topic.uuid();
            return topic.structs(each -> {
                var part = part(each);
                return parts.put(new Slot(id, part.partition), part);
            });
        });
        return parts;
    }

    private static Part part(Reader in) {
        int partition = in.int32();
        var error = ErrorCode.of(in.int16());
        long highWatermark = in.int64();
        in.int64();
        in.int64();
        var aborted = in.nullableStructs(each -> new Aborted(each.int64(), each.int64()));
        in.int32();
        var records = in.nullableBytes();
        return new Part(partition, error, highWatermark, aborted == null ? List.of() : aborted,
                records == null ? ByteBuffer.allocate(0) : records);
    }

    private List<Sealed> received(List<Ask> asks, CompletableFuture<Map<Slot, Part>> answer) {
        try {
            var parts = Connection.await(answer);
            tell(false, "broker " + node + " answers fetches again");
            var received = new ArrayList<Sealed>();
            for (var ask : asks) {
                var part = parts.get(new Slot(ask.topicId(), ask.partition().partition()));
                var error = part == null ? ErrorCode.UNKNOWN_SERVER_ERROR : part.error;
                if (error == ErrorCode.NONE) {
                    received(ask, part, received);
                } else {
                    refused(ask, new ClientException(error,
                            "fetching " + ask.partition() + " from offset " + ask.offset()));
                }
            }
            return received;
        } catch (ClientException failed) {
            if (feeds.isOpen()) {
                tell(true, "a fetch from broker " + node + " failed: " + failed.getMessage());
            }
            asks.forEach(ask -> refused(ask, failed));
            return List.of();
        }
    }

    private void tell(boolean fails, String what) {
        if (failing != fails) {
            failing = fails;
            LOG.log(System.Logger.Level.WARNING, what);
        }
    }

    /** Looks at the headers only, so that it is known where to go on. */
    private void received(Ask ask, Part part, List<Sealed> received) {
        var batches = RecordBatch.wholeIn(part.records);
        long next = batches.isEmpty() ? Feed.UNKNOWN : batches.getLast().nextOffset();
        if (next > ask.offset()) {
            feeds.answered(ask, next);
            received.add(new Sealed(ask, part, batches));
        } else if (part.records.hasRemaining()) {
            corrupt(ask, ask.offset(), "what came is no batch of magic " + RecordBatch.MAGIC);
        } else {
            feeds.answered(ask, Feed.UNKNOWN);
        }
    }

    private void refused(Ask ask, ClientException why) {
        cluster.forget(ask.partition().topic());
        feeds.refused(ask, why);
    }

    private void corrupt(Ask ask, long nextOffset, String why) {
        feeds.refused(ask, new ClientException(ErrorCode.CORRUPT_MESSAGE, "a batch of " + ask.partition()
                + ": " + why + "; to pass it, seek to offset " + nextOffset));
    }

    /**
     * Opens no more before there is room than one answer may have, so that what a little unfolds to is
     * bounded.
     */
    private void open(Sealed sealed) {
        var ask = sealed.ask;
        var hidden = new Hidden(sealed.part.aborted);
        var fetched = new ArrayList<Fetched>();
        long openedBytes = limits.partitionMaxBytes;
        for (var batch : sealed.batches) {
            if (openedBytes >= limits.partitionMaxBytes) {
                feeds.bring(ask, fetched);
                fetched.clear();
                openedBytes = 0;
                if (!feeds.room(ask)) {
                    return;
                }
            }
            if (batch.lastOffset() < ask.offset()) {
                continue;
            }
            try {
                check(batch);
                var next = new Fetched(ask.partition(), batch, hidden.has(batch) ? null
                        : batch.open(BATCH_MOST_BYTES), ask.offset(), sealed.part.highWatermark);
                fetched.add(next);
                openedBytes += next.sizeBytes();
            } catch (CorruptBatchException corrupt) {
                feeds.bring(ask, fetched);
                corrupt(ask, batch.nextOffset(), corrupt.getMessage());
                return;
            }
        }
        feeds.bring(ask, fetched);
    }

    private static void check(RecordBatch batch) {
        if (!batch.checksumHolds()) {
            throw new CorruptBatchException("its checksum is not that of its bytes");
        }
        if (batch.recordCount() < 0) {
            throw new CorruptBatchException("it has " + batch.recordCount() + " records");
        }
    }

    /** Which batches of an answer the caller does not see: markers, and those of aborted transactions. */
    private static final class Hidden {
        private final List<Aborted> begun;
        private final Collection<Long> aborting = new HashSet<>();
        private int passed;

        /** @param aborted those that overlap the answer: a producer's next one follows its marker */
        Hidden(List<Aborted> aborted) {
            this.begun = aborted.stream()
                    .sorted((one, other) -> Long.compare(one.firstOffset, other.firstOffset)).toList();
        }

        boolean has(RecordBatch batch) {
            while (passed < begun.size() && begun.get(passed).firstOffset <= batch.lastOffset()) {
                aborting.add(begun.get(passed++).producerId);
            }
            if (batch.control()) {
                // Whichever it is, the producer's transaction ends here.
                aborting.remove(batch.producerId());
                return true;
            }
            return batch.transactional() && aborting.contains(batch.producerId());
        }
    }
}
