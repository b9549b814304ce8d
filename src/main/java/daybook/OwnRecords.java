package daybook;

import daybook.catalog.MetadataRecord;
import daybook.group.GroupRecord;
import daybook.group.Groups;
import daybook.txn.TransactionRecord;
import daybook.txn.Transactions;
import daybook.wire.MalformedException;

import java.nio.ByteBuffer;
import java.util.regex.Pattern;

/** What the broker's own records say, for who looks at its files. */
public final class OwnRecords {
    /** A byte string of another room's, which nobody looks into here. */
    private static final Pattern BYTES = Pattern.compile("java\\.nio\\.\\w+\\[pos=0 lim=(\\d+) cap=\\d+\\]");

    private OwnRecords() { }

    /**
     * A record as text, field by field; null where the topic has none of the broker's own, or these bytes are
     * none of them.
     *
     * @param key null where there is none
     * @param value null for a tombstone
     */
    public static String text(String topic, ByteBuffer key, ByteBuffer value) {
        try {
            var record = record(topic, key, value);
            return record == null ? null : BYTES.matcher(record.toString()).replaceAll("$1 bytes");
        } catch (MalformedException other) {
            return null;
        }
    }

    private static Object record(String topic, ByteBuffer key, ByteBuffer value) {
        if (topic.equals("__cluster_metadata")) {
            return MetadataRecord.read(value);
        }
        if (key == null) {
            return null;
        }
        return switch (topic) {
            case Groups.TOPIC -> GroupRecord.decode(key, value);
            case Transactions.TOPIC -> TransactionRecord.FORMAT.decode(key, value);
            default -> null;
        };
    }
}
