package daybook.group;

import daybook.wire.Uuid;

import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * An immutable set of partitions, by topic id: what a member has, shall have, or has to give up. Sorted by
 * topic and partition, so that records and answers made of equal ones are equal bytes.
 */
public final class Assignment {
    /** No partitions. */
    public static final Assignment EMPTY = new Assignment(new TreeMap<>());

    /** No topic without partitions, no list that is not sorted or has an element twice. */
    private final SortedMap<Uuid, List<Integer>> topics;

    private Assignment(SortedMap<Uuid, List<Integer>> topics) {
        this.topics = Collections.unmodifiableSortedMap(topics);
    }

    /** Says which partitions to take. */
    @FunctionalInterface
    public interface Choice {
        /** Whether to take this one. */
        boolean takes(Uuid topic, int partition);
    }

    /** These partitions, in any order and also twice; the map and its collections are copied. */
    public static Assignment of(Map<Uuid, ? extends Collection<Integer>> partitions) {
        var topics = new TreeMap<Uuid, List<Integer>>();
        partitions.forEach((topic, numbers) -> put(topics, topic, numbers.stream()));
        return topics.isEmpty() ? EMPTY : new Assignment(topics);
    }

    /** By topic id, the numbers in order; unmodifiable. */
    public SortedMap<Uuid, List<Integer>> topics() {
        return topics;
    }

    /** Whether there are no partitions. */
    public boolean isEmpty() {
        return topics.isEmpty();
    }

    /** How many partitions there are. */
    public int size() {
        return topics.values().stream().mapToInt(List::size).sum();
    }

    /** Whether this partition is one of them. */
    public boolean contains(Uuid topic, int partition) {
        return Collections.binarySearch(topics.getOrDefault(topic, List.of()), partition) >= 0;
    }

    /** Whether all of the other's partitions are here too. */
    public boolean containsAll(Assignment other) {
        return other.minus(this).isEmpty();
    }

    /** Those chosen; this one where that is all. */
    public Assignment where(Choice choice) {
        var chosen = new TreeMap<Uuid, List<Integer>>();
        topics.forEach((topic, numbers) ->
                put(chosen, topic, numbers.stream().filter(number -> choice.takes(topic, number))));
        return chosen.equals(topics) ? this : chosen.isEmpty() ? EMPTY : new Assignment(chosen);
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
        other.topics.forEach((topic, numbers) ->
                put(sum, topic, Stream.concat(sum.getOrDefault(topic, List.of()).stream(), numbers.stream())));
        return new Assignment(sum);
    }

    private static void put(Map<Uuid, List<Integer>> topics, Uuid topic, Stream<Integer> numbers) {
        var sorted = numbers.sorted().distinct().toList();
        if (!sorted.isEmpty()) {
            topics.put(topic, sorted);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Assignment assignment && topics.equals(assignment.topics);
    }

    @Override
    public int hashCode() {
        return topics.hashCode();
    }

    @Override
    public String toString() {
        return topics.toString();
    }
}
