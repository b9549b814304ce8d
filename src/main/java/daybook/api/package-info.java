/**
 * One file per Kafka API, named for it: its version ledger, then parse, act, reply in one place. A request
 * is read in wire order, into locals and into nested records whose components stand in that order, so that
 * constructing one is parsing it; a reply is written in wire order, {@code since(version, ...)} marking what
 * a version brought. What two APIs share stands in the one that has more of it. {@link daybook.api.Apis} is
 * the table of contents.
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
