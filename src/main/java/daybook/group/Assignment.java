package daybook.group;

import daybook.wire.Uuid;

import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * An immutable set of partitions, by topic id: what a member has, shall have, or has to give up. Sorted by
 * topic and partition, so that records and answers made of equal ones are equal bytes.
 */
public final class Assignment {
    /** No partitions. */
    public static final Assignment EMPTY = new Assignment(new TreeMap<>());

    /** No topic without partitions, no array that is not sorted or has an element twice. */
    private final SortedMap<Uuid, int[]> topics;

    private Assignment(SortedMap<Uuid, int[]> topics) {
        this.topics = topics;
    }

    /** Says which partitions to take. */
    @FunctionalInterface
    public interface Choice {
        /** Whether to take this one. */
        boolean takes(Uuid topic, int partition);
    }

    /** These partitions, in any order and also twice; the map and its arrays are copied. */
    public static Assignment of(Map<Uuid, int[]> partitions) {
        var topics = new TreeMap<Uuid, int[]>();
        partitions.forEach((topic, numbers) -> put(topics, topic, distinct(numbers.clone())));
        return topics.isEmpty() ? EMPTY : new Assignment(topics);
    }

    /** By topic id, the numbers in order. Neither the map nor its arrays may be changed. */
    public SortedMap<Uuid, int[]> topics() {
        return Collections.unmodifiableSortedMap(topics);
    }

    /** Whether there are no partitions. */
    public boolean isEmpty() {
        return topics.isEmpty();
    }

    /** How many partitions there are. */
    public int size() {
        int size = 0;
        for (int[] numbers : topics.values()) {
            size += numbers.length;
        }
        return size;
    }

    /** Whether this partition is one of them. */
    public boolean contains(Uuid topic, int partition) {
        int[] numbers = topics.get(topic);
        return numbers != null && Arrays.binarySearch(numbers, partition) >= 0;
    }

    /** Whether all of the other's partitions are here too. */
    public boolean containsAll(Assignment other) {
        return other.where((topic, partition) -> !contains(topic, partition)).isEmpty();
    }

    /** Those chosen; this one where that is all. */
    public Assignment where(Choice choice) {
        var chosen = new TreeMap<Uuid, int[]>();
        boolean all = true;
        for (var entry : topics.entrySet()) {
            int[] from = entry.getValue();
            int[] to = new int[from.length];
            int count = 0;
            for (int number : from) {
                if (choice.takes(entry.getKey(), number)) {
                    to[count++] = number;
                }
            }
            all &= count == from.length;
            put(chosen, entry.getKey(), count == from.length ? from : Arrays.copyOf(to, count));
        }
        return all ? this : chosen.isEmpty() ? EMPTY : new Assignment(chosen);
    }

    /** Those that the other has too. */
    public Assignment and(Assignment other) {
        return where(other::contains);
    }

    /** Those that the other has not. */
    public Assignment minus(Assignment other) {
        return where((topic, partition) -> !other.contains(topic, partition));
    }

    /** Those of both. */
    public Assignment plus(Assignment other) {
        if (isEmpty() || other.isEmpty()) {
            return isEmpty() ? other : this;
        }
        var sum = new TreeMap<>(topics);
        other.topics.forEach((topic, numbers) -> sum.merge(topic, numbers, Assignment::union));
        return new Assignment(sum);
    }

    private static int[] union(int[] some, int[] others) {
        int[] both = Arrays.copyOf(some, some.length + others.length);
        System.arraycopy(others, 0, both, some.length, others.length);
        return distinct(both);
    }

    /** Sorts the array, and cuts it where numbers stood in it twice. */
    private static int[] distinct(int[] numbers) {
        Arrays.sort(numbers);
        int count = 0;
        for (int number : numbers) {
            if (count == 0 || numbers[count - 1] != number) {
                numbers[count++] = number;
            }
        }
        return count == numbers.length ? numbers : Arrays.copyOf(numbers, count);
    }

    private static void put(SortedMap<Uuid, int[]> topics, Uuid topic, int[] numbers) {
        if (numbers.length > 0) {
            topics.put(topic, numbers);
        }
    }

    @Override
    public boolean equals(Object other) {
        if (other == this) {
            return true;
        }
        if (!(other instanceof Assignment assignment) || topics.size() != assignment.topics.size()) {
            return false;
        }
        for (var entry : topics.entrySet()) {
            if (!Arrays.equals(entry.getValue(), assignment.topics.get(entry.getKey()))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        int hash = 0;
        for (var entry : topics.entrySet()) {
            hash = 31 * (31 * hash + entry.getKey().hashCode()) + Arrays.hashCode(entry.getValue());
        }
        return hash;
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        topics.forEach((topic, numbers) -> text.append(text.isEmpty() ? "" : " ").append(topic)
                .append(Arrays.toString(numbers)));
        return "{" + text + "}";
    }
}
