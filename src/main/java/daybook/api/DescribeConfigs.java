package daybook.api;

import daybook.catalog.ConfigResource;
import daybook.catalog.ConfigValue;
import daybook.catalog.TopicConfigs;
import daybook.catalog.TopicNames;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * DescribeConfigs (32): the configuration of topics and of the broker, in the order of the keys' tables.
 *
 * <pre>
 *   v1  the lowest served; where values come from, and synonyms (KIP-226)
 *   v3  types and documentation (KIP-569)
 *   v4  flexible
 * </pre>
 */
final class DescribeConfigs {
    /** A resource, and the keys that are asked for; null or none of them: all. */
    private record Resource(byte type, String name, List<String> keys) {
        static Resource read(Reader in) {
            return new Resource(in.int8(), in.string(), in.nullableArray(Reader::string));
        }
    }

    private record Query(List<Resource> resources, boolean synonyms, boolean documentation) {
        static Query read(Reader in) {
            return new Query(in.structs(Resource::read), in.bool(), in.since(3) && in.bool());
        }
    }

    private record Described(Outcome outcome, List<ConfigValue> configs) { }

    private final Services services;

    DescribeConfigs(Services services) {
        this.services = services;
    }

    void serve(Request request, Reader in, Writer out) {
        var query = Query.read(in);
        in.tags();
        // A resource that is asked for again and again is told of once, or replies could be of any size.
        out.int32(0).structs(new LinkedHashSet<>(query.resources), (each, resource) -> {
            var described = describe(resource);
            described.outcome.write(each).int8(resource.type).string(resource.name)
                    .structs(asked(resource, described.configs), (value, config) ->
                            ConfigReply.writeWhole(value, config, query.synonyms, query.documentation));
        }).tags();
    }

    private Described describe(Resource resource) {
        return switch (ConfigResource.Type.of(resource.type)) {
            case TOPIC -> describeTopic(resource.name);
            case BROKER -> describeBroker(resource.name);
            default -> new Described(Outcome.invalid("Unknown resource type " + resource.type), List.of());
        };
    }

    private Described describeTopic(String name) {
        var invalid = TopicNames.error(name);
        if (invalid != null) {
            return new Described(new Outcome(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid), List.of());
        }
        var image = services.catalog().image();
        if (image.topic(name) == null) {
            return new Described(Outcome.unknown(""), List.of());
        }
        var overrides = image.config(ConfigResource.topic(name));
        return found(TopicConfigs.describe(overrides, services.config().get()));
    }

    private Described describeBroker(String name) {
        var misnamed = BrokerName.refusal(name, services.logs().nodeId());
        if (misnamed != null) {
            return new Described(misnamed, List.of());
        }
        var config = services.config().get();
        return found(name.isEmpty() ? config.describeAllBrokers() : config.describe());
    }

    private static List<ConfigValue> asked(Resource resource, List<ConfigValue> configs) {
        if (resource.keys == null || resource.keys.isEmpty()) {
            return configs;
        }
        var keys = new HashSet<>(resource.keys);
        return configs.stream().filter(config -> keys.contains(config.key().name())).toList();
    }

    /** Success has an empty message here, as in Apache Kafka. */
    private static Described found(List<ConfigValue> configs) {
        return new Described(new Outcome(ErrorCode.NONE, ""), configs);
    }
}
