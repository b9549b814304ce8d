package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
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
            Call.CREATE_PARTITIONS, Call.DELETE_GROUPS);

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
        var values = new HashMap<K, V>();
        var errors = new HashMap<K, ClientException>();
        ask(new LinkedHashSet<>(keys), values, errors);
        errors.forEach(place.again()::test);
        return outcomes(keys, values, errors);
    }

    /** Asks about these; fails itself only when the thread is interrupted. */
    Outcomes<K, V> outcomes(Collection<K> keys) {
        var values = new HashMap<K, V>();
        var errors = new HashMap<K, ClientException>();
        var open = new LinkedHashSet<>(keys);
        var unsure = new HashSet<K>();
        var again = new ClientException(ErrorCode.REQUEST_TIMED_OUT, "some is open");
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
                    throw again;
                }
                return values;
            });
        } catch (ClientException late) {
            if (late != again) {
                throw late;
            }
        }
        if (ONCE.contains(call)) {
            errors.replaceAll((key, failed) -> !unsure.contains(key) || leavesUnsure(failed) ? failed
                    : new ClientException(failed, " (an answer before was lost: it may have done this)"));
        }
        return outcomes(keys, values, errors);
    }

    private static <K, V> Outcomes<K, V> outcomes(Collection<K> keys, Map<K, V> values,
            Map<K, ClientException> errors) {
        return Outcomes.each(keys, key -> {
            if (errors.containsKey(key)) {
                throw errors.get(key);
            }
            return values.get(key);
        });
    }

    /** Whether it may have been done all the same. */
    private static boolean leavesUnsure(ClientException failed) {
        return failed.error() == ErrorCode.NETWORK_EXCEPTION || failed.error() == ErrorCode.REQUEST_TIMED_OUT;
    }

    /** Once about each that is open: afterwards it has a value or an error. */
    private void ask(Set<K> open, Map<K, V> values, Map<K, ClientException> errors) {
        open.forEach(key -> errors.put(key, new ClientException(ErrorCode.UNKNOWN_SERVER_ERROR,
                "the answer to " + call + " says nothing of " + key)));
        var nodes = new LinkedHashMap<Integer, List<K>>();
        tried(open, errors, () -> {
            place.learn().accept(open);
            open.forEach(key -> tried(List.of(key), errors, () -> nodes
                    .computeIfAbsent(place.node().applyAsInt(key), none -> new ArrayList<>()).add(key)));
        });
        var futures = new LinkedHashMap<List<K>, CompletableFuture<List<Answer<K, V>>>>();
        nodes.forEach((node, keys) -> tried(keys, errors, () -> {
            var connection = node == Place.ANYWHERE ? cluster.any() : cluster.to(node, Cluster.Lane.CONTROL);
            futures.put(keys, connection.send(call, connection.version(call),
                    out -> body.accept(out, keys), answers));
        }));
        futures.forEach((keys, future) -> tried(keys, errors, () ->
                Connection.await(future).forEach(answer -> settle(answer, values, errors))));
    }

    /** Does something about these; if it fails, all of them have. */
    private void tried(Collection<K> keys, Map<K, ClientException> errors, Runnable attempt) {
        try {
            attempt.run();
        } catch (ClientException failed) {
            if (failed.interrupted()) {
                throw failed;
            }
            keys.forEach(key -> errors.put(key, failed));
        }
    }

    private static <K, V> void settle(Answer<K, V> answer, Map<K, V> values, Map<K, ClientException> errors) {
        if (answer.error != ErrorCode.NONE) {
            errors.put(answer.key, new ClientException(answer.error, answer.what()));
        } else {
            errors.remove(answer.key);
            values.put(answer.key, answer.value);
        }
    }
}
