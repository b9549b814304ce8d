package daybook.log;

import daybook.wire.Uuid;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * All logs of the broker, and the directories they live in. Any thread may call.
 */
public final class Logs implements AutoCloseable {
    /**
     * A partition that the catalog says is here.
     *
     * @param home the id of the directory that it was made for; the zero id, or another that Kafka reserves,
     *     where that is not known
     */
    public record Expected(Uuid topicId, TopicPartition partition, int leaderEpoch, Uuid home,
            LogConfig config) {
        boolean homeKnown() {
            return home.high() != 0 || home.low() > HOMES_RESERVED;
        }
    }

    /** A log directory; a failed one has no id and no bytes. */
    public record LogDirectory(Path path, Uuid id, boolean failed, long totalBytes, long usableBytes) { }

    /** The metadata log. */
    public static final TopicPartition METADATA = new TopicPartition("__cluster_metadata", 0);

    private static final System.Logger LOG = System.getLogger("daybook.log");
    private static final int FIRST_NODE_ID = 1;
    /** Ids up to it say that a directory is not assigned, lost or being changed. */
    private static final int HOMES_RESERVED = 100;
    private static final long TICK_NANOS = 1_000_000_000L;
    /** Between two lines about how far the opening of the logs is. */
    private static final int PROGRESS_SECONDS = 3;

    private final LogSettings settings;
    private final Disk disk;
    private final InstantSource clock;
    /** By path, in the order of the settings, the metadata directory last where it is one of its own. */
    private final Map<Path, Directory> directories;
    private final String clusterId;
    private final int nodeId;
    private final PartitionLog metadataLog;
    private final boolean firstStart;
    private final Map<TopicPartition, PartitionLog> logs = new ConcurrentHashMap<>();
    private final Cleaner cleaner;
    /** Partitions that are expected here, but have no log until the broker is started again. */
    private final Map<TopicPartition, Expected> offline = new ConcurrentHashMap<>();
    /** Held while logs are made. */
    private final ReentrantLock lock = new ReentrantLock();
    /** Held by the background while it works, so that it is not under way when the logs are closed. */
    private final ReentrantLock backgroundLock = new ReentrantLock();
    /** Guarded by {@link #backgroundLock}. */
    private long retentionAtMs;
    /** Guarded by {@link #backgroundLock}. */
    private long checkpointAtMs;
    /** Null before {@link #start}. Guarded by {@link #backgroundLock}. */
    private Thread background;
    /** At zero all that is here was recovered, so that the directories can be marked as closed properly. */
    private final CountDownLatch loading = new CountDownLatch(1);
    private volatile boolean closing;
    /** Whether the start has not come to its end, for want of room. */
    private volatile boolean held;

    private Logs(LogSettings settings, int configuredNodeId, Disk disk, InstantSource clock,
            Map<Path, Directory> directories) throws IOException {
        this.settings = settings;
        this.disk = disk;
        this.clock = clock;
        this.directories = directories;
        this.cleaner = new Cleaner(logs.values(), clock);
        var home = directories.get(settings.metadataDirectory());
        var owner = home.meta();
        for (var directory : directories.values()) {
            directory.checkOwner(home, owner);
        }
        var path = home.path().resolve(METADATA.toString());
        if (owner == null && disk.exists(path)) {
            throw new IOException(home.path() + " has a metadata log, but no " + Directory.META_PROPERTIES
                    + ", which says to what cluster and node it belongs: put that back");
        }
        this.clusterId = owner == null ? Uuid.random().toString() : owner.clusterId();
        int foundNodeId = owner == null ? -1 : owner.nodeId();
        if (foundNodeId >= 0 && configuredNodeId >= 0 && foundNodeId != configuredNodeId) {
            throw new IOException("node.id is " + configuredNodeId + ", but " + home.path()
                    + " belongs to node " + foundNodeId);
        }
        int newNodeId = configuredNodeId >= 0 ? configuredNodeId : FIRST_NODE_ID;
        this.nodeId = foundNodeId >= 0 ? foundNodeId : newNodeId;
        // First, so that no other directory ever belongs to a cluster that it does not know.
        home.claim(clusterId, nodeId);
        for (var directory : directories.values()) {
            directory.claim(clusterId, nodeId);
            directory.removeCleanMark();
        }
        var expected = new Expected(Uuid.METADATA_TOPIC, METADATA, 0, Uuid.ZERO, LogConfig.METADATA);
        this.metadataLog = disk.exists(path)
                ? home.openLog(expected, path, home.clean() && home.recoveryPoint(METADATA) >= 0)
                : home.createLog(expected);
        this.firstStart = metadataLog.endOffset() == 0;
        this.retentionAtMs = clock.millis() + settings.retentionCheckMs();
        this.checkpointAtMs = clock.millis() + settings.flushCheckpointMs();
    }

