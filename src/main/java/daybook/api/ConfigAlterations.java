package daybook.api;

import daybook.catalog.BrokerConfig;
import daybook.catalog.Changes;
import daybook.catalog.ConfigKey;
import daybook.catalog.ConfigResource;
import daybook.catalog.Features;
import daybook.catalog.Image;
import daybook.catalog.MetadataRecord;
import daybook.catalog.TopicConfigs;
import daybook.catalog.TopicNames;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Changes of configuration, for AlterConfigs and IncrementalAlterConfigs. What is asked of a resource happens
 * whole or not at all; one resource does not hinder the others.
 */
final class ConfigAlterations {
    /** What may be done to a key, by the numbers of IncrementalAlterConfigs. */
    static final byte SET = 0;
    private static final byte DELETE = 1;
    private static final byte APPEND = 2;
    private static final byte SUBTRACT = 3;

    private static final String MIN_INSYNC_REPLICAS = "min.insync.replicas";

    /** A resource as it came; types that are not served are refused. */
    record Resource(byte type, String name) {
        static Resource read(Reader in) {
            return new Resource(in.int8(), in.string());
        }
    }

    /** One key's change; the value of a deletion is not looked at. */
    record Change(String key, byte operation, String value) { }

    /**
     * What a client wants of a resource.
     *
     * @param whole whether the changes are its whole configuration, so that keys they do not name are deleted
     */
    record Alteration(Resource resource, List<Change> changes, boolean whole) { }

    /** A configuration in work: before and after the changes, and of the latter what the request brings. */
    private record Draft(ConfigResource resource, Map<String, String> before, Map<String, String> after,
            Map<String, String> brought) { }

    private final Services services;

    ConfigAlterations(Services services) {
        this.services = services;
    }

    /**
     * Makes the changes and writes what became of each, in the order asked, as both APIs answer it.
     *
     * @param validateOnly says what would become of them, and changes nothing
     * @throws IOException if the catalog cannot be written
     */
    void apply(List<Alteration> alterations, boolean validateOnly, Writer out) throws IOException {
        var times = new HashMap<Resource, Integer>();
        alterations.forEach(each -> times.merge(each.resource, 1, Integer::sum));
        var outcomes = new ArrayList<Outcome>();
        services.catalog().change(image -> {
            var records = new ArrayList<MetadataRecord>();
            for (var each : alterations) {
                outcomes.add(times.get(each.resource) == 1 ? decide(image, each, records)
                        : Outcome.invalid("Each resource must appear at most once."));
            }
            if (records.size() > Changes.RECORDS_LIMIT) {
                outcomes.replaceAll(outcome -> Outcome.TOO_LARGE);
                return List.of();
            }
            return validateOnly ? List.of() : records;
        });
        var next = outcomes.iterator();
        out.structs(alterations, (each, alteration) ->
                next.next().write(each).int8(alteration.resource.type).string(alteration.resource.name));
    }

    private Outcome decide(Image image, Alteration wanted, List<MetadataRecord> records) {
        var keys = new HashSet<String>();
        var nulls = new ArrayList<String>();
        for (var change : wanted.changes) {
            if (!keys.add(change.key)) {
                return Outcome.invalid("Error due to duplicate config keys");
            }
            if (change.value == null && change.operation != DELETE) {
                nulls.add(change.key);
            }
        }
        if (!nulls.isEmpty()) {
            return Outcome.invalid("Null value not supported for : " + String.join(", ", nulls));
        }
        return switch (ConfigResource.Type.of(wanted.resource.type)) {
            case TOPIC -> decideTopic(image, wanted, records);
            case BROKER -> decideBroker(image, wanted, records);
            default -> Outcome.invalid("Unknown resource type " + wanted.resource.type);
        };
    }

    private Outcome decideTopic(Image image, Alteration wanted, List<MetadataRecord> records) {
        var name = wanted.resource.name;
        if (name.isEmpty()) {
            return Outcome.invalid("Default topic resources are not allowed.");
        }
        var invalid = TopicNames.error(name);
        if (invalid != null) {
            return new Outcome(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid);
        }
        if (image.topic(name) == null) {
            return Outcome.unknown("The topic '" + name + "' does not exist.");
        }
        var draft = draft(image, ConfigResource.topic(name), wanted);
        var refusal = edit(wanted, draft, TopicConfigs.KEYS);
        if (refusal != null) {
            return refusal;
        }
        var error = TopicConfigs.error(draft.after, services.config().get());
        return error != null ? new Outcome(ErrorCode.INVALID_CONFIG, error) : change(draft, records);
    }

