package daybook.client;

import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;

/** Partitions as messages have them: an array of topics by name, and in each an array of its partitions. */
final class ByTopic {
    private ByTopic() { }

    private static Map<String, List<TopicPartition>> grouped(Collection<TopicPartition> partitions) {
        var topics = new TreeMap<String, List<TopicPartition>>();
        for (var each : partitions) {
            topics.computeIfAbsent(each.topic(), topic -> new ArrayList<>()).add(each);
        }
        return topics;
    }

    /**
     * Writes partitions as structures.
     *
     * @param fields writes those that follow the number of the partition
     */
    static Writer write(Writer out, Collection<TopicPartition> partitions,
            BiConsumer<Writer, TopicPartition> fields) {
        return out.structs(grouped(partitions).entrySet(), (topic, entry) -> topic.string(entry.getKey())
                .structs(entry.getValue(), (each, partition) ->
                        fields.accept(each.int32(partition.partition()), partition)));
    }

    /** Writes partitions as plain numbers. */
    static Writer numbers(Writer out, Collection<TopicPartition> partitions) {
        return out.structs(grouped(partitions).entrySet(), (topic, entry) -> topic.string(entry.getKey())
                .array(entry.getValue(), (each, partition) -> each.int32(partition.partition())));
    }

    /**
     * Reads partitions that are structures.
     *
     * @param fields reads those that follow the number of the partition
     */
    static <T> List<T> read(Reader in, BiFunction<TopicPartition, Reader, T> fields) {
        var read = new ArrayList<T>();
        in.structs(topic -> {
            var name = topic.string();
            return read.addAll(topic.structs(
                    each -> fields.apply(new TopicPartition(name, each.int32()), each)));
        });
        return read;
    }

    /** Reads partitions that are plain numbers. */
    static List<TopicPartition> numbers(Reader in) {
        var read = new ArrayList<TopicPartition>();
        in.structs(topic -> read.addAll(numbers(topic.string(), topic)));
        return read;
    }

    /** Reads the partitions of one topic that are plain numbers. */
    static List<TopicPartition> numbers(String topic, Reader in) {
        return in.array(each -> new TopicPartition(topic, each.int32()));
    }
}
