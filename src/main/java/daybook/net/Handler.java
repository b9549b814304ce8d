package daybook.net;

import daybook.wire.Writer;

import java.io.IOException;
import java.nio.ByteBuffer;

/** What answers frames. */
public interface Handler {
    /**
     * Answers one frame. Called on the connection's virtual thread, one frame at a time, in the order they
     * came; it may block. One that waits on the client's behalf parks until {@link Connection#open} is false,
     * at the latest.
     *
     * @param frame the bytes after the length, direct and big-endian; valid only until this returns
     * @return the reply, made by {@link Writer#frame}, which the connection drains and closes; null for no
     *     reply
     * @throws ConnectionClosedException to close the connection with one rate-limited line in the log; a
     *     {@link daybook.wire.MalformedException} does the same
     * @throws IOException as every other exception closes the connection, and is logged with its stack
     */
    Writer handle(Connection connection, ByteBuffer frame) throws IOException;
}
