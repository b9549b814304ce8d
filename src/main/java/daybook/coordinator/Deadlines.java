package daybook.coordinator;

import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * A deadline for each key, the earliest first. Most are moved again and again before they are due, by
 * heartbeats: moving one to a later time leaves its place in the queue, where it is put right when its turn
 * comes. Guarded by the lock of the shard that it belongs to.
 *
 * @param <K> what is due, with equals and hashCode
 */
public final class Deadlines<K> {
    private record Place<K>(K key, long atMs) implements Comparable<Place<K>> {
        @Override
        public int compareTo(Place<K> other) {
            return Long.compare(atMs, other.atMs);
        }
    }

    /** When a key is due, and where its earliest place in the queue is. */
    private record Due(long atMs, long placedMs) { }

    private static final int SPARE_PLACES = 64;

    private final Map<K, Due> dues = new HashMap<>();
    private final PriorityQueue<Place<K>> places = new PriorityQueue<>();

    /** The key is due at {@code atMs}, and no more when it was due before. */
    public void set(K key, long atMs) {
        if (places.size() > SPARE_PLACES + 2 * dues.size()) {
            tidy();
        }
        var before = dues.get(key);
        if (before != null && before.placedMs <= atMs) {
            dues.put(key, new Due(atMs, before.placedMs));
        } else {
            dues.put(key, new Due(atMs, atMs));
            places.add(new Place<>(key, atMs));
        }
    }

    /** Takes the places that stand for nothing any more out of the queue, before they are most of it. */
    private void tidy() {
        places.clear();
        dues.replaceAll((key, due) -> new Due(due.atMs, due.atMs));
        dues.forEach((key, due) -> places.add(new Place<>(key, due.atMs)));
    }

    /** How long the queue is. */
    int places() {
        return places.size();
    }

    /** The key is never due. */
    public void cancel(K key) {
        dues.remove(key);
    }

    public boolean contains(K key) {
        return dues.containsKey(key);
    }

    /** When the next key is due; {@link Long#MAX_VALUE} where none is. */
    public long nextMs() {
        for (var place = places.peek(); place != null; place = places.peek()) {
            var due = dues.get(place.key);
            if (due != null && due.atMs == place.atMs) {
                return place.atMs;
            }
            places.remove();
            if (due != null && due.placedMs == place.atMs) {
                dues.put(place.key, new Due(due.atMs, due.atMs));
                places.add(new Place<>(place.key, due.atMs));
            }
        }
        return Long.MAX_VALUE;
    }

    /** Takes a key that is due by now; null where none is. */
    public K poll(long nowMs) {
        if (nextMs() > nowMs) {
            return null;
        }
        var key = places.remove().key;
        dues.remove(key);
        return key;
    }
}
