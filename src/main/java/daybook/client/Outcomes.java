package daybook.client;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

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
