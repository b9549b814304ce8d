package daybook.client;

import daybook.client.Inquiry.Answer;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The configurations of a cluster, as an {@link Admin} sees and changes them. */
public final class Configs {
    /**
     * What has a configuration; in the order of the protocol's numbers, which are powers of two from 2 on.
     */
    public enum Kind {
        TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP;

        private int number() {
            return 2 << ordinal();
        }
    }

    /**
     * A thing with a configuration.
     *
     * @param name of a broker its number, or nothing for what holds for all of them
     */
    public record Resource(Kind kind, String name) {
        public static Resource topic(String name) {
            return new Resource(Kind.TOPIC, name);
        }

        public static Resource broker(int id) {
            return new Resource(Kind.BROKER, Integer.toString(id));
        }

        /** What holds for all brokers that have nothing of their own. */
        public static Resource brokers() {
            return new Resource(Kind.BROKER, "");
        }

        public static Resource group(String id) {
            return new Resource(Kind.GROUP, id);
        }

        @Override
        public String toString() {
            return kind == Kind.BROKER && name.isEmpty() ? "all brokers"
                    : kind.name().toLowerCase(Locale.ROOT).replace('_', ' ') + " " + name;
        }

        private static Resource read(Reader in) {
            return new Resource(Kind.values()[Integer.numberOfTrailingZeros(in.int8()) - 1], in.string());
        }

        private Writer write(Writer out) {
            return out.int8(kind.number()).string(name);
        }

        /** A broker answers for itself; the others know nothing of its files. */
        private int node() {
            boolean ofBroker = kind == Kind.BROKER || kind == Kind.BROKER_LOGGER;
            return ofBroker && name.matches("\\d{1,9}") ? Integer.parseInt(name) : Place.ANYWHERE;
        }
    }

    /** Where a value comes from; in the order of the protocol's numbers. */
    public enum Source {
        UNKNOWN, TOPIC, BROKER, ALL_BROKERS, BROKER_FILE, DEFAULT, BROKER_LOGGER, CLIENT_METRICS, GROUP;

        private static Source of(int number) {
            return number > 0 && number < values().length ? values()[number] : UNKNOWN;
        }
    }

    /**
     * A key and what it has.
     *
     * @param value null where there is none, and where it is sensitive
     * @param source where the value comes from
     * @param readOnly whether it can be changed only where the broker is started
     * @param sensitive whether the value is kept secret
     * @param synonyms every place that has a value for it, the one that holds first
     */
    public record Entry(String name, String value, Source source, boolean readOnly, boolean sensitive,
            List<Synonym> synonyms) { }

    /**
     * A value for a key.
     *
     * @param name of the key there: a topic's {@code retention.ms} is the broker's {@code log.retention.ms}
     */
    public record Synonym(String name, String value, Source source) { }

    /** How a key is changed; in the order of the protocol's numbers. */
    public enum Operation { SET, DELETE, APPEND, SUBTRACT }

    /**
     * A change of one key.
     *
     * @param value null where the operation needs none
     */
    public record Change(String name, Operation operation, String value) {
        private void write(Writer out) {
            out.string(name).int8(operation.ordinal()).string(value);
        }

        public static Change set(String name, String value) {
            return new Change(name, Operation.SET, value);
        }

        /** Back to what it is without this. */
        public static Change delete(String name) {
            return new Change(name, Operation.DELETE, null);
        }

        /** Adds elements, comma-separated, to the list that is the key's value. */
        public static Change append(String name, String elements) {
            return new Change(name, Operation.APPEND, elements);
        }

        /** Takes elements, comma-separated, out of the list that is the key's value. */
        public static Change subtract(String name, String elements) {
            return new Change(name, Operation.SUBTRACT, elements);
        }
    }

    private final Cluster cluster;

    Configs(Cluster cluster) {
        this.cluster = cluster;
    }

    /** The whole configuration of each; BROKER_NOT_AVAILABLE where there is no such broker. */
    public Outcomes<Resource, List<Entry>> describe(Collection<Resource> resources) {
        return Inquiry.of(cluster, Call.DESCRIBE_CONFIGS, resources, Place.of(Resource::node),
                (out, some) -> out.structs(some, (each, resource) -> resource.write(each).length(-1))
                        .bool(true).bool(false).tags(),
                Inquiry.each(in -> {
                    var error = ErrorCode.of(in.int16());
                    var message = in.nullableString();
                    return new Answer<>(Resource.read(in), error, message, in.structs(Configs::entry));
                }));
    }

    private static Entry entry(Reader in) {
        var name = in.string();
        var value = in.nullableString();
        boolean readOnly = in.bool();
        var source = Source.of(in.int8());
        var entry = new Entry(name, value, source, readOnly, in.bool(), in.structs(each ->
                new Synonym(each.string(), each.nullableString(), Source.of(each.int8()))));
        in.int8();
        in.nullableString();
        return entry;
    }

    /**
     * Changes some keys of each and leaves the others; all changes of one, or none of them. The outcome is
     * the thing itself.
     *
     * @param validateOnly whether only to say whether that could be done
     */
    public Outcomes<Resource, Resource> alter(Map<Resource, List<Change>> changes, boolean validateOnly) {
        return Inquiry.of(cluster, Call.INCREMENTAL_ALTER_CONFIGS, changes.keySet(), Place.of(Resource::node),
                (out, some) -> out
                        .structs(some, (each, resource) -> resource.write(each)
                                .structs(changes.get(resource), (key, change) -> change.write(key)))
                        .bool(validateOnly).tags(),
                Inquiry.each(in -> {
                    var error = ErrorCode.of(in.int16());
                    var message = in.nullableString();
                    var resource = Resource.read(in);
                    return new Answer<>(resource, error, message, resource);
                }));
    }
}
