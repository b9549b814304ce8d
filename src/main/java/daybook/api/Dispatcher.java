package daybook.api;

import daybook.net.Connection;
import daybook.net.ConnectionClosedException;
import daybook.net.Handler;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * From a frame to the handler of its API and back to a reply.
 *
 * <pre>
 *   request    int16 api key | int16 version | int32 correlation id | string client id [tagged fields] | body
 *   response   int32 correlation id [tagged fields] | body
 * </pre>
 * The client id has its two-byte length in every version, and the response header of ApiVersions never has
 * tagged fields: a client that does not know the broker's versions yet must be able to read both (KIP-511).
 */
public final class Dispatcher implements Handler {
    private final Apis apis;

    public Dispatcher(Apis apis) {
        this.apis = apis;
    }

    @Override
    public Writer handle(Connection connection, ByteBuffer frame) throws IOException {
        var header = new Reader(frame, 0, false);
        int key = header.int16();
        int version = header.int16();
        int correlationId = header.int32();
        var api = apis.find(key);
        boolean served = api != null && api.serves(version);
        boolean versionsAsked = key == ApiVersions.KEY;
        if (!served && versionsAsked) {
            return ApiVersions.unsupported(apis, correlationId);
        }
        if (!served) {
            throw new ConnectionClosedException(
                    "Version " + version + " of API key " + key + " is not served here");
        }
        boolean flexible = api.flexible(version);
        var clientId = header.oldNullableString();
        var in = new Reader(frame, version, flexible);
        in.tags();
        var out = Writer.frame(version, flexible).int32(correlationId);
        if (!versionsAsked) {
            out.tags();
        }
        int headerBytes = out.size();
        if (!api.pipelined()) {
            // An answer may take its time; batches before it that wait for the disk must not wait for it too.
            connection.settle();
        }
        try {
            api.handler().serve(new Request(connection, clientId == null ? "" : clientId), in, out);
        } catch (IOException | RuntimeException | Error failed) {
            out.close();
            throw failed;
        }
        return out.size() > headerBytes || out.waits() ? out : null;
    }
}
