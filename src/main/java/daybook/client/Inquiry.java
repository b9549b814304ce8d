package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Asks about many things at once: each where its {@link Place} is, those of one place in one request, all
 * places at the same time; and again about those whose failure is retriable, until the API's time-out.
 *
 * @param body writes a request about some of the things
 * @param answers reads what is said of each; a ClientException of it is the failure of them all
 */
record Inquiry<K, V>(Cluster cluster, Place<K> place, Call call, BiConsumer<Writer, Collection<K>> body,
        Function<Reader, List<Answer<K, V>>> answers) {
    /** What fails when it is done twice: a topic that was made cannot be made. */
    private static final Set<Call> ONCE = EnumSet.of(Call.CREATE_TOPICS, Call.DELETE_TOPICS,
            Call.CREATE_PARTITIONS, Call.DELETE_GROUPS, Call.LEAVE_GROUP);

    /**
     * What a broker says of one thing.
     *
     * @param message null where it says no more than the error
     * @param value of no meaning where there is an error
     */
    record Answer<K, V>(K key, ErrorCode error, String message, V value) {
        Answer(K key, ErrorCode error, V value) {
            this(key, error, null, value);
        }

        /** What the error is about, whether the broker names it or not. */
        private String what() {
            var name = String.valueOf(key);
            if (message == null || message.isBlank()) {
                return name;
            }
            return message.contains(name) ? message : name + ": " + message;
        }
    }

    /** Asks about these; fails itself only when the thread is interrupted. */
    static <K, V> Outcomes<K, V> of(Cluster cluster, Call call, Collection<K> keys, Place<K> place,
            BiConsumer<Writer, Collection<K>> body, Function<Reader, List<Answer<K, V>>> answers) {
        return new Inquiry<>(cluster, place, call, body, answers).outcomes(keys);
    }

    /** Reads an answer as most are: the time that the client is to hold back for, and an array. */
    static <T> Function<Reader, List<T>> each(Function<Reader, T> element) {
        return in -> {
            in.int32();
            return in.structs(element);
        };
    }

    /** Reads an answer as most about partitions are. */
    static <T> Function<Reader, List<T>> eachPartition(BiFunction<TopicPartition, Reader, T> fields) {
        return in -> {
            in.int32();
            return ByTopic.read(in, fields);
        };
    }

    /** Asks about these once. */
    Outcomes<K, V> once(Collection<K> keys) {
        var values = new LinkedHashMap<K, V>();
        var errors = new LinkedHashMap<K, ClientException>();
        ask(new LinkedHashSet<>(keys), values, errors);
        return new Outcomes<>(ordered(keys, values), ordered(keys, errors));
    }

    /** Asks about these; fails itself only when the thread is interrupted. */
    Outcomes<K, V> outcomes(Collection<K> keys) {
        var values = new LinkedHashMap<K, V>();
        var errors = new LinkedHashMap<K, ClientException>();
        var open = new LinkedHashSet<>(keys);
        var unsure = new HashSet<K>();
        try {
            cluster.retried(() -> {
                ask(open, values, errors);
                errors.forEach((key, failed) -> {
                    if (leavesUnsure(failed)) {
                        unsure.add(key);
                    }
                });
                open.removeIf(key -> values.containsKey(key) || !place.again().test(key, errors.get(key)));
                if (!open.isEmpty()) {
                    throw errors.get(open.getFirst());
                }
                return values;
            });
        } catch (ClientException late) {
            if (!errors.containsValue(late)) {
                throw late;
            }
        }
        if (ONCE.contains(call)) {
            errors.replaceAll((key, failed) -> !unsure.contains(key) || leavesUnsure(failed) ? failed
                    : new ClientException(failed, " (an answer before was lost: it may have done this)"));
        }
        return new Outcomes<>(ordered(keys, values), ordered(keys, errors));
    }

    /** Whether it may have been done all the same. */
    private static boolean leavesUnsure(ClientException failed) {
        return failed.error() == ErrorCode.NETWORK_EXCEPTION || failed.error() == ErrorCode.REQUEST_TIMED_OUT;
    }

    private static <K, V> Map<K, V> ordered(Collection<K> keys, Map<K, V> found) {
        var ordered = new LinkedHashMap<K, V>();
        keys.stream().filter(found::containsKey).forEach(key -> ordered.put(key, found.get(key)));
        return ordered;
    }

    /** Once about each that is open: afterwards it has a value or an error. */
    private void ask(Set<K> open, Map<K, V> values, Map<K, ClientException> errors) {
        errors.keySet().removeAll(open);
        var futures = new LinkedHashMap<List<K>, CompletableFuture<List<Answer<K, V>>>>();
        nodes(open, errors).forEach((node, keys) -> {
            try {
                var connection = node == Place.ANYWHERE ? cluster.any()
                        : cluster.to(node, Cluster.Lane.CONTROL);
                futures.put(keys, connection.send(call, connection.version(call),
                        out -> body.accept(out, keys), answers));
            } catch (ClientException failed) {
                keys.forEach(key -> errors.put(key, failed));
            }
        });
        futures.forEach((keys, future) -> {
            try {
                Connection.await(future).forEach(answer -> settle(answer, values, errors));
            } catch (ClientException failed) {
                keys.forEach(key -> errors.put(key, failed));
            }
        });
        for (K key : open) {
            if (!values.containsKey(key) && !errors.containsKey(key)) {
                errors.put(key, new ClientException(ErrorCode.UNKNOWN_SERVER_ERROR,
                        "the answer to " + call + " says nothing of " + key));
            }
        }
    }

    /** The things by the node that is to be asked about them; an error for each whose node is not known. */
    private Map<Integer, List<K>> nodes(Set<K> open, Map<K, ClientException> errors) {
        var nodes = new LinkedHashMap<Integer, List<K>>();
        try {
            place.learn().accept(open);
        } catch (ClientException failed) {
            open.forEach(key -> errors.put(key, failed));
            return nodes;
        }
        for (K key : open) {
            try {
                nodes.computeIfAbsent(place.node().applyAsInt(key), none -> new ArrayList<>()).add(key);
            } catch (ClientException failed) {
                errors.put(key, failed);
            }
        }
        return nodes;
    }

    private static <K, V> void settle(Answer<K, V> answer, Map<K, V> values, Map<K, ClientException> errors) {
        if (answer.error == ErrorCode.NONE) {
            values.put(answer.key, answer.value);
        } else {
            errors.put(answer.key, new ClientException(answer.error, answer.what()));
        }
    }
}
