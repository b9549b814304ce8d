package daybook.log;

import daybook.record.BatchBuilder;
import daybook.wire.Region;
import daybook.wire.Uuid;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Drives the log room at random, breaks its disk and kills it at random, and holds after each start what is
 * there against what was acknowledged. All that is random comes from the seed, and all runs in one thread, so
 * that a seed names a run.
 *
 * <p>A run is a directory that lives through some points: at each one a process starts, perhaps dies at that
 * and starts again, works, perhaps with a disk that fails, and ends: closed, killed, or by a power cut, at
 * any change it makes to the disk.
 */
final class Model {
    /** What is not as it must be. */
    static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1;

        Broken(String what, Throwable cause) {
            super(what, cause);
        }
    }

    /** How the process before ended. */
    enum Ending { NONE, CLOSED, KILLED, POWER_CUT }

    private static final int TRACED = Integer.getInteger("daybook.traced", 150);
    private static final LogConfigs CONFIGS = new LogConfigs();
    private static final Pattern KEPT = Pattern.compile("\\d{20}\\.(log|index|timeindex|txnindex|snapshot)"
            + "|leader-epoch-checkpoint|partition\\.metadata");
    private static final List<String> NAMES = List.of("ants", "bees", "cats", "keys", "pairs");
    /** Topics that are compacted, at times. */
    private static final List<String> KEYED = List.of("keys", "pairs");

    private final long seed;
    private final Random random;
    private final Path path;
    private final Map<String, ModelLog> topics = new TreeMap<>();
    private final Deque<String> trace = new ArrayDeque<>();
    private final List<Held> held = new ArrayList<>();
    private final ModelDamage damage;
    private final List<String> names;
    private FaultyDisk disk;
    private Logs logs;
    private long nowMs = TestLogs.NOW;
    private long topicIds;
    /** Whether a force failed since the last check, so that the page cache may have lost something. */
    private boolean forceFailed;
    /** Whether a log is being compacted. */
    private boolean compacting;
    /** What a reader found meanwhile; null where all was right. */
    private Throwable misread;
    /** Failures of the disk before what is done now. */
    private int failuresBefore;
    private final Map<Ending, Integer> endings = new EnumMap<>(Ending.class);
    /** Topics that were deleted, by id, with their names. */
    private final Map<Uuid, String> removed = new HashMap<>();
    /** Whether the disk never fails, and nobody damages anything, so that nothing may be left. */
    private final boolean sound;

    /** A region that a reader has, and what is in it. */
    private record Held(Region region, byte[] bytes) { }

    Model(Path directory, long seed) throws IOException {
        this.seed = seed;
        this.random = new Random(seed);
        var root = directory.resolve("data");
        this.path = root.resolve("logs");
        this.sound = random.nextInt(3) == 0;
        this.damage = new ModelDamage(path, random);
        this.disk = FaultyDisk.empty(root, random.nextLong());
        this.names = random.nextInt(3) == 0 ? KEYED : NAMES;
        disk.tell(this::told);
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new Broken(otherwise, null);
        }
    }

    /** Lives through so many points; throws {@link Broken}, with the seed and what was done, at a fault. */
    void run(int points) throws IOException {
        try {
            var ending = Ending.NONE;
            for (int point = 0; point < points; point++) {
                say("point %d, %s", point, ending);
                start(ending);
                ending = live();
                endings.merge(ending, 1, Integer::sum);
            }
            start(ending);
            for (var topic : topics.values()) {
                topic.transactions.endAll(this, find(topic), random, nowMs);
            }
            require(close(), "a stop without a failure is not clean");
        } catch (IOException | RuntimeException | AssertionError fault) {
            disk.die();
            if (logs != null) {
                logs.close();
            }
            throw new Broken("seed " + seed + ": " + fault.getMessage() + "\n  "
                    + String.join("\n  ", trace), fault);
        }
    }

    void say(String format, Object... values) {
        if (trace.size() == TRACED) {
            trace.removeFirst();
        }
        trace.add(disk.operations() + " " + String.format(format, values));
    }

    /** Before each change of the disk. */
    private void told(String what, Path file) {
        if (Boolean.getBoolean("daybook.trace")) {
            say("  %s %s", what, path.relativize(file));
        }
        // While an index is made its lock is held by this thread, which would find it half made, and make it
        // once more by the same name: another thread waits. No lock is held while a segment is renamed.
        boolean inIndex = file.toString().contains("index")
                && !(what.equals("rename") && !file.toString().endsWith(".tmp"));
        if (compacting && !inIndex && disk.failures() == failuresBefore && !disk.dead()
                && random.nextInt(5) == 0) {
            readMeanwhile();
        }
    }

    // Starting.

    /** Starts a process, which may die or fail at it; the last one does not. */
    private void start(Ending ending) throws IOException {
        var before = ending;
        boolean trusted = ending == Ending.CLOSED;
        for (int attempt = random.nextInt(3); attempt > 0; attempt--) {
            if (random.nextInt(4) == 0) {
                break;
            }
            planStart();
            boolean here = open();
            say("start that may fail: %b", here);
            boolean died = disk.dead();
            disk.die();
            close();
            boolean cut = died && random.nextBoolean();
            forceFailed |= disk.happened(FaultyDisk.Fault.FORCE) > 0;
            before = cut || before == Ending.POWER_CUT ? Ending.POWER_CUT : Ending.KILLED;
            trusted = false;
            disk = cut ? disk.afterPowerCut(random.nextLong()) : disk.afterKill(random.nextLong());
        }
        nowMs += random.nextInt(2_000);
        boolean damaged = damage();
        require(open(), "a start failed without cause");
        require(!trusted || logs.cleanStart() || damaged, "a clean stop is not known as one");
        for (var topic : topics.values()) {
            check(topic, before);
        }
        forceFailed = false;
        checkNothingIsLeft();
    }

    private boolean damage() throws IOException {
        if (sound || !disk.exists(path)) {
            return false;
        }
        if (random.nextInt(8) == 0) {
            say("damaged %s", damage.derived(disk, topics.values()));
        } else if (!topics.isEmpty() && random.nextInt(5) == 0) {
            var topic = List.copyOf(topics.values()).get(random.nextInt(topics.size()));
            var hit = damage.flip(disk, topic);
            for (int starts = random.nextInt(3); hit != null && starts >= 0; starts--) {
                say("a bit of %s, offset %d, is flipped", topic.partition, hit.entry().base());
                require(open(), "a start failed for a flipped bit");
                damage.checkHit(hit, find(topic));
                logs.tick(nowMs);
                close();
                disk = disk.afterKill(random.nextLong());
            }
            if (hit != null) {
                damage.repair(hit, disk);
            }
            return hit != null;
        }
        return false;
    }

    private void planStart() {
        switch (sound ? 8 : random.nextInt(8)) {
            case 0 -> disk.plan(FaultyDisk.Fault.READ, 1 + random.nextInt(40));
            case 1 -> disk.plan(FaultyDisk.Fault.WRITE, 1 + random.nextInt(10));
            case 2 -> disk.plan(FaultyDisk.Fault.NAME, 1 + random.nextInt(20));
            case 3 -> disk.room(0);
            default -> disk.dieAt(1 + random.nextInt(60));
        }
    }

    private boolean open() throws IOException {
        logs = null;
        topics.values().forEach(topic -> topic.leaderEpoch++);
        try {
            var settings = new LogSettings(List.of(path), path, true, 1_000, 1_000, 86_400_000L, 0, 1);
            logs = Logs.open(settings, 1, disk, () -> Instant.ofEpochMilli(nowMs));
            beginMetadata();
            logs.load(topics.values().stream().map(ModelLog::expected).toList(), removed);
            logs.compact(new CleanerSettings(0, 48 + random.nextInt(400), 0.9, 1 << 16, Double.MAX_VALUE, 1));
            return !disk.dead() && topics.values().stream().noneMatch(topic -> find(topic) == null);
        } catch (IOException | UncheckedIOException | AssertionError failure) {
            if (disk.failures() == 0 && !disk.dead()) {
                throw failure;
            }
            return false;
        }
    }

    /** As the catalog does at each start, before there are partitions. */
    private void beginMetadata() throws IOException {
        var entry = new BatchBuilder.Entry(null, ByteBuffer.allocate(3));
        var log = logs.metadataLog();
        boolean written = log.appendOwn(BatchBuilder.plain(nowMs, List.of(entry))) instanceof Appended.Done;
        if (!written || !log.awaitForced(log.endOffset())) {
            throw new IOException("The metadata log takes no record");
        }
    }

    FaultyDisk disk() {
        return disk;
    }

    private PartitionLog find(ModelLog topic) {
        return logs.find(topic.partition.topic(), topic.partition.partition());
    }

    /** What was to be deleted is, or is on its way; nothing else is there but what the logs are made of. */
    private void checkNothingIsLeft() throws IOException {
        logs.tick(nowMs);
        for (var name : disk.list(path)) {
            boolean log = topics.values().stream().anyMatch(topic -> topic.partition.toString().equals(name));
            // A checkpoint may have been cut short; the next one of its name takes its place.
            boolean known = name.startsWith("__") || name.matches("[a-z-]+-checkpoint(\\.tmp)?");
            require(log || !sound || known || !name.contains("-"), name + " is left");
            for (var file : log ? disk.list(path.resolve(name)) : List.<String>of()) {
                require(KEPT.matcher(file).matches() || !sound, file + " is left in " + name);
            }
        }
    }

    private void check(ModelLog topic, Ending before) throws IOException {
        var log = find(topic);
        say("check %s %d..%d, expected %d..%d, forced %d", topic.partition, log.startOffset(),
                log.endOffset(), topic.startLeast, topic.end(), topic.forcedEnd);
        topic.checkStart(log);
        topic.startUnsure = 0;
        boolean all = before != Ending.POWER_CUT && !forceFailed;
        if (!all) {
            topic.forgetUnforced();
        }
        topic.checkBatches(log, all ? topic.end() : topic.forcedEnd);
        topic.checkIndexes(log, random, 5);
        if (topic.keys != null) {
            topic.checkKeys(log, nowMs);
        }
        topic.transactions.begin(log, random);
        topic.fenced = false;
        topic.doubtful.clear();
    }

    // Living.

    private Ending live() throws IOException {
        held.clear();
        // In a third of the lives a single act, and the process dies in it.
        boolean once = random.nextInt(3) == 0;
        if (once) {
            disk.dieAt(1 + random.nextInt(30));
        } else {
            planLife();
        }
        failuresBefore = 0;
        int most = once ? 1 : 1 + random.nextInt(40);
        for (int i = 0; i < most && !disk.dead(); i++) {
            try {
                act();
            } catch (IOException | UncheckedIOException | AssertionError failure) {
                if (disk.failures() == 0 && !disk.dead()) {
                    throw failure;
                }
                say("failed: %s", failure.getMessage());
            }
        }
        return end();
    }

    private void planLife() {
        int nth = 1 + random.nextInt(1 + random.nextInt(150));
        switch (sound ? 10 : random.nextInt(10)) {
            case 0 -> disk.plan(FaultyDisk.Fault.WRITE, nth);
            case 1 -> disk.plan(FaultyDisk.Fault.FORCE, 1 + nth / 5);
            case 2 -> disk.plan(FaultyDisk.Fault.READ, nth);
            case 3 -> disk.plan(FaultyDisk.Fault.NAME, 1 + nth / 5);
            case 4 -> disk.plan(FaultyDisk.Fault.FULL, nth);
            case 5 -> disk.plan(FaultyDisk.Fault.SHORT_WRITE, nth);
            default -> disk.dieAt(nth);
        }
    }

    private Ending end() throws IOException {
        boolean died = disk.dead();
        boolean clean = false;
        if (!died && random.nextInt(3) == 0) {
            say("close");
            int failures = disk.failures();
            clean = close();
            require(clean || disk.failures() > 0 || disk.dead(), "a stop was not clean");
            // Of a mark whose name could not be forced nobody can tell whether it stays.
            clean &= disk.failures() == failures;
        }
        var dead = logs;
        var before = disk;
        boolean cut = random.nextInt(3) > 0;
        say(cut ? "power cut" : "kill");
        before.die();
        forceFailed |= before.happened(FaultyDisk.Fault.FORCE) > 0;
        dead.close();
        disk = cut ? before.afterPowerCut(random.nextLong()) : before.afterKill(random.nextLong());
        if (clean) {
            return Ending.CLOSED;
        }
        return cut ? Ending.POWER_CUT : Ending.KILLED;
    }

    /** Closes; returns whether the directory was marked as closed properly. */
    private boolean close() throws IOException {
        if (logs == null) {
            return false;
        }
        logs.close();
        return !disk.dead() && disk.exists(path.resolve(Directory.CLEAN_MARK));
    }

    private void act() throws IOException {
        failuresBefore = disk.failures();
        int what = random.nextInt(100);
        if (topics.isEmpty() || what < 4) {
            create();
            return;
        }
        nowMs += random.nextInt(random.nextInt(10) == 0 ? 20_000 : 200);
        var topic = List.copyOf(topics.values()).get(random.nextInt(topics.size()));
        var log = find(topic);
        if (log == null) {
            require(disk.failures() > 0 && logs.offline(topic.partition.topic(), 0), "a log is gone");
        } else if (what < 25) {
            topic.transactions.act(this, log, random, nowMs);
        } else if (what < 52 || what < 60 && topic.keys == null) {
            produce(topic, log);
        } else if (what < 60) {
            compact();
        } else if (what < 70) {
            tick();
        } else if (what < 76) {
            deleteRecords(topic, log);
        } else if (what < 78) {
            delete(topic);
        } else if (what < 82) {
            if (topic.keys != null) {
                // A hole that is older than the policy is told by nothing: the background forced it long ago.
                log.force(log.endOffset());
            }
            topic.configure(CONFIGS.draw(random, topic.keys != null));
            log.configure(topic.config.build());
        } else if (what < 85) {
            say("room");
            disk.empty();
        } else if (what < 90) {
            hold(topic, log);
        } else {
            read(topic, log);
        }
    }

    private void create() throws IOException {
        var name = names.get(random.nextInt(names.size()));
        if (topics.containsKey(name) || disk.full()) {
            // On a full disk the broker makes no topics.
            return;
        }
        var topic = new ModelLog(new TopicPartition(name, 0), new Uuid(7, ++topicIds),
                KEYED.contains(name) ? new ModelKeys() : null);
        topic.configure(CONFIGS.draw(random, topic.keys != null));
        say("create %s", name);
        topics.put(name, topic);
        logs.create(topic.expected());
        require(find(topic).endOffset() == 0, "a new log has records");
    }

    private void delete(ModelLog topic) {
        say("delete %s", topic.partition);
        topics.remove(topic.partition.topic());
        removed.put(topic.topicId, topic.partition.topic());
        logs.delete(List.of(topic.partition));
        require(find(topic) == null, "a deleted log is still there");
    }

    // Producing.

    private void produce(ModelLog topic, PartitionLog log) throws IOException {
        int which = random.nextInt(topic.producers.size() + 1);
        var producer = which == topic.producers.size() ? null : topic.producers.get(which);
        var batches = new ArrayList<ModelLog.Sent>();
        topic.forgetBefore(log.startOffset());
        if (producer != null) {
            batches.addAll(producer.outstanding);
        }
        while (batches.size() < 5 && random.nextInt(3) > 0 || batches.isEmpty()) {
            var batch = batch(topic, producer);
            batches.add(batch);
            if (producer != null) {
                producer.outstanding.add(batch);
            }
        }
        boolean forced = random.nextInt(3) > 0;
        long next = -1;
        for (var batch : batches) {
            next = topic.send(log, batch, disk);
            say("%s: producer %s, sequence %d: %d", topic.partition, producer == null ? "-" : producer.id,
                    batch.sequence(), next);
            if (next < 0) {
                return;
            }
        }
        acknowledge(topic, log, producer, next, forced);
    }

    private void acknowledge(ModelLog topic, PartitionLog log, ModelLog.Producer producer, long next,
            boolean forced) {
        boolean acknowledged = !forced || force(topic, log, next);
        if (acknowledged && producer != null) {
            producer.outstanding.clear();
        }
    }

    /** Whether all before the offset is on the disk. */
    boolean force(ModelLog topic, PartitionLog log, long next) {
        boolean onDisk = log.awaitForced(next);
        say("%s: forced before %d: %b", topic.partition, next, onDisk);
        if (!onDisk) {
            require(disk.failures() > 0 || disk.dead(), "a force failed without cause");
            topic.fenced = true;
            return false;
        }
        require(!topic.fenced || next <= topic.forcedEnd, "a force succeeded after one that failed");
        topic.forcedEnd = Math.max(topic.forcedEnd, next);
        return true;
    }

    private ModelLog.Sent batch(ModelLog topic, ModelLog.Producer producer) {
        var times = new long[1 + random.nextInt(4)];
        Arrays.setAll(times, i -> nowMs - random.nextInt(3_000));
        if (topic.keys != null) {
            int first = producer == null ? -1 : producer.nextSequence;
            if (producer != null) {
                producer.nextSequence += times.length;
            }
            var bytes = topic.keys.batch(random, times, producer, first).array();
            return new ModelLog.Sent(bytes, times, producer, first);
        }
        int valueBytes = random.nextInt(20) == 0 ? random.nextInt(1_000 / times.length) : random.nextInt(120);
        var batch = TestBatch.at(times).valueBytes(valueBytes).seed(random.nextInt(256));
        int sequence = -1;
        if (producer != null) {
            sequence = producer.nextSequence;
            batch.producer(producer.id, producer.epoch, sequence);
            producer.nextSequence += times.length;
        }
        return new ModelLog.Sent(batch.build().array(), times, producer, sequence);
    }

    // Deleting.

    private void tick() {
        say("tick");
        var settled = topics.values().stream().filter(topic -> !topic.retaining).toList();
        topics.values().forEach(topic -> topic.retaining = true);
        logs.tick(nowMs);
        for (var topic : settled) {
            var log = find(topic);
            if (log != null) {
                topic.checkRetained(log.startOffset(), nowMs);
                seeStart(topic, log);
            }
        }
    }

    /** What was done is for good, unless the disk failed meanwhile. */
    private void seeStart(ModelLog topic, PartitionLog log) {
        if (disk.failures() == failuresBefore && !disk.dead()) {
            topic.checkStart(log);
        }
    }

    private void deleteRecords(ModelLog topic, PartitionLog log) {
        if (topic.end() <= topic.startLeast) {
            return;
        }
        long before = random.nextLong(topic.startLeast, topic.end() + 1);
        topic.startMost = Math.max(topic.startMost, before);
        var deleted = log.deleteRecordsBefore(before);
        say("%s: delete records before %d: %s", topic.partition, before, deleted);
        if (deleted instanceof Deleted.Done done) {
            require(done.startOffset() >= before, "records before " + before + " are not deleted");
            topic.checkStart(log);
        } else if (deleted instanceof Deleted.OnlyCompacted) {
            require(topic.config.compaction != null && !topic.config.compaction.deletesToo(),
                    "records cannot be deleted of a log that is not compacted");
        } else {
            require(disk.failures() > 0 || disk.dead(), "records could not be deleted without cause");
            topic.startUnsure = Math.max(topic.startUnsure, before);
        }
    }

    // Compacting.

    private void compact() throws IOException {
        var before = new TreeMap<String, Long>();
        for (var topic : topics.values()) {
            var log = find(topic);
            if (topic.keys != null && log != null) {
                topic.keys.unsure = true;
                before.put(topic.partition.topic(), worthFrom(log));
            }
        }
        if (random.nextInt(3) == 0) {
            planCompaction();
        }
        compacting = true;
        boolean done = logs.cleaner().compactDirtiest();
        compacting = false;
        if (misread != null) {
            throw new Broken("while segments were replaced: " + misread.getMessage(), misread);
        }
        say("compact %s: %b", before, done);
        if (disk.dead()) {
            return;
        }
        boolean whole = disk.failures() == failuresBefore;
        boolean progress = false;
        for (var name : before.keySet()) {
            var log = find(topics.get(name));
            topics.get(name).checkCompacted(log, whole, nowMs);
            progress |= before.get(name) >= 0
                    && log.home().compactedOffset(log.partition()) > before.get(name);
        }
        boolean asked = before.values().stream().anyMatch(from -> from >= 0);
        require(progress || !asked || disk.failures() > 0 || disk.full(), "no log is compacted");
    }

    /** The offset from which a log is worth being compacted; -1 where it is not. */
    private long worthFrom(PartitionLog log) throws IOException {
        if (log.config().compaction() == null || disk.failures() > 0) {
            return -1;
        }
        var work = Compaction.work(log, log.config(), nowMs);
        return work.worthwhile() ? work.from() : -1;
    }

    private void planCompaction() {
        int nth = 1 + random.nextInt(30);
        switch (sound ? 8 : random.nextInt(8)) {
            case 0 -> disk.plan(FaultyDisk.Fault.WRITE, 1 + nth / 3);
            case 1 -> disk.plan(FaultyDisk.Fault.FORCE, 1 + nth / 10);
            case 2 -> disk.plan(FaultyDisk.Fault.NAME, nth);
            case 3 -> disk.plan(FaultyDisk.Fault.FULL, 1 + nth / 3);
            default -> disk.dieAt(nth * 2);
        }
    }

    private void readMeanwhile() {
        var keyed = topics.values().stream().filter(topic -> topic.keys != null).toList();
        var topic = keyed.get(random.nextInt(keyed.size()));
        var log = find(topic);
        if (log == null || log.startOffset() == log.endOffset() || log.highWatermark() < log.endOffset()
                || misread != null) {
            return;
        }
        long offset = random.nextLong(log.startOffset(), log.endOffset());
        try {
            topic.keys.checkRead(log, topic.transactions.fates(), offset, 1 + random.nextInt(2_000));
        } catch (IOException | RuntimeException | AssertionError wrong) {
            misread = disk.failures() == failuresBefore && !disk.dead() ? wrong : null;
        }
    }

    // Reading.

    private void read(ModelLog topic, PartitionLog log) throws IOException {
        say("read %s", topic.partition);
        if (disk.failures() == 0) {
            topic.checkIndexes(log, random, 2);
            topic.transactions.check(log, random);
        }
        for (var one : held) {
            require(Arrays.equals(one.bytes, TestLogs.bytes(one.region)), "a reader was cut");
        }
        held.clear();
    }

    private void hold(ModelLog topic, PartitionLog log) throws IOException {
        if (log.startOffset() < log.endOffset() && disk.failures() == 0) {
            long offset = random.nextLong(log.startOffset(), log.endOffset());
            var bytes = TestLogs.read(log, offset, 1_000);
            if (log.read(offset, 1_000, true, false) instanceof ReadResult.Data data) {
                held.add(new Held(data.region(), bytes));
            }
        }
    }

    /** Draws configurations with which much happens in few bytes. */
    private static final class LogConfigs {
        TestLogs.Config draw(Random random, boolean keyed) {
            var config = draw(random);
            if (keyed && random.nextInt(4) > 0) {
                boolean deletesToo = random.nextInt(4) == 0;
                config.segmentBytes(700 + random.nextInt(1_500));
                config.compaction = new LogConfig.CompactionRules(random.nextInt(2) * random.nextDouble() / 2,
                        random.nextInt(3) == 0 ? random.nextInt(3_000) : 0,
                        random.nextInt(3) == 0 ? 5_000 : Long.MAX_VALUE,
                        random.nextInt(2) * random.nextInt(5_000), deletesToo);
                config.retentionMs = deletesToo ? config.retentionMs : -1;
                config.retentionBytes = deletesToo ? config.retentionBytes : -1;
            }
            return config;
        }

        private static TestLogs.Config draw(Random random) {
            var config = new TestLogs.Config().segmentBytes(1_200 + random.nextInt(6_000));
            config.indexBytes = 24 + random.nextInt(1_000);
            config.intervalBytes = random.nextInt(400);
            config.retentionMs = random.nextInt(3) == 0 ? random.nextInt(60_000) : -1;
            config.retentionBytes = random.nextInt(4) == 0 ? random.nextInt(20_000) : -1;
            config.flushMessages = random.nextInt(5) == 0 ? 1 + random.nextInt(20) : Long.MAX_VALUE;
            config.flushMs = random.nextInt(5) == 0 ? random.nextInt(5_000) : Long.MAX_VALUE;
            config.preallocate = random.nextInt(8) == 0;
            return config;
        }
    }
}