    /**
     * Makes and locks the directories and opens the metadata log in them, nothing else yet.
     *
     * @param configuredNodeId the node's id, or -1 to take the one on the disk, or 1
     * @throws IOException if a directory is in use, belongs to another node, or cannot be used: the metadata
     *     directory, or all the others. The message is a sentence for the user.
     */
    public static Logs open(LogSettings settings, int configuredNodeId, Disk disk, InstantSource clock)
            throws IOException {
        var paths = new LinkedHashSet<>(settings.directories());
        paths.add(settings.metadataDirectory());
        var directories = new LinkedHashMap<Path, Directory>();
        try {
            for (var path : paths) {
                openDirectory(settings, disk, clock, path, directories);
            }
            if (settings.directories().stream().noneMatch(directories::containsKey)) {
                throw new IOException("None of the log directories can be used");
            }
            var logs = new Logs(settings, configuredNodeId, disk, clock, directories);
            if (logs.firstStart) {
                logs.refuseUnknown();
            }
            return logs;
        } catch (IOException | RuntimeException failure) {
            for (var directory : directories.values()) {
                directory.unlock();
            }
            throw failure;
        }
    }

    private static void openDirectory(LogSettings settings, Disk disk, InstantSource clock, Path path,
            Map<Path, Directory> into) throws IOException {
        Directory directory;
        try {
            directory = Directory.open(disk, clock, settings, path);
        } catch (IOException failure) {
            if (path.equals(settings.metadataDirectory())) {
                throw new IOException("The log directory " + path + " cannot be used: " + failure, failure);
            }
            LOG.log(Level.ERROR, "The log directory " + path + " cannot be used: its partitions are offline",
                    failure);
            return;
        }
        if (directory == null) {
            throw new IOException("The log directory " + path + " is in use by another broker");
        }
        into.put(path, directory);
    }

    /** Fails where partitions are here of which an empty metadata log knows nothing. */
    private void refuseUnknown() throws IOException {
        for (var directory : directories.values()) {
            for (var name : disk.list(directory.path())) {
                var partition = TopicPartition.parse(name);
                if (partition != null && !partition.equals(METADATA)) {
                    close();
                    throw new IOException("The metadata log in " + metadataLog.directory() + " is empty, but "
                            + directory.path().resolve(name) + " looks like a partition: its topic would be"
                            + " lost. Put the metadata log back, or, to begin with no topics, move the"
                            + " directories of partitions away");
                }
            }
        }
    }

    public String clusterId() {
        return clusterId;
    }

    public int nodeId() {
        return nodeId;
    }

    /** Whether the metadata log was empty when it was opened. */
    public boolean firstStart() {
        return firstStart;
    }

    /** Whether all directories had been closed properly. */
    public boolean cleanStart() {
        return directories.values().stream().allMatch(Directory::clean);
    }

    /** The log of the catalog's records: partition 0 of {@code __cluster_metadata}. */
    public PartitionLog metadataLog() {
        return metadataLog;
    }

    // Loading.