    private Outcome decideBroker(Image image, Alteration wanted, List<MetadataRecord> records) {
        int nodeId = services.logs().nodeId();
        var misnamed = BrokerName.refusal(wanted.resource.name, nodeId);
        if (misnamed != null) {
            return misnamed;
        }
        boolean all = wanted.resource.name.isEmpty();
        var draft = draft(image, all ? ConfigResource.allBrokers() : ConfigResource.broker(nodeId), wanted);
        var refusal = edit(wanted, draft, BrokerConfig.KEYS);
        if (refusal != null) {
            return refusal;
        }
        var error = services.config().get().error(draft.brought);
        if (error != null) {
            return Outcome.invalid(error);
        }
        var pinned = pinned(image, draft, all);
        return pinned != null ? new Outcome(ErrorCode.INVALID_CONFIG, pinned) : change(draft, records);
    }

    /** With eligible leader replicas the smallest in-sync set is the cluster's, and always set (KIP-966). */
    private static String pinned(Image image, Draft draft, boolean allBrokers) {
        var wanted = draft.after.get(MIN_INSYNC_REPLICAS);
        if (image.features().getOrDefault(Features.ELIGIBLE_LEADERS, (short) 0) == 0
                || Objects.equals(wanted, draft.before.get(MIN_INSYNC_REPLICAS))) {
            return null;
        }
        if (!allBrokers) {
            return "Broker-level min.insync.replicas cannot be altered while ELR is enabled.";
        }
        return wanted != null ? null
                : "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.";
    }

    private static Draft draft(Image image, ConfigResource resource, Alteration wanted) {
        var before = image.config(resource);
        return new Draft(resource, before, new TreeMap<>(wanted.whole ? Map.of() : before), new TreeMap<>());
    }

    /** Makes the changes in the draft; why one of them cannot be made, or null. */
    private static Outcome edit(Alteration wanted, Draft draft, Map<String, ConfigKey> keys) {
        for (var change : wanted.changes) {
            var key = keys.get(change.key);
            switch (change.operation) {
                case DELETE -> draft.after.remove(change.key);
                case SET -> draft.brought.put(change.key, change.value);
                case APPEND, SUBTRACT -> {
                    if (key == null || key.type() != ConfigKey.Type.LIST) {
                        return new Outcome(ErrorCode.INVALID_CONFIG,
                                "Can't " + (change.operation == APPEND ? "APPEND" : "SUBTRACT") + " to key "
                                        + change.key + " because its type is not LIST.");
                    }
                    var present = draft.after.getOrDefault(change.key, key.defaultValue());
                    draft.brought.put(change.key, merged(present, change));
                }
                default -> {
                    return Outcome.invalid("Unknown operations type " + change.operation);
                }
            }
        }
        draft.after.putAll(draft.brought);
        return null;
    }

    /** A list with the change's elements added, where they are not there yet, or taken away. */
    private static String merged(String present, Change change) {
        var elements = new ArrayList<>(elements(present == null ? "" : present));
        for (var element : elements(change.value)) {
            if (change.operation == SUBTRACT) {
                elements.remove(element);
            } else if (!elements.contains(element)) {
                elements.add(element);
            }
        }
        return String.join(",", elements);
    }

    private static List<String> elements(String list) {
        var elements = new ArrayList<String>();
        for (var element : list.split(",")) {
            if (!element.isBlank()) {
                elements.add(element.strip());
            }
        }
        return elements;
    }

    private Outcome change(Draft draft, List<MetadataRecord> records) {
        var changed = new TreeMap<>(draft.after);
        draft.before.forEach((key, value) -> {
            if (!draft.after.containsKey(key)) {
                changed.put(key, null);
            } else {
                changed.remove(key, value);
            }
        });
        records.addAll(services.catalog().changes().configure(draft.resource, changed));
        return Outcome.DONE;
    }
}
