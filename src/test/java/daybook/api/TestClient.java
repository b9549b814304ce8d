package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** A client that speaks bytes: what the broker sees is what a test wrote, field by field. */
final class TestClient implements AutoCloseable {
    private final Apis apis;
    private final Socket socket;
    private final DataInputStream in;
    private String clientId = "test";
    private int correlationId;
    private Api asked;
    private int version;

    TestClient(Apis apis, int port) throws IOException {
        this.apis = apis;
        this.socket = new Socket("127.0.0.1", port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(60_000);
        this.in = new DataInputStream(socket.getInputStream());
    }

    TestClient named(String clientId) {
        this.clientId = clientId;
        return this;
    }

    /** Sends a request, and returns the body of the reply. */
    Reader ask(String api, int version, Consumer<Writer> body) throws IOException {
        send(api, version, body);
        return receive();
    }

    void send(String api, int version, Consumer<Writer> body) throws IOException {
        asked = apis.table().stream().filter(each -> each.name().equals(api)).findFirst().orElseThrow();
        this.version = version;
        boolean flexible = asked.flexible(version);
        var header = new Writer(0, false).int16(asked.key()).int16(version).int32(++correlationId);
        header.string(clientId);
        var rest = new Writer(version, flexible).tags();
        body.accept(rest);
        int length = header.size() + rest.size();
        var frame = ByteBuffer.allocate(4 + length).putInt(length);
        frame.put(header.toBuffer()).put(rest.toBuffer());
        socket.getOutputStream().write(frame.array());
    }

    /** The body of the reply to the request sent last. */
    Reader receive() throws IOException {
        return receive(0);
    }

    /** The body of the reply to a request, behind which so many of the same kind were sent. */
    Reader receive(int behind) throws IOException {
        var frame = ByteBuffer.wrap(in.readNBytes(in.readInt()));
        assertEquals(correlationId - behind, frame.getInt());
        var reply = new Reader(frame, version, asked.flexible(version));
        if (asked.key() != ApiVersions.KEY) {
            reply.tags();
        }
        return reply;
    }

    /** Whether the broker closes the connection without another byte. */
    boolean isClosed() throws IOException {
        return in.read() < 0;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