    /**
     * Opens and recovers the logs of the partitions that are expected, and makes those that are missing.
     * Directories of other partitions are given a name that ends in {@code -stray} and left alone, unless
     * their topics are known to be deleted: the process died before it had put all of them aside.
     *
     * @param removed the ids and names of topics that were deleted a while ago at most
     * @throws IOException if a directory cannot be listed or a partition is there twice; a partition that
     *     alone cannot be opened is offline, and told
     */
    public void load(Collection<Expected> expected, Map<Uuid, String> removed) throws IOException {
        var missing = new HashMap<TopicPartition, Expected>();
        expected.forEach(one -> missing.put(one.partition(), one));
        var tasks = new ArrayList<Runnable>();
        var found = new HashMap<TopicPartition, Directory>();
        for (var directory : directories.values()) {
            var deleted = new ArrayList<TopicPartition>();
            for (var name : disk.list(directory.path())) {
                var path = directory.path().resolve(name);
                var partition = TopicPartition.parse(name);
                if (Directory.deleted(name)) {
                    directory.deleteLater(List.of(path), clock.millis());
                } else if (partition != null && !partition.equals(METADATA)) {
                    var one = missing.get(partition);
                    var topicId = directory.topicId(path);
                    if (one == null || topicId != null && !topicId.equals(one.topicId())) {
                        if (topicId == null ? removed.containsValue(partition.topic())
                                : removed.containsKey(topicId)) {
                            directory.delete(path, partition, 0);
                            deleted.add(partition);
                        } else {
                            directory.stray(path, partition);
                        }
                        continue;
                    }
                    var other = found.put(partition, directory);
                    if (other != null) {
                        throw new IOException(partition + " is both in " + other.path() + " and in "
                                + directory.path());
                    }
                    tasks.add(() -> open(directory, one, path, topicId));
                }
            }
            if (!deleted.isEmpty()) {
                LOG.log(Level.INFO, "{0}: {1} partitions of deleted topics were left, and go now",
                        directory.path(), deleted.size());
                directory.deleted(deleted);
            }
        }
        missing.keySet().removeAll(found.keySet());
        for (var one : missing.values()) {
            if (!lost(one)) {
                tasks.add(() -> createOrTell(one));
            }
        }
        recover(tasks);
        for (var directory : directories.values()) {
            directory.unopened().retainAll(offline.keySet());
            // What was deleted is forgotten, lest a new partition of its name pass for one that is lost.
            checkpoint(directory);
        }
        loading.countDown();
    }

    /** Opens the logs side by side, each one served as soon as it is open, and tells how far it is. */
    private void recover(List<Runnable> tasks) {
        long beganMs = clock.millis();
        var pool = pool(tasks.size());
        tasks.forEach(pool::execute);
        pool.shutdown();
        while (!ended(pool)) {
            LOG.log(Level.INFO, "Opening the logs: {0} of {1} partitions are served", logs.size(),
                    tasks.size());
        }
        if (!cleanStart() && !logs.isEmpty()) {
            long bytes = logs.values().stream().mapToLong(PartitionLog::sizeBytes).sum();
            LOG.log(Level.INFO, "Recovered after an unclean stop: {0} partitions of {1} MB in {2} ms",
                    logs.size(), Long.toString(bytes >> 20), Long.toString(clock.millis() - beganMs));
        }
    }

    /**
     * Returns when {@link #load} has ended; what would change a log that may be under way there waits for it.
     */
    public void awaitLoaded() {
        try {
            loading.await();
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        }
    }

    /** Takes a partition offline that is missing, but was here, or may be in a directory that failed. */
    private boolean lost(Expected expected) throws IOException {
        boolean lost = expected.homeKnown() ? home(expected.home()) == null
                : !directories.keySet().containsAll(settings.directories());
        if (lost) {
            LOG.log(Level.ERROR, "{0} is missing, and its directory, of id {1}, is none of log.dirs now"
                    + " or cannot be used: it is offline. Put the directory back and start the broker again,"
                    + " or delete the topic", expected.partition(), expected.home());
        }
        for (var directory : directories.values()) {
            long recoveryPoint = directory.recoveryPoint(expected.partition());
            if (recoveryPoint > 0 && !directory.holdsDeleted(expected.partition())) {
                lost = true;
                LOG.log(Level.ERROR, "{0} is missing in {1}, where its records before offset {2} were on the"
                        + " disk: it is offline. Put its directory back and start the broker again, or delete"
                        + " the topic", expected.partition(), directory.path(), Long.toString(recoveryPoint));
            }
        }
        if (lost) {
            offline.put(expected.partition(), expected);
        }
        return lost;
    }

    private void open(Directory directory, Expected expected, Path path, Uuid topicId) {
        try {
            if (topicId == null) {
                directory.writeTopicId(path, expected.topicId());
            }
            logs.put(expected.partition(), directory.openLog(expected, path, directory.clean()));
        } catch (Throwable failure) {
            // Whatever it was, an Error of a mapped index too: the log was not recovered.
            offline.put(expected.partition(), expected);
            LOG.log(Level.ERROR, path + " cannot be opened: the partition is offline", failure);
        }
    }

    private void createOrTell(Expected expected) {
        try {
            create(expected);
        } catch (Throwable failure) {
            LOG.log(Level.ERROR, expected.partition() + " cannot be made: it is offline", failure);
        }
    }

