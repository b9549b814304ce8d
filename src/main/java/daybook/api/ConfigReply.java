package daybook.api;

import daybook.catalog.ConfigValue;
import daybook.wire.Writer;

import java.util.List;

/** How replies tell the value of a configuration key. */
final class ConfigReply {
    private ConfigReply() { }

    /** Name, value, and where it comes from. */
    static void writeBrief(Writer out, ConfigValue config) {
        out.string(config.key().name()).string(config.value()).bool(config.readOnly())
                .int8(config.source().id()).bool(config.key().sensitive());
    }

    /**
     * As {@link #writeBrief}, and all that stands behind the value.
     *
     * @param synonyms whether the client asked for the places that set the key
     * @param documentation whether it asked for what the key is for
     */
    static void writeWhole(Writer out, ConfigValue config, boolean synonyms, boolean documentation) {
        writeBrief(out, config);
        out.structs(synonyms ? config.synonyms() : List.of(), (each, synonym) ->
                each.string(synonym.name()).string(synonym.value()).int8(synonym.source().id()));
        if (out.since(3)) {
            out.int8(config.key().type().id()).string(documentation ? config.key().documentation() : null);
        }
    }
}
