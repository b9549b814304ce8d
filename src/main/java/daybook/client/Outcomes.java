package daybook.client;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * What became of things that were asked for at once: some of them may go well where others fail. Both maps
 * are in the order in which they were asked for, and together have each of them once.
 *
 * @param values of those that went well
 * @param errors of those that failed
 */
public record Outcomes<K, V>(Map<K, V> values, Map<K, ClientException> errors) {
    public Outcomes {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        errors = Collections.unmodifiableMap(new LinkedHashMap<>(errors));
    }

    /** Asks for one after the other: a ClientException of {@code one} is the outcome of that key. */
    static <K, V> Outcomes<K, V> each(Collection<K> keys, Function<K, V> one) {
        var values = new LinkedHashMap<K, V>();
        var errors = new LinkedHashMap<K, ClientException>();
        for (K key : keys) {
            try {
                values.put(key, one.apply(key));
            } catch (ClientException failed) {
                errors.put(key, failed);
            }
        }
        return new Outcomes<>(values, errors);
    }

    /** The same, with something else in place of each that went well. */
    public <W> Outcomes<K, W> map(BiFunction<K, V, W> function) {
        var mapped = new LinkedHashMap<K, W>();
        values.forEach((key, value) -> mapped.put(key, function.apply(key, value)));
        return new Outcomes<>(mapped, errors);
    }

    /**
     * What became of one of them.
     *
     * @throws ClientException if it failed
     * @throws IllegalArgumentException if it was not asked for
     */
    public V of(K key) {
        if (errors.containsKey(key)) {
            throw new ClientException(errors.get(key));
        }
        if (!values.containsKey(key)) {
            throw new IllegalArgumentException(key + " was not asked for");
        }
        return values.get(key);
    }

    /**
     * All of them.
     *
     * @throws ClientException of the first that failed
     */
    public Map<K, V> all() {
        for (var failed : errors.values()) {
            throw new ClientException(failed);
        }
        return values;
    }
}
