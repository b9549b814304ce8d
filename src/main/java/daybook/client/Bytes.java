package daybook.client;

import daybook.wire.Region;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * Bytes in memory that go into a request where they are, without being copied into it.
 *
 * @param buffer from position to limit; not to be changed until the request is written
 */
record Bytes(ByteBuffer buffer) implements Region {
    @Override
    public int lengthBytes() {
        return buffer.remaining();
    }

    @Override
    public long transferTo(int from, WritableByteChannel target) throws IOException {
        return target.write(buffer.slice(buffer.position() + from, buffer.remaining() - from));
    }

    @Override
    public void read(int from, ByteBuffer into) {
        int bytes = Math.min(into.remaining(), buffer.remaining() - from);
        into.put(buffer.slice(buffer.position() + from, bytes));
    }

    @Override
    public void close() { }
}
