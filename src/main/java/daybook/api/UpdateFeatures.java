package daybook.api;

import daybook.catalog.ConfigResource;
import daybook.catalog.Features;
import daybook.catalog.Image;
import daybook.catalog.MetadataRecord;
import daybook.catalog.MetadataRecord.FeatureLevelRecord;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * UpdateFeatures (57): changes finalized levels of features, all that are asked for or none (KIP-584).
 *
 * <pre>
 *   v0  the lowest served, flexible; whether a level may sink, which Apache Kafka no longer looks at
 *   v1  the way in which it may change, and validation only (KIP-778)
 *   v2  no results of single features
 * </pre>
 */
record UpdateFeatures(Services services) {
    private static final byte UPGRADE = 1;
    private static final byte UNSAFE_DOWNGRADE = 3;
    private static final String MIN_INSYNC_REPLICAS = "min.insync.replicas";

    private record Update(String feature, int level, byte way) {
        static Update read(Reader in) {
            var feature = in.string();
            int level = in.int16();
            byte given = in.int8();
            return new Update(feature, level, in.since(1) ? given : UPGRADE);
        }
    }

    void serve(Request request, Reader in, Writer out) {
        in.int32();
        // A feature that comes twice has its last level.
        var updates = new LinkedHashMap<String, Update>();
        in.structs(Update::read).forEach(update -> updates.put(update.feature, update));
        boolean validateOnly = in.since(1) && in.bool();
        in.tags();
        var errors = new ArrayList<String>();
        var written = services.change(image -> {
            var records = decide(image, updates, errors);
            return validateOnly || !errors.isEmpty() ? List.of() : records;
        });
        var outcome = errors.isEmpty() ? written : new Outcome(ErrorCode.INVALID_UPDATE_VERSION,
                "The update failed for all features since the following feature had an error: "
                        + errors.getFirst());
        outcome.write(out.int32(0));
        if (!out.since(2)) {
            // In Apache Kafka the message of success is the error's name.
            out.structs(outcome.failed() ? List.<String>of() : updates.keySet(), (each, feature) ->
                    each.string(feature).error(ErrorCode.NONE).string(ErrorCode.NONE.name()));
        }
        out.tags();
    }

    private List<MetadataRecord> decide(Image image, Map<String, Update> updates, List<String> errors) {
        var finalized = Features.finalized(image);
        var records = new ArrayList<MetadataRecord>();
        for (var update : updates.values()) {
            int present = finalized.getOrDefault(update.feature, (short) 0);
            var error = error(update, present);
            if (error != null) {
                errors.add("Invalid update version " + update.level + " for feature " + update.feature + ". "
                        + error);
            } else if (update.level != present) {
                records.add(new FeatureLevelRecord(update.feature, update.level));
                if (update.feature.equals(Features.ELIGIBLE_LEADERS) && update.level > 0) {
                    records.addAll(fixMinInsyncReplicas(image));
                }
            }
        }
        return records;
    }

    /** Why a level cannot be had, or null; what is looked at first is what Apache Kafka looks at first. */
    private String error(Update update, int present) {
        if (update.way < UPGRADE || update.way > UNSAFE_DOWNGRADE) {
            return "The controller does not support the given upgrade type.";
        }
        if (update.level < 0) {
            return "A feature version cannot be less than 0.";
        }
        var controller = "Local controller " + services.logs().nodeId();
        var range = Features.SUPPORTED.stream()
                .filter(each -> each.name().equals(update.feature)).findFirst().orElse(null);
        if (range == null) {
            return update.level == 0 ? "Feature " + update.feature + " not found."
                    : controller + " does not support this feature.";
        }
        if (update.level < range.least() || update.level > range.most()) {
            return controller + " only supports versions " + range.least() + "-" + range.most();
        }
        if (update.level < present && update.way == UPGRADE) {
            return "Can't downgrade the version of this feature without setting the upgrade type to either"
                    + " safe or unsafe downgrade.";
        }
        return update.level > present && update.way != UPGRADE ? "Can't downgrade to a newer version." : null;
    }

    /** With eligible leader replicas the number is one for the whole cluster, and always set (KIP-966). */
    private List<MetadataRecord> fixMinInsyncReplicas(Image image) {
        var changes = services.catalog().changes();
        var all = ConfigResource.allBrokers();
        var own = ConfigResource.broker(services.logs().nodeId());
        var fixed = new ArrayList<MetadataRecord>();
        if (!image.config(all).containsKey(MIN_INSYNC_REPLICAS)) {
            var value = Integer.toString(services.config().get().integer(MIN_INSYNC_REPLICAS));
            fixed.addAll(changes.configure(all, Map.of(MIN_INSYNC_REPLICAS, value)));
        }
        if (image.config(own).containsKey(MIN_INSYNC_REPLICAS)) {
            fixed.addAll(changes.configure(own, Collections.singletonMap(MIN_INSYNC_REPLICAS, null)));
        }
        return fixed;
    }
}
