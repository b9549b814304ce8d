package daybook.coordinator;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * A deadline for each key, the earliest first; of those at the same time the one that was set first. Guarded by
 * the lock of the shard that it belongs to.
 *
 * @param <K> what is due, with equals and hashCode
 */
public final class Deadlines<K> {
    /** @param number of the deadline among all that were set, so that no two are alike */
    private record Deadline<K>(K key, long atMs, long number) implements Comparable<Deadline<K>> {
        @Override
        public int compareTo(Deadline<K> other) {
            int byTime = Long.compare(atMs, other.atMs);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    private final Map<K, Deadline<K>> byKey = new HashMap<>();
    private final TreeSet<Deadline<K>> inOrder = new TreeSet<>();
    private long count;

    /** The key is due at {@code atMs}, and no more when it was due before. */
    public void set(K key, long atMs) {
        cancel(key);
        var deadline = new Deadline<>(key, atMs, count++);
        byKey.put(key, deadline);
        inOrder.add(deadline);
    }

    /** The key is never due. */
    public void cancel(K key) {
        var deadline = byKey.remove(key);
        if (deadline != null) {
            inOrder.remove(deadline);
        }
    }

    public boolean contains(K key) {
        return byKey.containsKey(key);
    }

    /** When the next key is due; {@link Long#MAX_VALUE} where none is. */
    public long nextMs() {
        return inOrder.isEmpty() ? Long.MAX_VALUE : inOrder.first().atMs;
    }

    /** Takes a key that is due by now; null where none is. */
    public K poll(long nowMs) {
        if (nextMs() > nowMs) {
            return null;
        }
        var key = inOrder.first().key;
        cancel(key);
        return key;
    }
}
