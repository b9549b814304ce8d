package daybook.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.catalog.BrokerConfig;
import daybook.catalog.ConfigResource;
import daybook.catalog.Image;
import daybook.catalog.Partition;
import daybook.catalog.Topic;
import daybook.coordinator.Decision;
import daybook.coordinator.Shard;
import daybook.record.BatchBuilder;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * One shard of groups without a disk: records go through their bytes into a list, and from there into the
 * state; a clock and a catalog that a test turns by hand.
 */
final class TestGroups {
    /** The time of day when the clock that never jumps stands at 0. */
    static final long EPOCH_MS = 1_700_000_000_000L;

    /**
     * What became of an event.
     *
     * @param error why its records could not be written; NONE where they were, or there were none
     * @param future the answer, which may be given by a later event
     */
    record Outcome<T>(ErrorCode error, CompletableFuture<T> future, List<GroupRecord> records) {
        /** The answer, which must be there. */
        T answer() {
            assertEquals(ErrorCode.NONE, error);
            assertTrue(future.isDone(), "no answer yet");
            return future.join();
        }

        boolean waits() {
            return error == ErrorCode.NONE && !future.isDone();
        }
    }

    /**
     * What is in the log: a record, of a producer's transaction or of nobody's, or the marker that ends one,
     * which has no entry. Each is itself only, for several may look the same.
     */
    private static final class Written {
        final long producerId;
        final BatchBuilder.Entry entry;
        final boolean commit;

        Written(long producerId, BatchBuilder.Entry entry, boolean commit) {
            this.producerId = producerId;
            this.entry = entry;
            this.commit = commit;
        }

        boolean marker() {
            return entry == null;
        }

        GroupRecord record() {
            return GroupRecord.decode(entry.key(), entry.value());
        }

        void replay(Groups groups) {
            if (marker()) {
                groups.ended(producerId, commit);
            } else if (producerId == NOBODY) {
                groups.replay(record());
            } else {
                groups.replay(producerId, record());
            }
        }
    }

    private static final long NOBODY = -1;

    /** Of the clock that never jumps. */
    long nowMs;
    /** What an append is refused with from now on; NONE, and it is not. */
    ErrorCode refusal = ErrorCode.NONE;
    /** So many batches from now the broker dies and comes back, and nobody is answered; 0: it does not. */
    int batchesLeft;
    /** Whether the last batch is in the log then. */
    boolean lastKept;
    BrokerConfig config;
    Groups groups;
    Image image = Image.EMPTY;
    /** Happens after each look at the catalog, which other threads change at any time. */
    Runnable looked = () -> { };
    /** What was written, in order. */
    private final List<Written> log = new ArrayList<>();
    private final Surroundings surroundings;
    /** Of the ids that were given to members. */
    private long lastId;

    TestGroups() {
        this(Map.of());
    }

    /** @param settings of the broker */
    TestGroups(Map<String, String> settings) {
        config = BrokerConfig.of(settings);
        surroundings = new Surroundings(this::look, () -> config,
                () -> Instant.ofEpochMilli(EPOCH_MS + nowMs),
                () -> new Uuid(++lastId * 0x9E3779B97F4A7C15L, lastId));
        groups = new Groups(surroundings);
        groups.loaded(nowMs);
    }

    private Image look() {
        var seen = image;
        looked.run();
        return seen;
    }

    /** Decides on an event, writes its records and replays them, as a shard does. */
    <T> Outcome<T> run(Shard.Event<Groups, GroupRecord, T> event) {
        return write(event.decide(groups, nowMs));
    }

    private <T> Outcome<T> write(Decision<GroupRecord, T> decision) {
        var records = decision.records();
        if (!records.isEmpty() && refusal != ErrorCode.NONE) {
            decision.refused().accept(refusal);
            return new Outcome<>(refusal, decision.answer(), List.of());
        }
        boolean dies = !records.isEmpty() && batchesLeft > 0 && --batchesLeft == 0;
        if (dies && !lastKept) {
            restart();
            return new Outcome<>(ErrorCode.COORDINATOR_NOT_AVAILABLE, decision.answer(), List.of());
        }
        var producer = decision.producer();
        for (var record : records) {
            var entry = record.encode();
            var written = new Written(producer == null ? NOBODY : producer.id(), entry, false);
            log.add(written);
            written.replay(groups);
            assertEquals(entry, written.record().encode(), "a record is what its bytes say");
        }
        if (dies) {
            restart();
        }
        return new Outcome<>(dies ? ErrorCode.COORDINATOR_NOT_AVAILABLE : ErrorCode.NONE, decision.answer(),
                records);
    }

