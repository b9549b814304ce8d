package daybook.api;

import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BinaryOperator;
import java.util.function.Function;

/**
 * A topic of a request with what is asked of its partitions; most answers have the same shape, in the same
 * order.
 *
 * @param items one for each partition; a structure that ends in tagged fields
 */
record ByTopic<T>(TopicRef topic, List<T> items) {
    /** The version that brings ids, where none does. */
    static final int NO_IDS = Integer.MAX_VALUE;

    /** Writes the answer to one item, without its tagged fields. */
    interface Answer<T> {
        void write(Writer out, TopicRef topic, T item);
    }

    static <T> List<ByTopic<T>> read(Reader in, int idsFrom, Function<Reader, T> item) {
        return in.structs(each -> new ByTopic<>(TopicRef.read(each, idsFrom), each.structs(item)));
    }

    /** Reads topics whose partitions are named by their indexes and no more. */
    static List<ByTopic<Integer>> indexes(Reader in, int idsFrom) {
        return in.structs(each ->
                new ByTopic<>(TopicRef.read(each, idsFrom), each.array(Reader::int32)));
    }

    /** As {@link #indexes}, or null, which asks for all. */
    static List<ByTopic<Integer>> nullableIndexes(Reader in, int idsFrom) {
        return in.nullableStructs(each ->
                new ByTopic<>(TopicRef.read(each, idsFrom), each.array(Reader::int32)));
    }

    /** Gives each item with its topic to {@code visitor}, in order. */
    static <T> void each(List<ByTopic<T>> topics, BiConsumer<TopicRef, T> visitor) {
        topics.forEach(each -> each.items.forEach(item -> visitor.accept(each.topic, item)));
    }

    /**
     * Each topic once and each of its partitions once, where it first stood.
     *
     * @param again what stands for a partition that is named again, from what stood for it and the new one
     */
    static <T> List<ByTopic<T>> distinct(List<ByTopic<T>> topics, Function<T, Integer> index,
            BinaryOperator<T> again) {
        var distinct = new LinkedHashMap<TopicRef, Map<Integer, T>>();
        each(topics, (topic, item) -> distinct.computeIfAbsent(topic, none -> new LinkedHashMap<>())
                .merge(index.apply(item), item, again));
        return distinct.entrySet().stream()
                .map(each -> new ByTopic<>(each.getKey(), List.copyOf(each.getValue().values()))).toList();
    }

    static <T> Writer write(Writer out, List<ByTopic<T>> topics, int idsFrom, Answer<T> answer) {
        return out.structs(topics, (each, topic) -> topic.topic.write(each, idsFrom)
                .structs(topic.items, (inner, item) -> answer.write(inner, topic.topic, item)));
    }
}
