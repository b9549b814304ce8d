package daybook.log;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * What a disk holds of files and names: what is there now, what was forced, and by which steps the one came
 * from the other. From these it draws what a power cut leaves.
 *
 * <p>Of a file, each sector of 512 bytes is old or new, a sector that was never written is zeros, and the
 * length is the old one, the new one, or where the file grew any between. To truncate is a step: of what was
 * written before and what was written after it, a cut leaves no mixture.
 *
 * <p>Of a directory that was not forced since, each change of a name happened or not; to rename is one
 * change, so a file has its old name or its new one, and a name its old file or its new one. Changes that
 * have a name in common happen in their order. Others do so too on the journaling file systems in use, but
 * no standard says so: in half of the cuts they come and go as they like. That a file was forced says
 * nothing of its name. Guarded by the lock of the {@link FaultyDisk} it belongs to.
 */
final class Platter {
    static final int SECTOR_BYTES = 512;
    /** A file of more than this is an index with entries at its beginning and a hole behind them. */
    private static final int LARGE_BYTES = 1 << 20;
    private static final int CHUNK_BYTES = 1 << 16;

    private Platter() { }

    /** A file or a directory. */
    sealed interface Node { }

    /** The bytes of a file, zeros behind {@code bytes}. */
    record Content(byte[] bytes, long length) {
        static final Content EMPTY = new Content(new byte[0], 0);

        static Content of(byte[] bytes) {
            return new Content(bytes, bytes.length);
        }

        static Content read(Path file) throws IOException {
            try (var open = new RandomAccessFile(file.toFile(), "r")) {
                long length = open.length();
                var bytes = new byte[(int) Math.min(length, length > LARGE_BYTES ? CHUNK_BYTES : length)];
                open.readFully(bytes);
                return new Content(bytes, length);
            }
        }

        void write(Path file) throws IOException {
            try (var open = new RandomAccessFile(file.toFile(), "rw")) {
                open.write(bytes);
                open.setLength(length);
            }
        }

        Content cut(long size) {
            return size >= length ? this
                    : new Content(Arrays.copyOf(bytes, (int) Math.min(bytes.length, size)), size);
        }

        byte[] sector(int number) {
            int from = Math.min(number * SECTOR_BYTES, bytes.length);
            return Arrays.copyOf(Arrays.copyOfRange(bytes, from, Math.min(from + SECTOR_BYTES, bytes.length)),
                    SECTOR_BYTES);
        }

        int sectors() {
            return (bytes.length + SECTOR_BYTES - 1) / SECTOR_BYTES;
        }

        byte at(int position) {
            return position < bytes.length ? bytes[position] : 0;
        }
    }

    /** What a file was when it was truncated: nothing of it was forced since. */
    private record Stage(Content forced, Content written) { }

    /** A file. */
    static final class Inode implements Node {
        /** Where its bytes are now. */
        Path real;
        /** Bytes that count against the room on the disk. */
        long charged;
        private Content forced;
        private final List<Stage> stages = new ArrayList<>();
        /**
         * Sectors that a force failed to write: they count as written, and no later force writes them unless
         * somebody writes there again.
         */
        private final Map<Integer, byte[]> dropped = new TreeMap<>();

        Inode(Path real, Content forced) {
            this.real = real;
            this.forced = forced;
        }

        void force() throws IOException {
            forced = withoutDropped(Content.read(real));
            stages.clear();
        }

        /** A force that fails: some of the bytes that it was to write are never written. */
        void failForce(Random random) throws IOException {
            var written = Content.read(real);
            for (int sector = 0; sector < written.sectors(); sector++) {
                var bytes = written.sector(sector);
                if (!Arrays.equals(bytes, forced.sector(sector)) && random.nextInt(3) > 0) {
                    dropped.put(sector, bytes);
                }
            }
        }

        /** These bytes are written, perhaps once more. */
        void dirty(long position, int count) {
            if (count > 0) {
                dropped.keySet().removeIf(sector -> sector >= position / SECTOR_BYTES
                        && sector <= (position + count - 1) / SECTOR_BYTES);
            }
        }

        boolean isForced() throws IOException {
            var written = Content.read(real);
            return stages.isEmpty() && written.length == forced.length
                    && Arrays.equals(written.bytes, forced.bytes);
        }

        boolean lostBytes() {
            return !dropped.isEmpty();
        }

        void truncate(long size) throws IOException {
            stages.add(new Stage(forced, withoutDropped(Content.read(real))));
            forced = forced.cut(size);
        }

        /** What is in the page cache as far as it is to reach the disk. */
        Content withoutDropped(Content written) {
            dropped.entrySet().removeIf(one -> !Arrays.equals(one.getValue(), written.sector(one.getKey())));
            if (dropped.isEmpty()) {
                return written;
            }
            var bytes = written.bytes.clone();
            for (int sector : dropped.keySet()) {
                var old = forced.sector(sector);
                int from = sector * SECTOR_BYTES;
                System.arraycopy(old, 0, bytes, from, Math.min(SECTOR_BYTES, bytes.length - from));
            }
            return new Content(bytes, written.length);
        }