    /** Writes the marker that ends a producer's transaction, and has the state settle it. */
    void end(long producerId, boolean commit) {
        log.add(new Written(producerId, null, commit));
        log.getLast().replay(groups);
    }

    /** Lets time pass, and decides all that is due on the way, each at its time; returns what was written. */
    List<GroupRecord> pass(long ms) {
        var written = new ArrayList<GroupRecord>();
        long untilMs = nowMs + ms;
        while (groups.dueMs() <= untilMs) {
            nowMs = Math.max(nowMs, groups.dueMs());
            written.addAll(write(groups.due(nowMs)).records());
        }
        nowMs = untilMs;
        return written;
    }

    /** Ends this state without a word, and makes it again of what was written. */
    void restart() {
        begin(log);
    }

    /**
     * As {@link #restart}, of a log of which compaction has left the newest record of each key, up to the
     * oldest transaction that has not ended. Without those that were aborted, and with all markers.
     */
    void restartCompacted() {
        int stable = stableEnd();
        var newest = new LinkedHashMap<Object, Written>();
        for (int i = 0; i < stable; i++) {
            var each = log.get(i);
            if (each.marker()) {
                newest.put(each, each);
            } else if (each.producerId == NOBODY || endOf(i).commit) {
                newest.remove(each.entry.key());
                newest.put(each.entry.key(), each);
            }
        }
        newest.values().removeIf(each -> !each.marker() && each.entry.value() == null);
        var left = new ArrayList<>(newest.values());
        left.addAll(log.subList(stable, log.size()));
        begin(left);
    }

    /** Where the oldest transaction begins that has not ended. */
    private int stableEnd() {
        for (int i = 0; i < log.size(); i++) {
            if (log.get(i).producerId != NOBODY && !log.get(i).marker() && endOf(i) == null) {
                return i;
            }
        }
        return log.size();
    }

    /** The marker that ends the transaction of a record, or null. */
    private Written endOf(int index) {
        for (var later : log.subList(index, log.size())) {
            if (later.marker() && later.producerId == log.get(index).producerId) {
                return later;
            }
        }
        return null;
    }

    private void begin(List<Written> records) {
        groups = new Groups(surroundings);
        records.forEach(each -> each.replay(groups));
        groups.loaded(nowMs);
    }

    /** All records that were written since the beginning. */
    List<GroupRecord> written() {
        return log.stream().filter(each -> !each.marker()).map(Written::record).toList();
    }

    /** Makes a topic, or gives it more partitions; its id is made of its name. */
    Uuid topic(String name, int partitions) {
        var id = new Uuid(0x7000_0000_0000_4000L, 0x8000_0000_0000_0000L + name.hashCode());
        var of = new ArrayList<Partition>();
        for (int index = 0; index < partitions; index++) {
            of.add(new Partition(index, List.of(1), List.of(1), 1, 0, 0, List.of(new Uuid(1, 1))));
        }
        change(name, new Topic(id, name, List.copyOf(of)));
        return id;
    }

    void deleteTopic(String name) {
        change(name, null);
    }

    /** Sets the keys of a resource, such as a group, instead of those that were set before. */
    void configure(ConfigResource resource, Map<String, String> values) {
        var configs = new HashMap<>(image.configs());
        configs.put(resource, Map.copyOf(values));
        change(new Image(image.offset() + 1, 0, image.topics(), image.topicsById(), configs,
                image.features(), image.broker(), 0, Map.of(), Map.of()));
    }

    private void change(String name, Topic topic) {
        var topics = new TreeMap<>(image.topics());
        if (topic == null) {
            topics.remove(name);
        } else {
            topics.put(name, topic);
        }
        var byId = new HashMap<Uuid, Topic>();
        topics.values().forEach(each -> byId.put(each.id(), each));
        change(new Image(image.offset() + 1, 0, topics, byId, image.configs(), image.features(),
                image.broker(), 0, Map.of(), Map.of()));
    }

    private void change(Image after) {
        image = after;
    }
}
