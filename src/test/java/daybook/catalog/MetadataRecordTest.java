package daybook.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import daybook.catalog.BrokerRegistration.Endpoint;
import daybook.catalog.MetadataRecord.AbortTransactionRecord;
import daybook.catalog.MetadataRecord.BeginTransactionRecord;
import daybook.catalog.MetadataRecord.BrokerRegistrationChangeRecord;
import daybook.catalog.MetadataRecord.ConfigRecord;
import daybook.catalog.MetadataRecord.EndTransactionRecord;
import daybook.catalog.MetadataRecord.FeatureLevelRecord;
import daybook.catalog.MetadataRecord.PartitionChangeRecord;
import daybook.catalog.MetadataRecord.PartitionRecord;
import daybook.catalog.MetadataRecord.ProducerIdsRecord;
import daybook.catalog.MetadataRecord.RegisterBrokerRecord;
import daybook.catalog.MetadataRecord.RemoveTopicRecord;
import daybook.catalog.MetadataRecord.TopicRecord;
import daybook.catalog.MetadataRecord.UnusedRecord;
import daybook.wire.MalformedException;
import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;

/** Against the bytes that Apache Kafka 4.3.1 wrote to its own metadata log,
        as its DumpLogSegments reads them. */
class MetadataRecordTest {
    private static final Uuid TOPIC = Uuid.parse("J1tjndoVTE-EvX9Tkv44Lg");
    private static final Uuid DIRECTORY = Uuid.parse("KeoEUeTQRymtUtLHSk1PUw");
    private static final Uuid INCARNATION = Uuid.parse("HqVjhsSiQvG1UQK9bqOnoA");
    private static final String TOPIC_HEX = "275b639dda154c4f84bd7f5392fe382e";
    private static final String DIRECTORY_HEX = "29ea0451e4d04729ad52d2c74a4d4f53";

    @Test
    void topicsArePlain() {
        both("01020006616c706861" + TOPIC_HEX + "00", new TopicRecord("alpha", TOPIC));
        both("010900" + TOPIC_HEX + "00", new RemoveTopicRecord(TOPIC));
    }

    @Test
    void partitionsAreOfVersion2() {
        both("01030200000001" + TOPIC_HEX + "02000000010200000001010100000001000000000000000002"
                + DIRECTORY_HEX + "00",
                new PartitionRecord(TOPIC, new Partition(1, List.of(1), List.of(1), 1, 0, 0,
                        List.of(DIRECTORY))));
    }

    @Test
    void aPartitionLosesItsLeader() {
        read("01050200000002" + TOPIC_HEX + "040001010104ffffffff0605020000000107050200000001",
                new PartitionChangeRecord(2, TOPIC, List.of(), -1, null, null));
    }

    @Test
    void aPartitionGetsALeader() {
        read("01050200000000" + TOPIC_HEX + "0400050200000001010400000001050101070101",
                new PartitionChangeRecord(0, TOPIC, List.of(1), 1, null, null));
        read("01050200000000" + TOPIC_HEX + "01060101",
                new PartitionChangeRecord(0, TOPIC, null, null, null, null));
        both("01050200000000" + TOPIC_HEX + "0400050200000001010400000001060101070101",
                new PartitionChangeRecord(0, TOPIC, List.of(1), 1, null, null));
        both("01050200000000" + TOPIC_HEX + "01010400000001",
                new PartitionChangeRecord(0, TOPIC, null, 1, null, null));
    }

    @Test
    void allTagsOfAPartitionChangeComeBack() {
        var change = new PartitionChangeRecord(3, TOPIC, List.of(1, 2), 2, List.of(1, 2, 3),
                List.of(DIRECTORY, Uuid.ZERO, TOPIC));
        assertEquals(change, MetadataRecord.read(change.toValue()));
    }

    @Test
    void configurations() {
        both("0104000206616c7068610d726574656e74696f6e2e6d73053130303000",
                new ConfigRecord(2, "alpha", "retention.ms", "1000"));
        both("0104000401146d696e2e696e73796e632e7265706c69636173023100",
                new ConfigRecord(4, "", "min.insync.replicas", "1"));
        both("0104000206616c7068610d726574656e74696f6e2e6d730000",
                new ConfigRecord(2, "alpha", "retention.ms", null));
    }