        Content afterPowerCut(Random random) throws IOException {
            var all = new ArrayList<>(stages);
            all.add(new Stage(forced, withoutDropped(Content.read(real))));
            var stage = all.get(random.nextInt(all.size()));
            long length = length(stage.forced.length, stage.written.length, random);
            int known = Math.max(stage.forced.bytes.length, stage.written.bytes.length);
            var bytes = new byte[(int) Math.min(known, length)];
            double share = random.nextInt(3) > 0 ? random.nextDouble() : random.nextInt(2);
            boolean written = false;
            for (int i = 0; i < bytes.length; i++) {
                if (i % SECTOR_BYTES == 0) {
                    written = random.nextDouble() < share;
                }
                bytes[i] = (written && i < stage.written.length ? stage.written : stage.forced).at(i);
            }
            return new Content(bytes, length);
        }

        private static long length(long forced, long written, Random random) {
            if (forced >= written || random.nextInt(3) > 0) {
                return random.nextInt(4) == 0 ? forced : written;
            }
            int unit = new int[] {1, 8, 12, SECTOR_BYTES, SECTOR_BYTES, 4096}[random.nextInt(6)];
            return Math.max(forced, (forced + random.nextLong(written - forced)) / unit * unit);
        }
    }

    /** A change of names in one directory: a new name, one that goes, or both with the same node. */
    private record Change(String from, String to, Node node) {
        void apply(Map<String, Node> names) {
            if (from != null) {
                names.remove(from);
            }
            if (to != null) {
                names.put(to, node);
            }
        }
    }

    /** A directory. */
    static final class Folder implements Node {
        final Map<String, Node> names = new TreeMap<>();
        private final Map<String, Node> forced = new TreeMap<>();
        private final List<Change> unforced = new ArrayList<>();

        void change(String from, String to, Node node) {
            var change = new Change(from, to, node);
            change.apply(names);
            unforced.add(change);
        }

        void force() {
            forced.clear();
            forced.putAll(names);
            unforced.clear();
        }

        /** Of the changes that have names in common, as many as a draw says, the first ones. */
        private Map<String, Node> namesAfterPowerCut(Random random) {
            boolean inOrder = random.nextBoolean();
            var related = new HashMap<String, Integer>();
            for (int i = 0; i < unforced.size(); i++) {
                relate(related, unforced.get(i), inOrder ? 0 : i);
            }
            var drawn = new TreeMap<Integer, Integer>();
            var counts = new HashMap<Integer, Integer>();
            unforced.forEach(change -> counts.merge(relation(related, change), 1, Integer::sum));
            var left = new TreeMap<>(forced);
            for (var change : unforced) {
                int relation = relation(related, change);
                int most = counts.get(relation);
                int rest = drawn.computeIfAbsent(relation, any -> random.nextInt(most + 1));
                if (rest > 0) {
                    change.apply(left);
                    drawn.put(relation, rest - 1);
                }
            }
            return left;
        }

        private static void relate(Map<String, Integer> related, Change change, int number) {
            for (var name : new String[] {change.from, change.to}) {
                var other = related.get(name);
                if (name != null && other != null && other != number) {
                    related.replaceAll((any, relation) -> relation.equals(other) ? number : relation);
                }
            }
            if (change.from != null) {
                related.put(change.from, number);
            }
            if (change.to != null) {
                related.put(change.to, number);
            }
        }

        private static int relation(Map<String, Integer> related, Change change) {
            return related.get(change.from != null ? change.from : change.to);
        }

        /**
         * The directory that a power cut leaves, all of it on the disk; its bytes are in its files' inodes.
         */
        Folder afterPowerCut(Path path, Random random) throws IOException {
            var left = new Folder();
            for (var entry : namesAfterPowerCut(random).entrySet()) {
                var real = path.resolve(entry.getKey());
                left.names.put(entry.getKey(), switch (entry.getValue()) {
                    case Inode file -> new Inode(real, file.afterPowerCut(random));
                    case Folder folder -> folder.afterPowerCut(real, random);
                });
            }
            left.force();
            return left;
        }

        /** What the files hold, by their paths. What a force failed to write may still be read, or not. */
        void contents(boolean forcedOnly, Random random, Map<Inode, Content> into) throws IOException {
            for (var node : names.values()) {
                switch (node) {
                    case Inode file when forcedOnly -> into.put(file, file.forced);
                    case Inode file -> {
                        var written = Content.read(file.real);
                        into.put(file, random.nextBoolean() ? written : file.withoutDropped(written));
                    }
                    case Folder folder -> folder.contents(forcedOnly, random, into);
                }
            }
        }

        /** Follows a rename of the directory itself. */
        void moved(Path path) {
            names.forEach((name, node) -> {
                switch (node) {
                    case Inode file -> file.real = path.resolve(name);
                    case Folder folder -> folder.moved(path.resolve(name));
                }
            });
        }
    }
}
