package daybook.api;

import daybook.catalog.ConfigKey;
import daybook.catalog.ConfigResource;
import daybook.catalog.Features;
import daybook.catalog.GroupConfigs;
import daybook.catalog.Image;
import daybook.catalog.MetadataRecord;
import daybook.catalog.TopicConfigs;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * IncrementalAlterConfigs (44): single keys of the configuration of resources (KIP-339).
 *
 * <pre>
 *   v0  the lowest served
 *   v1  flexible
 * </pre>
 * What is asked of a resource happens whole or not at all; one resource does not hinder the others.
 */
record IncrementalAlterConfigs(Services services) {
    private static final byte SET = 0;
    private static final byte DELETE = 1;
    private static final byte APPEND = 2;
    private static final byte SUBTRACT = 3;

    private static final String MIN_INSYNC_REPLICAS = "min.insync.replicas";

    /** A resource as it came; types that are not served are refused. */
    private record Resource(byte type, String name) { }

    /** One key's change; the value of a deletion is not looked at. */
    private record Change(String key, byte operation, String value) { }

    private record Alteration(Resource resource, List<Change> changes) { }

    /** A configuration in work: before and after the changes, and of the latter what the request brings. */
    private record Draft(ConfigResource resource, Map<String, String> before, Map<String, String> after,
            Map<String, String> brought) { }

    void serve(Request request, Reader in, Writer out) throws IOException {
        alter(in, false, out);
    }

    /**
     * Serves both this API and {@link AlterConfigs}.
     *
     * @param whole whether the changes are all sets, and a resource's whole configuration: keys that they do
     *     not name are deleted
     */
    void alter(Reader in, boolean whole, Writer out) {
        var alterations = in.structs(resource -> new Alteration(
                new Resource(resource.int8(), resource.string()), resource.structs(each ->
                        new Change(each.string(), whole ? SET : each.int8(), each.nullableString()))));
        boolean validateOnly = in.bool();
        in.tags();
        var outcomes = services.change(alterations, Alteration::resource,
                "Each resource must appear at most once.", validateOnly,
                (image, each, records) -> decide(image, each, whole, records)).iterator();
        out.int32(0).structs(alterations, (each, alteration) -> outcomes.next().write(each)
                .int8(alteration.resource.type).string(alteration.resource.name)).tags();
    }

    private Outcome decide(Image image, Alteration wanted, boolean whole, List<MetadataRecord> records) {
        var refusal = refusal(image, wanted);
        if (refusal != null) {
            return refusal;
        }
        var type = ConfigResource.Type.of(wanted.resource.type);
        var name = wanted.resource.name;
        // A broker's number may be written in several ways, but there is one place for its configuration.
        boolean numbered = type == ConfigResource.Type.BROKER && !name.isEmpty();
        var resource = numbered ? ConfigResource.broker(services.logs().nodeId())
                : new ConfigResource(type, name);
        var before = image.config(resource);
        var draft = new Draft(resource, before, new TreeMap<>(whole ? Map.of() : before), new TreeMap<>());
        var fault = fault(image, wanted.changes, draft);
        if (fault != null) {
            return fault;
        }
        records.addAll(services.catalog().changes().configure(resource, difference(draft)));
        return Outcome.DONE;
    }

    /** Why a request is refused whatever the keys' values are, or null. */
    private Outcome refusal(Image image, Alteration wanted) {
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
        var name = wanted.resource.name;
        return switch (ConfigResource.Type.of(wanted.resource.type)) {
            case TOPIC -> name.isEmpty() ? Outcome.invalid("Default topic resources are not allowed.")
                    : DescribeConfigs.topicRefusal(image, name, "The topic '" + name + "' does not exist.");
            case BROKER -> DescribeConfigs.brokerRefusal(name, services.logs().nodeId(), "Node", "");
            case GROUP -> name.isEmpty() ? Outcome.invalid("Default group resources are not allowed.") : null;
            default -> Outcome.invalid("Unknown resource type " + wanted.resource.type);
        };
    }

    /** Makes the changes in the draft; why the outcome cannot be, or null. */
    private Outcome fault(Image image, List<Change> changes, Draft draft) {
        var uneditable = edit(changes, draft, draft.resource.keys());
        if (uneditable != null) {
            return uneditable;
        }
        var config = services.config().get();
        return switch (draft.resource.type()) {
            case TOPIC -> invalid(TopicConfigs.error(draft.after, config));
            case GROUP -> invalid(GroupConfigs.error(draft.brought, draft.after, config));
            default -> {
                var error = config.error(draft.brought);
                yield error != null ? Outcome.invalid(error) : invalid(pinned(image, draft));
            }
        };
    }

    /** With eligible leader replicas the smallest in-sync set is the cluster's, and always set (KIP-966). */
    private static String pinned(Image image, Draft draft) {
        var wanted = draft.after.get(MIN_INSYNC_REPLICAS);
        if (image.features().getOrDefault(Features.ELIGIBLE_LEADERS, (short) 0) == 0
                || Objects.equals(wanted, draft.before.get(MIN_INSYNC_REPLICAS))) {
            return null;
        }
        if (!draft.resource.name().isEmpty()) {
            return "Broker-level min.insync.replicas cannot be altered while ELR is enabled.";
        }
        return wanted != null ? null
                : "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.";
    }

    /** The refusal with this sentence; null where there is none. */
    private static Outcome invalid(String sentence) {
        return sentence == null ? null : new Outcome(ErrorCode.INVALID_CONFIG, sentence);
    }

    /** Makes the changes in the draft; why one of them cannot be made, or null. */
    private static Outcome edit(List<Change> changes, Draft draft, Map<String, ConfigKey> keys) {
        for (var change : changes) {
            var key = keys.get(change.key);
            switch (change.operation) {
                case DELETE -> draft.after.remove(change.key);
                case SET -> draft.brought.put(change.key, change.value);
                case APPEND, SUBTRACT -> {
                    boolean append = change.operation == APPEND;
                    if (key == null || key.type() != ConfigKey.Type.LIST) {
                        return invalid("Can't " + (append ? "APPEND" : "SUBTRACT") + " to key " + change.key
                                + " because its type is not LIST.");
                    }
                    // Only lists of throttled replicas take empty elements, and lose them again.
                    if (append && change.value.isBlank() && !change.key.endsWith("throttled.replicas")) {
                        return invalid("Configuration '" + change.key + "' values must not be empty.");
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
        return Arrays.stream(list.split(",")).map(String::strip).filter(each -> !each.isEmpty()).toList();
    }

    /** What the records must say: the values that are new, and null for each key that is gone. */
    private static Map<String, String> difference(Draft draft) {
        var changed = new TreeMap<>(draft.after);
        draft.before.forEach((key, value) -> {
            changed.remove(key, value);
            if (!draft.after.containsKey(key)) {
                changed.put(key, null);
            }
        });
        return changed;
    }
}
