package daybook.api;

import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.IOException;

/**
 * One line of the table of APIs.
 *
 * @param key the API's number on the wire
 * @param name the API's name in the protocol's JSON
 * @param advertisedFrom the lowest version that ApiVersions names; below {@code from} only where clients
 *     depend on it
 * @param from the lowest version that is served
 * @param to the highest version that is served
 * @param flexibleFrom the first flexible version
 * @param pipelined whether its replies wait for the disk by {@link Writer#later}, and it takes no time before
 *     that: those before it need not be waited for, so that they share a force with it
 * @param handler what serves it
 */
public record Api(int key, String name, int advertisedFrom, int from, int to, int flexibleFrom,
        boolean pipelined, Handler handler) {
    /**
     * Serves one request: parses its body, acts, and writes the body of the reply, or nothing, and the
     * request is left unanswered. Runs on a virtual thread and may block.
     */
    @FunctionalInterface
    public interface Handler {
        void serve(Request request, Reader in, Writer out) throws IOException;
    }

    Api(int key, String name, int from, int to, int flexibleFrom, Handler handler) {
        this(key, name, from, from, to, flexibleFrom, false, handler);
    }

    boolean serves(int version) {
        return version >= from && version <= to;
    }

    boolean flexible(int version) {
        return version >= flexibleFrom;
    }
}
