package daybook.catalog;

import daybook.log.Disk;
import daybook.log.PartitionLog;
import daybook.record.BatchBuilder;
import daybook.record.Record;
import daybook.wire.Uuid;
import daybook.wire.Writer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What Apache Kafka's Raft keeps beside the records of the metadata log, for a quorum of one voter: so much
 * of it that Kafka can go on with the directory.
 *
 * <pre>
 *   00000000000000000000-0000000000.checkpoint   what is before the first record, one control record a batch:
 *                                                snapshot header, kraft.version, voters, snapshot footer
 *   quorum-state                                 JSON: the leader and its epoch
 * </pre>
 * A control record has the key { int16 version = 0, int16 type } and a flexible message as its value.
 */
final class Quorum {
    private static final int FILE_LIMIT_BYTES = 1 << 20;
    private static final Pattern EPOCH = Pattern.compile("\"leaderEpoch\"\\s*:\\s*(\\d{1,9})[^\\d]");
    private static final String CHECKPOINT = "00000000000000000000-0000000000.checkpoint";
    private static final String STATE = "quorum-state";

    /** Types of control records. */
    private static final int LEADER_CHANGE = 2;
    static final int SNAPSHOT_HEADER = 3;
    static final int SNAPSHOT_FOOTER = 4;
    static final int LEVEL = 5;
    static final int VOTERS = 6;

    /** Where the configuration that comes with Kafka has its controller; Daybook's has no address. */
    private static final String CONTROLLER_LISTENER = "CONTROLLER";
    private static final String CONTROLLER_HOST = "localhost";
    private static final int CONTROLLER_PORT = 9093;

    private final Disk disk;
    private final PartitionLog log;
    private final Identity self;

    Quorum(Disk disk, PartitionLog log, Identity self) {
        this.disk = disk;
        this.log = log;
        this.self = self;
    }

    /** Writes what is before the first record of a new log. */
    void format(long nowMs) throws IOException {
        var voters = List.of(log.directoryId());
        Snapshots.write(disk, log.directory().resolve(CHECKPOINT), 0, List.of(snapshotHeader(nowMs),
                control(nowMs, LEVEL, message().int16(1).tags()),
                control(nowMs, VOTERS, message().structs(voters, this::voter).tags()),
                snapshotFooter(nowMs)));
    }

    /** The type of a control record; -1 where it has none. */
    static int type(Record record) {
        var key = record.key();
        return key == null || key.remaining() < 4 ? -1 : key.getShort(key.position() + 2);
    }

    /** The control batch of a snapshot's first record. */
    static ByteBuffer snapshotHeader(long nowMs) {
        return control(nowMs, SNAPSHOT_HEADER, message().int64(nowMs).tags());
    }

    /** The control batch of a snapshot's last record. */
    static ByteBuffer snapshotFooter(long nowMs) {
        return control(nowMs, SNAPSHOT_FOOTER, message().tags());
    }

    /** The leader epoch that is written down; 0 where none is. */
    int epoch() throws IOException {
        var file = log.directory().resolve(STATE);
        if (!disk.exists(file)) {
            return 0;
        }
        var found = EPOCH.matcher(new String(disk.read(file, FILE_LIMIT_BYTES), StandardCharsets.UTF_8));
        if (!found.find()) {
            throw new IOException("The file " + file + " does not tell the leader epoch");
        }
        return Integer.parseInt(found.group(1));
    }

    /** Writes down that this broker leads from this epoch on. */
    void lead(int epoch) throws IOException {
        var state = "{\"leaderId\":" + self.nodeId() + ",\"leaderEpoch\":" + epoch + ",\"votedId\":-1,"
                + "\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"data_version\":1}";
        disk.replaceText(log.directory().resolve(STATE), state, true);
    }

    /** The control batch with which this broker's epoch begins. */
    ByteBuffer leaderChange(long nowMs) {
        var voters = List.of(self.nodeId());
        return control(nowMs, LEADER_CHANGE, message().int32(self.nodeId()).structs(voters, Writer::int32)
                .structs(voters, Writer::int32).tags());
    }

    /** The one voter: its directory, its endpoint, and the levels of kraft.version that it can work with. */
    private void voter(Writer out, Uuid directoryId) {
        out.int32(self.nodeId()).uuid(directoryId)
                .structs(List.of(CONTROLLER_LISTENER), (endpoint, name) ->
                        endpoint.string(name).string(CONTROLLER_HOST).int16(CONTROLLER_PORT))
                .int16(0).int16(1).tags();
    }

    /** A message of version 0 that begins with its own version. */
    private static Writer message() {
        return new Writer(0, true).int16(0);
    }

    private static ByteBuffer control(long nowMs, int type, Writer value) {
        var key = new Writer(0, false).int16(0).int16(type);
        return BatchBuilder.control(nowMs, key.toBuffer(), value.toBuffer());
    }
}