    @Test
    void featuresAndProducerIds() {
        both("010c00116d657461646174612e76657273696f6e001e00",
                new FeatureLevelRecord("metadata.version", 30));
        both("010f0000000001000000000000001000000000000007d000", new ProducerIdsRecord(1, 16, 2000));
    }

    @Test
    void aBrokerIsRegistered() {
        var broker = "00000001001ea56386c4a242f1b55102bd6ea3a7a0000000000000000d020a504c41494e54455854"
                + "0a3132372e302e302e314c24000000";
        var registered = new RegisterBrokerRecord(new BrokerRegistration(1, 13, INCARNATION,
                List.of(new Endpoint("PLAINTEXT", "127.0.0.1", 19492, 0)), null, List.of(DIRECTORY)));
        read("010004" + broker + "02116d657461646174612e76657273696f6e0007001e00" + "000100010011" + "02"
                + DIRECTORY_HEX, registered);
        both("010004" + broker + "060e67726f75702e76657273696f6e0000000100"
                + "0e6b726166742e76657273696f6e0001000100"
                + "116d657461646174612e76657273696f6e001e001e00"
                + "147472616e73616374696f6e2e76657273696f6e0000000200"
                + "21656c696769626c652e6c65616465722e7265706c696361732e76657273696f6e0000000100"
                + "000100010011" + "02" + DIRECTORY_HEX, registered);
    }

    @Test
    void aBrokerIsRegisteredInVersion0() {
        read("010000" + "00000001" + "1ea56386c4a242f1b55102bd6ea3a7a0" + "000000000000000d" + "01" + "01"
                + "027a" + "00" + "00",
                new RegisterBrokerRecord(new BrokerRegistration(1, 13, INCARNATION, List.of(), "z",
                        List.of())));
    }

    @Test
    void aBrokersRegistrationChanges() {
        var change = new BrokerRegistrationChangeRecord(1, 13);
        both("01110300000001000000000000000d010001ff", change);
        read("01110300000001000000000000000d01030101", change);
        read("01110000000001000000000000000d010001ff", change);
        read("01110100000001000000000000000d01010101", change);
    }

    @Test
    void someRecordsAreOnlyRead() {
        read("01140000", new UnusedRecord());
        read("011b00000000015547de7c6c324c3f8e1cc23e67f80e4000020b434f4e54524f4c4c45520a3132"
                        + "372e302e302e314c250000000200"
                + "0e67726f75702e76657273696f6e000000010000", new UnusedRecord());
    }

    @Test
    void marksOfTransactions() {
        read("01170001001212426f6f747374726170207265636f726473", new BeginTransactionRecord());
        both("01180000", new EndTransactionRecord());
        read("01190000", new AbortTransactionRecord());
        both("0119000100212154686520636f6e74726f6c6c657220776173207374617274656420616761696e",
                new AbortTransactionRecord());
    }

    @Test
    void whatIsNotKnownIsNamed() {
        assertUnknown("type 6 version 0 in a frame of version 1", "010600");
        assertUnknown("type 3 version 3 in a frame of version 1", "010303");
        assertUnknown("type 2 version 0 in a frame of version 2", "020200");
    }

    @Test
    void whatIsCutIsMalformed() {
        var whole = new TopicRecord("alpha", TOPIC).toValue();
        for (int length = 0; length < whole.remaining(); length++) {
            var cut = whole.slice(0, length);
            assertThrows(MalformedException.class, () -> MetadataRecord.read(cut), "cut to " + length);
        }
        assertThrows(MalformedException.class, () -> MetadataRecord.read(null));
    }

    private static void assertUnknown(String what, String hex) {
        var unknown = assertThrows(MalformedException.class, () -> MetadataRecord.read(bytes(hex)));
        assertEquals("This version of Daybook does not know the record of " + what, unknown.getMessage());
    }

    private static void both(String hex, MetadataRecord record) {
        read(hex, record);
        var written = record.toValue();
        var array = new byte[written.remaining()];
        written.get(array);
        assertEquals(hex, HexFormat.of().formatHex(array));
    }

    private static void read(String hex, MetadataRecord record) {
        assertEquals(record, MetadataRecord.read(bytes(hex)));
    }

    private static ByteBuffer bytes(String hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex));
    }
}
