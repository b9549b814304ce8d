package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.group.Groups;
import daybook.log.ReadResult;
import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;
import daybook.wire.Writer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The answers are those of Apache Kafka 4.3.1, but where it gives none. */
class WriteTxnMarkersTest {
    @TempDir
    Path temp;

    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(temp.resolve("data"));
        client = broker.client();
        broker.topic("t", 3);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    private record Ending(long id, int epoch, boolean commit, String topic, List<Integer> partitions,
            int coordinatorEpoch, int transactionVersion) {
        void write(Writer out) {
            out.int64(id).int16(epoch).bool(commit).structs(List.of(topic), (each, name) -> each.string(name)
                    .int32s(partitions)).int32(coordinatorEpoch)
                    .since(2, more -> more.int8(transactionVersion));
        }
    }

    private static Ending end(long id, int epoch, boolean commit, int transactionVersion, Integer... partitions) {
        return new Ending(id, epoch, commit, "t", List.of(partitions), 0, transactionVersion);
    }

    private static Ending of(String topic, long id, Integer... partitions) {
        return new Ending(id, 0, true, topic, List.of(partitions), 0, 2);
    }

    /** Asks, and returns the answer: of each producer its partitions with their errors. */
    private String ask(int version, Ending... endings) throws IOException {
        var in = client.ask("WriteTxnMarkers", version,
                out -> out.structs(List.of(endings), (each, ending) -> ending.write(each)).tags());
        var answers = in.structs(producer -> producer.int64() + "" + producer.structs(topic ->
                " " + topic.string() + topic.structs(each -> "-" + each.int32() + ":" + each.int16())));
        in.tags();
        assertEquals(0, in.remaining());
        return answers.toString().replaceAll("[\\[\\],]", "");
    }

    private List<String> producers(int partition) {
        return broker.log("t", partition).producers().stream().map(each -> each.producerId() + " "
                + each.producerEpoch() + " " + each.coordinatorEpoch()).toList();
    }

    private List<TransactionMarker> markers(String topic, int partition) throws IOException {
        var log = broker.log(topic, partition);
        var bytes = new ByteArrayOutputStream();
        if (log.read(0, 1 << 20, true, false) instanceof ReadResult.Data data && data.region() != null) {
            try (var region = data.region()) {
                region.transferTo(0, Channels.newChannel(bytes));
            }
        }
        var found = new ArrayList<TransactionMarker>();
        for (var batch : RecordBatch.wholeIn(ByteBuffer.wrap(bytes.toByteArray()))) {
            var marker = TransactionMarker.of(batch);
            if (marker != null) {
                found.add(marker);
            }
        }
        return found;
    }

    @Test
    void markersEndTransactions() throws IOException {
        broker.log("t", 0).append(Batches.transactional(9, "a"), 0, true);
        broker.log("t", 1).append(Batches.transactional(9, "b"), 0, true);
        assertEquals(0, broker.log("t", 0).lastStableOffset());
        assertEquals("9 t-1:0 -0:0", ask(2, new Ending(9, 1, false, "t", List.of(1, 0), 4, 2)));
        assertEquals(2, broker.log("t", 0).lastStableOffset());
        assertEquals(List.of("9 1 4"), producers(1));
        assertEquals(List.of(new TransactionMarker(false, 4)), markers("t", 0));
        assertTrue(broker.log("t", 1).awaitForced(2));
    }

    @Test
    void nothing() throws IOException {
        assertEquals("", ask(1));
        assertEquals("", ask(2, end(9, 0, true, 2)));
        assertEquals("8 t-0:0", ask(2, end(9, 0, true, 2), end(8, 0, true, 2, 0)));
    }

    @Test
    void versionsTellWhetherAMarkerIsNew() throws IOException {
        broker.log("t", 0).append(Batches.transactional(9, "a"), 0, true);
        assertEquals("9 t-0:47", ask(2, end(9, 0, false, 2, 0)));
        assertEquals("9 t-0:0", ask(1, end(9, 0, false, 2, 0)));
        assertEquals("9 t-0:0", ask(2, end(9, 0, false, 2, 0)));
        assertEquals("9 t-0:0", ask(2, end(9, 1, false, 2, 0)));
        for (int version = 0; version <= 3; version++) {
            assertEquals("9 t-0:47", ask(2, end(9, 0, false, version, 0)));
        }
        assertEquals("9 t-0:47", ask(1, end(9, 0, false, 0, 0)));
    }

    @Test
    void epochsOfCoordinators() throws IOException {
        assertEquals("9 t-0:0", ask(2, new Ending(9, 0, true, "t", List.of(0), 5, 2)));
        assertEquals("9 t-0:52", ask(2, new Ending(9, 1, true, "t", List.of(0), 4, 2)));
        assertEquals("9 t-0:0", ask(2, new Ending(9, 1, true, "t", List.of(0), 6, 2)));
        assertEquals(List.of("9 1 6"), producers(0));
    }

    @Test
    void eachPartitionHasItsError() throws IOException {
        assertEquals("9 t-0:0 -7:3 -1:0", ask(2, end(9, 0, true, 2, 0, 7, 1)));
        assertEquals("9 nope-0:3", ask(2, of("nope", 9, 0)));
        assertEquals("9 __cluster_metadata-0:3", ask(2, of("__cluster_metadata", 9, 0)));
        assertEquals("9 t-0:0", ask(2, end(9, 0, true, 2, 0, 0)));
        assertEquals(2, broker.log("t", 0).endOffset());
    }

    @Test
    void aProducerHasOneAnswer() throws IOException {
        assertEquals("9 t-0:0 -1:0", ask(2, end(9, 0, true, 2, 0), end(9, 0, true, 2, 1)));
        assertEquals("9 t-0:47 8 t-0:0", ask(2, end(9, 2, true, 2, 0), end(8, 0, true, 2, 0),
                end(9, 1, true, 2, 0)));
    }

    @Test
    void whatIsNoProducer() throws IOException {
        assertEquals("-1 t-0:-1", ask(2, end(-1, 0, true, 2, 0)));
        assertEquals("9 t-0:-1", ask(2, end(9, -1, true, 2, 0)));
        assertEquals("9 t-0:-1", ask(2, end(9, 0, true, -1, 0)));
        assertEquals(0, broker.log("t", 0).endOffset());
    }

    @Test
    void offsetsAreEndedByTheirCoordinator() throws IOException {
        assertEquals("9 __consumer_offsets-0:3", ask(2, of(Groups.TOPIC, 9, 0)));
        broker.topic(Groups.TOPIC, 2);
        assertEquals("9 __consumer_offsets-0:0 -1:0", ask(2, of(Groups.TOPIC, 9, 0, 1)));
        assertEquals(List.of(new TransactionMarker(true, 0)), markers(Groups.TOPIC, 1));
        broker.groups.close();
        assertEquals("9 __consumer_offsets-0:6", ask(2, of(Groups.TOPIC, 9, 0)));
        assertEquals(1, markers(Groups.TOPIC, 0).size());
    }
}
