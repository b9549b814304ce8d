/**
 * One file per Kafka API, named for it: its version ledger, then parse, act, reply in one place. A request
 * is nested records whose components stand in wire order, so that constructing one is parsing it. {@link
 * daybook.api.Apis} is the table of contents.
 *
 * <p>A handler runs on the virtual thread of the connection that asked and blocks where the protocol says
 * wait. It holds no lock of its own while it waits, and keeps no state between requests except where a class
 * says so ({@code FetchSessions}).
 *
 * <p>Locks: that of {@code FetchSessions}, which is held for no I/O and under no other.
 *
 * <p>Malformed bytes throw {@link daybook.wire.MalformedException}, which closes the connection; all that
 * the protocol has an error code for is answered with it.
 */
package daybook.api;
