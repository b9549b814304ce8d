package daybook.log;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The newest offset of each key, in memory that is bounded however long the keys are: a slot holds the first
 * 128 bits of a key's SHA-256 and the offset, and slots are looked through from the one the digest names.
 * That two keys of a log have the same digest is less likely than that the machine fails, and nobody can make
 * two that have. Belongs to the thread that uses it.
 */
final class KeyMap {
    /** Digest and offset. */
    static final int SLOT_BYTES = 24;

    private static final int SLOT_LONGS = SLOT_BYTES / Long.BYTES;
    private static final double LEAST_LOAD = 0.01;
    private static final int DIGEST_BYTES = 32;

    private final MessageDigest digest;
    private final byte[] hash = new byte[DIGEST_BYTES];
    private final ByteBuffer hashed = ByteBuffer.wrap(hash);
    /** Of each slot the digest's halves, and the offset plus one: zero in a slot that is free. */
    private final long[] slots;
    /** At most so many keys. */
    private final int most;
    private int size;

    /**
     * @param limitBytes the most memory to take; two slots are taken at least
     * @param load how much of the slots may be filled; the fuller they are, the longer is looked
     * @param keys there will not be more keys than this
     */
    KeyMap(long limitBytes, double load, long keys) {
        double part = load >= LEAST_LOAD ? Math.min(load, 1) : LEAST_LOAD;
        double wanted = Math.max(keys, 1) / part + 1;
        long affordable = Math.min(limitBytes / SLOT_BYTES, Integer.MAX_VALUE / SLOT_LONGS);
        int count = (int) Math.max(2, Math.min(wanted, affordable));
        this.slots = new long[count * SLOT_LONGS];
        this.most = (int) Math.clamp(count * part, 1, count - 1);
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException everyJdkHasIt) {
            throw new IllegalStateException(everyJdkHasIt);
        }
    }

    /** Makes {@code offset} the newest of a key; false where it is a new one and the map is full. */
    boolean put(ByteBuffer key, long offset) {
        int at = find(key);
        if (slots[at + 2] == 0) {
            if (size == most) {
                return false;
            }
            size++;
            slots[at] = hashed.getLong(0);
            slots[at + 1] = hashed.getLong(Long.BYTES);
        }
        slots[at + 2] = offset + 1;
        return true;
    }

    /** The newest offset of a key; -1 where it has none. */
    long get(ByteBuffer key) {
        return slots[find(key) + 2] - 1;
    }

    int size() {
        return size;
    }

    /** Where the key's slot is, or the free one that it would take. */
    private int find(ByteBuffer key) {
        digest.update(key.duplicate());
        try {
            digest.digest(hash, 0, DIGEST_BYTES);
        } catch (DigestException impossible) {
            throw new IllegalStateException(impossible);
        }
        long high = hashed.getLong(0);
        long low = hashed.getLong(Long.BYTES);
        int at = (int) Long.remainderUnsigned(high, slots.length / SLOT_LONGS) * SLOT_LONGS;
        while (slots[at + 2] != 0 && (slots[at] != high || slots[at + 1] != low)) {
            at = at + SLOT_LONGS == slots.length ? 0 : at + SLOT_LONGS;
        }
        return at;
    }
}
