/**
 * Sockets and frames; nothing of Kafka. A {@link daybook.net.Server} listens, its event loops read, a virtual
 * thread for each {@link daybook.net.Connection} answers through a {@link daybook.net.Handler}.
 *
 * <pre>
 *   thread            does                                              hands over
 *   ----------------  ------------------------------------------------  -----------------------------------
 *   one a listener    accepts, waits for a place under the limits       connection -> loop, by a task
 *   one a loop        reads sockets, cuts frames, sees who is writable  frames -> queue, unparks the thread
 *   one a connection  calls the handler, writes the reply               "writable?", "read on", "closed" ->
 *   (virtual)                                                           loop, by a task
 *
 *   on the wire, both ways:   | int32 N | N bytes |     N from 1 to socket.request.max.bytes
 * </pre>
 *
 * <p>A loop never waits: it runs no handler and touches no file. A connection's thread takes the next frame
 * without any wake-up when it is there already, and is woken only when it had parked. Replies go from that
 * thread to the socket: what is small gathered in one buffer, of several replies too, larger regions inside
 * the kernel; when the socket is full the thread parks until the loop sees it writable.
 *
 * <p>Memory for requests is bounded three times: a connection's queue (1 MB and one frame), all requests
 * together ({@link daybook.net.RequestMemory}), and the unused buffers kept for the next ones ({@link
 * daybook.net.Buffers}). Past a bound reading pauses, and TCP tells the client. A buffer grows with what has
 * arrived, never with what was announced.
 *
 * <p>Locks, none of which is held while another is taken or anything is waited for: {@code Server}'s over the
 * count of connections, on which the accepting threads wait; {@code RequestMemory}'s over its line, taken by
 * loops only when memory is short; {@code RateLimitedLog}'s. Between loop and connection thread there is
 * none: fields are volatile, and each side writes its own before it reads the other's, so that no wake-up is
 * lost.
 */
package daybook.net;
