package daybook.net;

/**
 * The limits of a server, each named for its key in Kafka's configuration. {@code connections} and
 * {@code connectionsPerIp} are read anew for every connection, {@code idleMs} at every sweep, the others
 * once.
 *
 * @param loops selector threads; at least 1
 * @param frameBytes {@code socket.request.max.bytes}: a larger request closes its connection; at least 1
 * @param memoryBytes {@code queued.max.request.bytes}: the bound that {@link RequestMemory} keeps; at least 1
 * @param connections {@code max.connections}: accepting pauses there
 * @param connectionsPerIp {@code max.connections.per.ip}: a further one is closed at once
 * @param idleMs {@code connections.max.idle.ms}; 0 or less for never
 * @param sendBufferBytes {@code socket.send.buffer.bytes}; -1 for what the system chooses
 * @param receiveBufferBytes {@code socket.receive.buffer.bytes}; -1 for what the system chooses
 * @param backlog {@code socket.listen.backlog.size}
 */
public record Limits(int loops, int frameBytes, long memoryBytes, int connections, int connectionsPerIp,
        long idleMs, int sendBufferBytes, int receiveBufferBytes, int backlog) { }
