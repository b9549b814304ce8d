package daybook.api;

import daybook.catalog.ConfigResource;
import daybook.catalog.ConfigResource.Type;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.List;

/**
 * ListConfigResources (74): what has, or may have, a configuration (KIP-1142).
 *
 * <pre>
 *   v0  subscriptions to client metrics only
 *   v1  types of resources are asked for; none: all
 * </pre>
 */
record ListConfigResources(Services services) {
    /** In the order in which Apache Kafka lists them. Loggers have no configuration here. */
    private static final List<Type> SERVED =
            List.of(Type.GROUP, Type.CLIENT_METRICS, Type.BROKER, Type.TOPIC);

    void serve(Request request, Reader in, Writer out) {
        var types = in.since(1) ? in.array(each -> Type.of(each.int8())) : List.of(Type.CLIENT_METRICS);
        in.tags();
        boolean served = SERVED.containsAll(types);
        var listed = new ArrayList<ConfigResource>();
        for (var type : SERVED) {
            if (served && (types.isEmpty() || types.contains(type))) {
                list(type, listed);
            }
        }
        out.int32(0).error(served ? ErrorCode.NONE : ErrorCode.UNSUPPORTED_VERSION);
        out.structs(listed, (each, resource) ->
                each.string(resource.name()).since(1, more -> more.int8(resource.type().id()))).tags();
    }

    private void list(Type type, List<ConfigResource> listed) {
        var image = services.catalog().image();
        switch (type) {
            case TOPIC -> image.topics().keySet().forEach(name -> listed.add(ConfigResource.topic(name)));
            case BROKER -> listed.add(ConfigResource.broker(services.logs().nodeId()));
            default -> image.configs().keySet().stream()
                    .filter(resource -> resource.type() == type).forEach(listed::add);
        }
    }
}
