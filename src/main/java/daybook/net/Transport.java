package daybook.net;

import daybook.wire.Region;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** How the bytes of a connection go to and come from its socket. No call blocks. */
interface Transport {
    /** Reads what is there, on the loop; 0 when nothing is, -1 when the client sends no more. */
    int read(ByteBuffer into) throws IOException;

    /** Writes what the socket takes of a direct buffer, on the connection's thread; 0 when it is full. */
    int write(ByteBuffer from) throws IOException;

    /** Sends a region's bytes from {@code at}, on the connection's thread; 0 when the socket is full. */
    long send(Region region, int at) throws IOException;

    /** Bytes as they are: regions go from file to socket inside the kernel. */
    record Plain(SocketChannel channel) implements Transport {
        @Override
        public int read(ByteBuffer into) throws IOException {
            return channel.read(into);
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            return channel.write(from);
        }

        @Override
        public long send(Region region, int at) throws IOException {
            return region.transferTo(at, channel);
        }
    }
}