    /** Threads for the opening or closing of so many logs. */
    private ExecutorService pool(int tasks) {
        int threads = Math.clamp(tasks, 1, settings.recoveryThreads() * directories.size());
        return Executors.newFixedThreadPool(threads, Thread.ofPlatform().name("daybook-load-", 0).factory());
    }

    /** Waits for a pool that was shut down, but not for ever. */
    private static boolean ended(ExecutorService pool) {
        try {
            return pool.awaitTermination(PROGRESS_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException never) {
            throw new IllegalStateException(never);
        }
    }

    // Partitions.

    /**
     * Makes the log of a new partition, in its home if the disk there works and is not full; one that is
     * there already is returned as it is.
     *
     * @throws IOException if the disk fails, and the partition is offline then; if it was offline already; or
     *     if the partition of another topic of that name is there
     */
    public PartitionLog create(Expected expected) throws IOException {
        lock.lock();
        try {
            var present = logs.get(expected.partition());
            if (present != null) {
                if (!present.topicId().equals(expected.topicId())) {
                    throw new IOException(expected.partition() + " of topic id " + present.topicId()
                            + " is still there");
                }
                return present;
            }
            if (offline.containsKey(expected.partition())) {
                throw new IOException(expected.partition() + " is offline");
            }
            var log = (fit(expected.home()) ? home(expected.home()) : roomiest()).createLog(expected);
            logs.put(expected.partition(), log);
            return log;
        } catch (Throwable failure) {
            if (!logs.containsKey(expected.partition())) {
                offline.put(expected.partition(), expected);
            }
            throw failure;
        } finally {
            lock.unlock();
        }
    }

    /** The directory with this id; null where it is not here. */
    private Directory home(Uuid id) {
        return directories.values().stream().filter(one -> one.id().equals(id)).findFirst().orElse(null);
    }

    /** Whether a directory with this id is here, its disk works and is not full. */
    public boolean fit(Uuid directoryId) {
        var home = home(directoryId);
        return home != null && !home.failed() && home.space().measure(0);
    }

    /** Where else a new partition goes: where the fewest are, if the disk there works and is not full. */
    private Directory roomiest() {
        return settings.directories().stream().map(directories::get).filter(one -> one != null)
                .min(Comparator.comparing((Directory one) -> one.failed() || !one.space().measure(0))
                        .thenComparing(one -> one.logs().size())).orElseThrow();
    }

    /** Whether there is a directory whose disk is not full. */
    public boolean hasRoom() {
        return settings.directories().stream().map(directories::get)
                .anyMatch(one -> one != null && one.space().measure(0));
    }

    /** Has all logs refuse the batches of clients, as if the disk were full, until it is told otherwise. */
    public void holdWrites(boolean hold) {
        held = hold;
        directories.values().forEach(one -> one.space().hold(hold));
    }

    /** The log of a partition; null where there is none, or it is offline. */
    public PartitionLog find(String topic, int partition) {
        return logs.get(new TopicPartition(topic, partition));
    }

    /** Whether the partition is expected here but could not be opened. */
    public boolean offline(String topic, int partition) {
        return offline.containsKey(new TopicPartition(topic, partition));
    }

    /** Deletes partitions: they are gone at once, their files after {@code file.delete.delay.ms}. */
    public void delete(Collection<TopicPartition> partitions) {
        var touched = new HashSet<Directory>();
        for (var partition : partitions) {
            try {
                putAside(partition, touched);
            } catch (IOException failure) {
                LOG.log(Level.ERROR, "Deleting " + partition + " failed", failure);
            }
        }
        touched.forEach(directory -> directory.deleted(partitions));
    }

    private void putAside(TopicPartition partition, Set<Directory> touched) throws IOException {
        var unopened = offline.remove(partition);
        var log = logs.remove(partition);
        if (log != null) {
            var directory = directories.get(log.directory().getParent());
            touched.add(directory);
            directory.logs().remove(partition);
            log.delete();
        } else if (unopened != null) {
            touched.addAll(directories.values());
            for (var directory : directories.values()) {
                var path = directory.path().resolve(partition.toString());
                if (disk.exists(path)) {
                    directory.delete(path, partition, unopened.config().fileDeleteDelayMs());
                }
            }
        }
    }

    /** The logs of all partitions, without the metadata log. */
    public Collection<PartitionLog> all() {
        return logs.values();
    }

    /** The log directories, in the order of the settings. */
    public List<LogDirectory> directories() {
        var list = new ArrayList<LogDirectory>();
        for (var path : settings.directories()) {
            var directory = directories.get(path);
            try {
                list.add(directory == null ? new LogDirectory(path, Uuid.ZERO, true, 0, 0)
                        : new LogDirectory(path, directory.id(), false, disk.totalBytes(path),
                                disk.usableBytes(path)));
            } catch (IOException failure) {
                list.add(new LogDirectory(path, directory.id(), true, 0, 0));
            }
        }
        return list;
    }

    // The background.

    /** Starts the thread that deletes, forces and checkpoints by time. */
    public void start() {
        backgroundLock.lock();
        try {
            background = Thread.ofPlatform().daemon().name("daybook-log").start(this::runBackground);
        } finally {
            backgroundLock.unlock();
        }
    }

    /** Has logs compacted in the background by these settings, from now on. */
    public void compact(CleanerSettings settings) {
        cleaner.configure(settings);
    }

    Cleaner cleaner() {
        return cleaner;
    }

    private void runBackground() {
        while (!closing) {
            LockSupport.parkNanos(TICK_NANOS);
            try {
                tick(clock.millis());
            } catch (Throwable untold) {
                // Not even the telling worked; the next tick may.
            }
        }
    }

    /** Does what is due. */
    void tick(long nowMs) {
        backgroundLock.lock();
        try {
            if (closing) {
                return;
            }
            directories.values().forEach(one -> one.space().measure(0));
            logs.values().forEach(log -> attempt(log.directory(), () -> log.forceWhatIsDue(nowMs)));
            directories.values().forEach(one -> attempt(one.path(), () -> one.deleteDue(nowMs)));
            if (nowMs >= retentionAtMs) {
                retentionAtMs = nowMs + settings.retentionCheckMs();
                long expirationMs = settings.producerIdExpirationMs();
                logs.values().forEach(log -> attempt(log.directory(), () -> log.retain(nowMs, expirationMs)));
            }
            if (nowMs >= checkpointAtMs) {
                checkpointAtMs = nowMs + settings.flushCheckpointMs();
                directories.values().forEach(one -> attempt(one.path(), () -> checkpoint(one)));
            }
        } finally {
            backgroundLock.unlock();
        }
    }

    /** One thing to do; where it fails, by an Error too, the others are done nevertheless. */
    private static void attempt(Path where, Runnable task) {
        try {
            task.run();
        } catch (Throwable fault) {
            LOG.log(Level.ERROR, "The background failed in " + where + "; it goes on", fault);
        }
    }

    private boolean checkpoint(Directory directory) {
        try {
            directory.checkpoint();
            return true;
        } catch (IOException failure) {
            LOG.log(Level.ERROR, "The checkpoints of " + directory.path() + " cannot be written", failure);
            return false;
        }
    }

    /**
     * Forces and closes everything. A directory in which nothing failed is marked as closed properly, unless
     * something in it was not recovered: a partition that is offline, or, where a start ended before {@link
     * #load} did, or while {@linkplain #holdWrites writes are held}, all of it, if it had no mark before.
     */
    @Override
    public void close() {
        backgroundLock.lock();
        try {
            if (closing) {
                return;
            }
            closing = true;
            LockSupport.unpark(background);
        } finally {
            backgroundLock.unlock();
        }
        cleaner.close();
        var dirty = ConcurrentHashMap.<Path>newKeySet();
        var tasks = new ArrayList<Runnable>();
        for (var directory : directories.values()) {
            for (var log : directory.logs().values()) {
                tasks.add(() -> {
                    boolean closed = false;
                    try {
                        closed = log.close();
                    } finally {
                        if (!closed) {
                            dirty.add(directory.path());
                        }
                    }
                });
            }
        }
        try (var pool = pool(tasks.size())) {
            tasks.forEach(pool::execute);
        }
        boolean started = loading.getCount() == 0 && !held;
        loading.countDown();
        for (var directory : directories.values()) {
            boolean recovered = started ? directory.unopened().isEmpty() : directory.clean();
            close(directory, recovered && !dirty.contains(directory.path()));
        }
    }

    private void close(Directory directory, boolean clean) {
        try {
            if (checkpoint(directory) && clean) {
                directory.writeCleanMark();
            }
            directory.unlock();
        } catch (IOException failure) {
            LOG.log(Level.ERROR, "Closing " + directory.path() + " failed", failure);
        }
    }
}
