package daybook.bench;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** A client's connection: requests go out field by field, one write each. One thread at a time uses it. */
final class Connection implements AutoCloseable {
    private static final ByteBuffer CLIENT_ID = ByteBuffer.wrap("bench".getBytes(StandardCharsets.US_ASCII));
    private static final int TIMEOUT_MS = 120_000;
    /** Small, for there are 10,000 connections. */
    private static final int BUFFER_BYTES = 512;

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;
    private int sent;
    private int received;

    Connection(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(TIMEOUT_MS);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), BUFFER_BYTES));
        out = socket.getOutputStream();
    }

    /** Sends a request, and returns the body of the answer. */
    Reader ask(Call call, Consumer<Writer> body) throws IOException {
        send(call, body);
        return receive(call);
    }

    /** Sends a request; {@code body} leaves out the tagged fields at its end. */
    void send(Call call, Consumer<Writer> body) throws IOException {
        try (var frame = Writer.frame(call.version, true)) {
            frame.int16(call.key).int16(call.version).int32(sent++);
            frame.int16(CLIENT_ID.remaining()).raw(CLIENT_ID).tags();
            body.accept(frame);
            frame.tags().complete();
            var bytes = frame.toBuffer();
            out.write(bytes.array(), bytes.arrayOffset(), bytes.remaining());
        }
    }

    /** The body of the answer to the oldest request that has none yet. */
    Reader receive(Call call) throws IOException {
        var frame = new byte[in.readInt()];
        in.readFully(frame);
        var answer = new Reader(ByteBuffer.wrap(frame), call.version, true);
        int correlationId = answer.int32();
        if (correlationId != received++) {
            throw new IOException("answer " + correlationId + " instead of " + (received - 1));
        }
        answer.tags();
        return answer;
    }

    /** The error that stands next in an answer. */
    static ErrorCode error(Reader answer) {
        return ErrorCode.of(answer.int16());
    }

    static void expectNone(ErrorCode error, String what) {
        if (error != ErrorCode.NONE) {
            throw new IllegalStateException(what + " was answered with " + error);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
