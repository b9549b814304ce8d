package daybook.api;

import daybook.catalog.Features;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * ApiVersions (18): what can be asked here, from the table of APIs; the first thing a client asks.
 *
 * <pre>
 *   v0   the lowest served
 *   v1   throttle time
 *   v3   flexible; the client's software in the request (KIP-511), features in the answer (KIP-584)
 *   v4   supported features with a lowest version of 0, which older clients cannot read (KAFKA-17011)
 * </pre>
 */
record ApiVersions(Services services, Apis apis) {
    static final int KEY = 18;

    private static final Pattern SOFTWARE = Pattern.compile("[a-zA-Z0-9](?:[a-zA-Z0-9\\-.]*[a-zA-Z0-9])?");

    void serve(Request request, Reader in, Writer out) {
        boolean nameless = in.since(3) && !(valid(in.string()) & valid(in.string()));
        in.tags();
        if (nameless) {
            write(out, ErrorCode.INVALID_REQUEST, List.of());
            out.tags();
            return;
        }
        write(out, ErrorCode.NONE, apis.table());
        var image = services.catalog().image();
        out.tags(new Writer.Tagged(0, ApiVersions::supportedFeatures),
                new Writer.Tagged(1, value -> value.int64(image.offset())),
                new Writer.Tagged(2, value -> finalizedFeatures(value, Features.finalized(image))));
    }

    /**
     * The reply to a version that is not served: in the form of version 0, with the versions of this API
     * only (KIP-511).
     */
    static Writer unsupported(Apis apis, int correlationId) {
        var out = Writer.frame(0, false).int32(correlationId);
        write(out, ErrorCode.UNSUPPORTED_VERSION, List.of(apis.find(KEY)));
        return out;
    }

    private static boolean valid(String software) {
        return SOFTWARE.matcher(software).matches();
    }

    private static void write(Writer out, ErrorCode error, List<Api> table) {
        out.error(error).structs(table,
                (each, api) -> each.int16(api.key()).int16(api.advertisedFrom()).int16(api.to()));
        out.since(1, more -> more.int32(0));
    }

    private static void supportedFeatures(Writer out) {
        boolean all = out.since(4);
        var shown = Features.SUPPORTED.stream().filter(feature -> all || feature.least() > 0).toList();
        out.structs(shown, (each, feature) ->
                each.string(feature.name()).int16(feature.least()).int16(feature.most()));
    }

    private static void finalizedFeatures(Writer out, Map<String, Short> levels) {
        out.structs(levels.entrySet(), (each, level) ->
                each.string(level.getKey()).int16(level.getValue()).int16(level.getValue()));
    }
}
