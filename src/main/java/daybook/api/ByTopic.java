package daybook.api;

import daybook.catalog.Image;
import daybook.catalog.Topic;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.ToIntFunction;

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

    /** As {@link #distinct(List, Function, BinaryOperator)}, of partitions that are only named. */
    static List<ByTopic<Integer>> distinct(List<ByTopic<Integer>> topics) {
        return distinct(topics, index -> index, (index, again) -> index);
    }

    /**
     * Gives each item whose partition is there to {@code known}, with its topic.
     *
     * @return the error of each item, in order; null for those that are known
     */
    static <T> List<ErrorCode> known(Image image, List<ByTopic<T>> topics, ToIntFunction<T> index,
            BiConsumer<Topic, T> known) {
        var errors = new ArrayList<ErrorCode>();
        each(topics, (ref, item) -> {
            var topic = ref.in(image);
            boolean there = topic != null && image.partition(topic, index.applyAsInt(item)) != null;
            errors.add(there ? null : topic == null ? ref.unknown() : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
            if (there) {
                known.accept(topic, item);
            }
        });
        return errors;
    }

    /** Writes the index and the error of each item; where that is null, the next one {@code decided}. */
    static <T> Writer writeErrors(Writer out, List<ByTopic<T>> topics, int idsFrom, ToIntFunction<T> index,
            List<ErrorCode> errors, Iterator<ErrorCode> decided) {
        var next = errors.iterator();
        return write(out, topics, idsFrom, (each, topic, item) -> {
            var error = next.next();
            each.int32(index.applyAsInt(item)).error(error == null ? decided.next() : error);
        });
    }

    static <T> Writer write(Writer out, List<ByTopic<T>> topics, int idsFrom, Answer<T> answer) {
        return out.structs(topics, (each, topic) -> topic.topic.write(each, idsFrom)
                .structs(topic.items, (inner, item) -> answer.write(inner, topic.topic, item)));
    }
}
