/**
 * The bytes of the Kafka protocol, and nothing of its meaning.
 *
 * <p>A frame on the wire:
 * <pre>
 *   0        4                                    4 + N
 *   +--------+-------------------------------------+
 *   | int32 N|  header, then body  (N bytes)       |
 *   +--------+-------------------------------------+
 * </pre>
 * All numbers are big-endian. A message is <em>flexible</em> from the version its JSON names: its strings,
 * byte strings and arrays then carry their length plus one as an unsigned varint (zero is null), and each
 * structure ends with tagged fields (KIP-482). {@link daybook.wire.Reader} and {@link daybook.wire.Writer}
 * know version and flexibility, so no message needs a second code path.
 *
 * <p>The room holds no lock: its objects belong to the thread that made them.
 */
package daybook.wire;
