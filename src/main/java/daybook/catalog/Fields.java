package daybook.catalog;

import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What the records of the metadata log share: endpoints, and tagged fields, which are written where they are
 * not the default.
 */
final class Fields {
    private final List<Writer.Tagged> tagged = new ArrayList<>();

    Fields int8(int tag, int value, int byDefault) {
        return field(tag, value != byDefault, out -> out.int8(value));
    }

    Fields int32(int tag, int value, int byDefault) {
        return field(tag, value != byDefault, out -> out.int32(value));
    }

    Fields string(int tag, String value) {
        return field(tag, value != null, out -> out.string(value));
    }

    Fields int32s(int tag, List<Integer> values) {
        return field(tag, values != null, out -> out.int32s(values));
    }

    Fields uuids(int tag, List<Uuid> values, List<Uuid> byDefault) {
        return field(tag, values != null && !values.equals(byDefault), out ->
                out.array(values, Writer::uuid));
    }

    /** Ends the record. */
    void end(Writer out) {
        out.tags(tagged.toArray(Writer.Tagged[]::new));
    }

    private Fields field(int tag, boolean present, Consumer<Writer> value) {
        if (present) {
            tagged.add(new Writer.Tagged(tag, value));
        }
        return this;
    }

    /** A record of one string, tag 0, or null. */
    static String onlyString(Reader in) {
        var found = new String[1];
        in.tags(tag -> found[0] = tag == 0 ? in.nullableString() : found[0]);
        return found[0];
    }

    static BrokerRegistration.Endpoint endpoint(Reader in) {
        return new BrokerRegistration.Endpoint(in.string(), in.string(), in.uint16(), in.int16());
    }

    static void endpoint(Writer out, BrokerRegistration.Endpoint endpoint) {
        out.string(endpoint.name()).string(endpoint.host()).int16(endpoint.port())
                .int16(endpoint.securityProtocol());
    }
}
