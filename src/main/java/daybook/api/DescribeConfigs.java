package daybook.api;

import daybook.catalog.ConfigResource;
import daybook.catalog.ConfigValue;
import daybook.catalog.GroupConfigs;
import daybook.catalog.Image;
import daybook.catalog.TopicConfigs;
import daybook.catalog.TopicNames;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * DescribeConfigs (32): the configuration of topics, groups and the broker, in the order of the keys' tables.
 *
 * <pre>
 *   v1  the lowest served; where values come from, and synonyms (KIP-226)
 *   v3  types and documentation (KIP-569)
 *   v4  flexible
 * </pre>
 */
record DescribeConfigs(Services services) {
    /** Success has an empty message here, as in Apache Kafka. */
    private static final Outcome FOUND = new Outcome(ErrorCode.NONE, "");

    /** A resource, and the keys that are asked for; null or none of them: all. */
    private record Resource(byte type, String name, List<String> keys) { }

    void serve(Request request, Reader in, Writer out) {
        var resources = in.structs(each ->
                new Resource(each.int8(), each.string(), each.nullableArray(Reader::string)));
        boolean synonyms = in.bool();
        boolean documentation = in.since(3) && in.bool();
        in.tags();
        // A resource that is asked for again and again is told of once, or replies could be of any size.
        out.int32(0).structs(new LinkedHashSet<>(resources), (each, resource) -> {
            var refusal = refusal(resource);
            var configs = refusal == null ? describe(resource) : List.<ConfigValue>of();
            (refusal == null ? FOUND : refusal).write(each).int8(resource.type).string(resource.name)
                    .structs(configs, (value, config) -> write(value, config, synonyms, documentation));
        }).tags();
    }

    private Outcome refusal(Resource resource) {
        return switch (ConfigResource.Type.of(resource.type)) {
            case TOPIC -> topicRefusal(services.catalog().image(), resource.name, "");
            case BROKER -> brokerRefusal(resource.name, services.logs().nodeId(), "Broker",
                    " or empty string");
            case GROUP -> resource.name.isEmpty() ? Outcome.invalid("Group name must not be empty") : null;
            default -> Outcome.invalid("Unknown resource type " + resource.type);
        };
    }

    /**
     * Why there is no topic of this name, or null.
     *
     * @param absent the sentence where it could be there
     */
    static Outcome topicRefusal(Image image, String name, String absent) {
        var invalid = TopicNames.error(name);
        if (invalid != null) {
            return new Outcome(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid);
        }
        return image.topic(name) == null ? Outcome.unknown(absent) : null;
    }

    /**
     * Why a broker's name is refused; null where it is this broker's number, or empty for all brokers.
     *
     * @param noun what Apache Kafka calls the number in its sentence
     * @param besides what it says is expected besides of this broker's number
     */
    static Outcome brokerRefusal(String name, int nodeId, String noun, String besides) {
        try {
            boolean known = name.isEmpty() || Integer.parseInt(name) == nodeId;
            return known ? null : Outcome.invalid("Unexpected broker id, expected " + nodeId + besides
                    + ", but received " + Integer.parseInt(name));
        } catch (NumberFormatException notANumber) {
            return Outcome.invalid(noun + " id must be an integer, but it is: " + name);
        }
    }

    /** The keys asked for of a resource that is there. */
    private List<ConfigValue> describe(Resource resource) {
        var broker = services.config().get();
        var type = ConfigResource.Type.of(resource.type);
        var own = services.catalog().image().config(new ConfigResource(type, resource.name));
        var configs = switch (type) {
            case TOPIC -> TopicConfigs.describe(own, broker);
            case GROUP -> GroupConfigs.describe(own, broker);
            default -> resource.name.isEmpty() ? broker.describeAllBrokers() : broker.describe();
        };
        if (resource.keys == null || resource.keys.isEmpty()) {
            return configs;
        }
        var keys = new HashSet<>(resource.keys);
        return configs.stream().filter(config -> keys.contains(config.key().name())).toList();
    }

    private static void write(Writer out, ConfigValue config, boolean synonyms, boolean documentation) {
        writeBrief(out, config);
        out.structs(synonyms ? config.synonyms() : List.of(), (each, synonym) ->
                each.string(synonym.name()).string(synonym.value()).int8(synonym.source().id()));
        out.since(3, more -> more.int8(config.key().type().id())
                .string(documentation ? config.key().documentation() : null));
    }

    /** A key's name, its value and its source: all that CreateTopics tells of it. None is a secret. */
    static void writeBrief(Writer out, ConfigValue config) {
        out.string(config.key().name()).string(config.value()).bool(config.readOnly())
                .int8(config.source().id()).bool(false);
    }
}
