package daybook.wire;

import java.nio.ByteBuffer;
import java.util.Base64;

/**
 * A 128-bit identifier of a topic, a cluster or a directory.
 *
 * @param high the first eight bytes
 * @param low the last eight bytes
 */
public record Uuid(long high, long low) implements Comparable<Uuid> {
    /** No identifier: on the wire it stands for "not given". */
    public static final Uuid ZERO = new Uuid(0, 0);

    /** The topic id that Apache Kafka reserves for the metadata log. */
    public static final Uuid METADATA_TOPIC = new Uuid(0, 1);

    private static final Base64.Encoder TEXT = Base64.getUrlEncoder().withoutPadding();

    /**
     * A random version 4 identifier (RFC 9562) whose text does not begin with a dash, so that it can be
     * typed.
     */
    public static Uuid random() {
        while (true) {
            var made = java.util.UUID.randomUUID();
            var uuid = new Uuid(made.getMostSignificantBits(), made.getLeastSignificantBits());
            if (uuid.toString().charAt(0) != '-') {
                return uuid;
            }
        }
    }

    /**
     * Reads the text form: 22 characters of URL-safe base64.
     *
     * @throws IllegalArgumentException if the text is not that
     */
    public static Uuid parse(String text) {
        var bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(text));
        if (bytes.remaining() != 16) {
            throw new IllegalArgumentException("A UUID has 16 bytes in base64: " + text);
        }
        return new Uuid(bytes.getLong(), bytes.getLong());
    }

    @Override
    public int compareTo(Uuid other) {
        int byHigh = Long.compare(high, other.high);
        return byHigh != 0 ? byHigh : Long.compare(low, other.low);
    }

    @Override
    public String toString() {
        return TEXT.encodeToString(ByteBuffer.allocate(16).putLong(high).putLong(low).array());
    }
}
