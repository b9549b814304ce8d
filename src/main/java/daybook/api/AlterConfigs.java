package daybook.api;

import daybook.wire.Reader;
import daybook.wire.Writer;

/**
 * AlterConfigs (33): the whole configuration of resources, old style; what is not named is deleted. Kafka has
 * deprecated it in favour of {@link IncrementalAlterConfigs}.
 *
 * <pre>
 *   v0  the lowest served
 *   v2  flexible
 * </pre>
 */
record AlterConfigs(Services services) {
    void serve(Request request, Reader in, Writer out) {
        new IncrementalAlterConfigs(services).alter(in, true, out);
    }
}
