package daybook.log;

import static daybook.log.Model.require;

import daybook.record.RecordBatch;
import daybook.wire.ErrorCode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damage to files while no process runs: what can be made anew must be, and what cannot must be told. */
final class ModelDamage {
    private static final List<String> DERIVED = List.of(Segment.INDEX, Segment.TIME_INDEX, Segment.SNAPSHOT,
            LeaderEpochs.FILE, Directory.PARTITION_METADATA, Checkpoints.RECOVERY_POINTS,
            Checkpoints.HIGH_WATERMARKS);

    private final Path path;
    private final Random random;

    ModelDamage(Path path, Random random) {
        this.path = path;
        this.random = random;
    }

    /** Damages some of the files that only say again what the batches say; returns which. */
    List<Path> derived(FaultyDisk disk, Iterable<ModelLog> topics) throws IOException {
        var damaged = new ArrayList<Path>();
        for (var file : files()) {
            var name = file.getFileName().toString();
            if (DERIVED.stream().anyMatch(name::endsWith) && random.nextInt(3) == 0) {
                disk.put(file, damaged(name, Files.readAllBytes(file)));
                damaged.add(path.relativize(file));
            }
        }
        for (var topic : topics) {
            for (var file : damaged) {
                topic.noteDamaged(file);
            }
        }
        return damaged;
    }

    private List<Path> files() throws IOException {
        try (var files = Files.walk(path)) {
            return files.filter(file -> Files.isRegularFile(file) && !file.toString().contains("metadata-0"))
                    .sorted().toList();
        }
    }

    /** Other bytes, or null where the file is to go. */
    private byte[] damaged(String name, byte[] bytes) {
        switch (random.nextInt(4)) {
            case 0 -> {
                return null;
            }
            case 1 -> {
                // Of a text, half a number would be another one.
                return name.contains(".") ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)) : new byte[0];
            }
            case 2 -> {
                return new byte[random.nextInt(bytes.length + 1)];
            }
            default -> {
                var garbage = new byte[random.nextInt(bytes.length + 1)];
                random.nextBytes(garbage);
                return garbage;
            }
        }
    }

    /** A batch that is hit, and the bytes of its file before and after. */
    record Hit(ModelLog topic, ModelLog.Entry entry, Path file, byte[] whole, byte[] broken) { }

    /** Flips a bit of a batch that was known to be on the disk; null where there is none. */
    Hit flip(FaultyDisk disk, ModelLog topic) throws IOException {
        var points = Checkpoints.offsets(Disk.local(), path.resolve(Checkpoints.RECOVERY_POINTS));
        long recoveryPoint = points.getOrDefault(topic.partition, 0L);
        var candidates = topic.entries.stream().filter(entry -> entry.next() <= recoveryPoint
                && entry.base() >= Math.max(topic.startUnsure, Math.max(topic.startLeast, topic.startMost)))
                .toList();
        if (candidates.isEmpty() || topic.keys != null) {
            return null;
        }
        var entry = candidates.get(random.nextInt(candidates.size()));
        var segments = files().stream().filter(one -> one.getParent().endsWith(topic.partition.toString())
                && one.toString().endsWith(Segment.LOG) && base(one) <= entry.base()).toList();
        if (segments.isEmpty()) {
            // Its deletion was under way.
            return null;
        }
        var file = segments.getLast();
        var whole = Files.readAllBytes(file);
        int at = 0;
        while (new RecordBatch(ByteBuffer.wrap(whole), at).baseOffset() < entry.base()) {
            at += new RecordBatch(ByteBuffer.wrap(whole), at).sizeBytes();
        }
        // The checksum covers the batch from its attributes on.
        int hit = at + random.nextInt(21, entry.bytes().length);
        disk.flip(file, hit, 1 << random.nextInt(8));
        return new Hit(topic, entry, file, whole, Files.readAllBytes(file));
    }

    private static long base(Path file) {
        return Long.parseLong(file.getFileName().toString().substring(0, 20));
    }

    /** A log with a batch that is hit is read up to it and takes nothing; or nobody has looked there yet. */
    void checkHit(Hit hit, PartitionLog log) throws IOException {
        require(log != null, "damage took " + hit.topic.partition + " offline");
        // A deletion of records that was cut short may have moved the start past the batch.
        boolean noticed = log.endOffset() == Math.max(hit.entry.base(), log.startOffset());
        require(noticed || log.endOffset() >= hit.topic.forcedEnd, "damage at " + hit.entry.base()
                + " ended the log at " + log.endOffset());
        for (var entry : hit.topic.entries) {
            if (entry.base() < hit.entry.base() && entry.base() >= log.startOffset()) {
                var read = TestLogs.read(log, entry.base(), 1);
                require(Arrays.equals(entry.bytes(), read), "offset " + entry.base() + " cannot be read");
            }
        }
        if (noticed) {
            var refused = log.append(TestBatch.of(1, TestLogs.NOW).build());
            require(refused instanceof Appended.Refused why && why.error() == ErrorCode.KAFKA_STORAGE_ERROR,
                    "a damaged log took a batch: " + refused);
        }
    }

    /**
     * Nothing was cut. The snapshots go: a start that trusted the headers may have written down there what a
     * flipped one said of its producer, and into an index what it said of its time.
     */
    void repair(Hit hit, FaultyDisk disk) throws IOException {
        require(Arrays.equals(hit.broken, Files.readAllBytes(hit.file)), hit.file + " was changed");
        disk.put(hit.file, hit.whole);
        hit.topic.timesUnsure = true;
        for (var file : files()) {
            if (file.getParent().equals(hit.file.getParent()) && file.toString().endsWith(Segment.SNAPSHOT)) {
                disk.put(file, null);
            }
        }
    }
}
