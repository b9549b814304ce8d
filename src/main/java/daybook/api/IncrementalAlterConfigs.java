package daybook.api;

import daybook.api.ConfigAlterations.Alteration;
import daybook.api.ConfigAlterations.Change;
import daybook.api.ConfigAlterations.Resource;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.IOException;
import java.util.List;

/**
 * IncrementalAlterConfigs (44): single keys of the configuration of resources (KIP-339).
 *
 * <pre>
 *   v0  the lowest served
 *   v1  flexible
 * </pre>
 */
final class IncrementalAlterConfigs {
    private record Query(List<Alteration> resources, boolean validateOnly) {
        static Query read(Reader in) {
            return new Query(in.structs(IncrementalAlterConfigs::resource), in.bool());
        }
    }

    private final ConfigAlterations alterations;

    IncrementalAlterConfigs(Services services) {
        this.alterations = new ConfigAlterations(services);
    }

    void serve(Request request, Reader in, Writer out) throws IOException {
        var query = Query.read(in);
        in.tags();
        out.int32(0);
        alterations.apply(query.resources, query.validateOnly, out);
        out.tags();
    }

    private static Alteration resource(Reader in) {
        return new Alteration(Resource.read(in), in.structs(each ->
                new Change(each.string(), each.int8(), each.nullableString())), false);
    }
}
