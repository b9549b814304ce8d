package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of transactions; the answers are those that Apache Kafka 4.3.1 gave in the same places. */
class ListTransactionsTest {
    private static final int TIMEOUT_MS = 60_000;

    @TempDir
    Path directory;

    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory, Map.of("transaction.state.log.num.partitions", "3"));
        client = broker.client();
        broker.topic("orders", 3);
        broker.topic("bills", 1);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    /** Has the topic made, and waits until it is loaded. */
    private void findCoordinator() throws IOException {
        client.ask("FindCoordinator", 4, out -> out.int8(1).strings(List.of("a")).tags());
        while (!list(0, List.of(), List.of(), -1, null).startsWith("NONE")) {
            Thread.onSpinWait();
        }
    }

    /** The id's producer has epoch 0 after this; its producer id is returned. */
    private long begin(String id) throws IOException {
        var in = client.ask("InitProducerId", 4, out ->
                out.string(id).int32(TIMEOUT_MS).int64(-1).int16(-1).tags());
        assertEquals(0, in.int32());
        assertEquals(ErrorCode.NONE.code(), in.int16());
        return in.int64();
    }

    private void add(String id, long producerId, String topic, Integer... partitions) throws IOException {
        var in = client.ask("AddPartitionsToTxn", 3, out -> out.string(id).int64(producerId).int16(0)
                .structs(List.of(topic), (each, name) -> each.string(name).int32s(List.of(partitions))).tags());
        assertEquals(0, in.int32());
        in.structs(each -> each.string() + each.structs(inner -> {
            inner.int32();
            assertEquals(ErrorCode.NONE, ErrorCode.of(inner.int16()));
            return 0;
        }));
    }

    private void end(String id, long producerId, boolean commit) throws IOException {
        var in = client.ask("EndTxn", 4, out ->
                out.string(id).int64(producerId).int16(0).bool(commit).tags());
        assertEquals(0, in.int32());
        assertEquals(ErrorCode.NONE, ErrorCode.of(in.int16()));
        while (list(0, List.of("PrepareCommit", "PrepareAbort"), List.of(), -1, null).contains(id)) {
            Thread.onSpinWait();
        }
    }

    private String list(int version, List<String> states, List<Long> producerIds, long durationMs,
            String pattern) throws IOException {
        var in = client.ask("ListTransactions", version, out -> out.strings(states)
                .array(producerIds, Writer::int64).since(1, more -> more.int64(durationMs))
                .since(2, more -> more.string(pattern)).tags());
        assertEquals(0, in.int32());
        var listed = ErrorCode.of(in.int16()) + " " + in.array(Reader::string) + " ";
        listed += in.structs(each -> each.string() + ":" + each.int64() + ":" + each.string())
                .stream().sorted().toList();
        in.tags();
        return Replies.whole(in, listed);
    }

    private String ids(String pattern) throws IOException {
        return list(2, List.of(), List.of(), -1, pattern).replaceAll(":[0-9]+:[A-Za-z]+", "");
    }

    private String describe(String... ids) throws IOException {
        var in = client.ask("DescribeTransactions", 0, out -> out.strings(List.of(ids)).tags());
        assertEquals(0, in.int32());
        var described = in.structs(each -> ErrorCode.of(each.int16()) + " " + each.string() + " "
                + each.string() + " " + each.int32() + " " + (each.int64() > 1) + " " + each.int64() + " "
                + each.int16() + " " + each.structs(topic -> topic.string() + topic.array(Reader::int32)));
        in.tags();
        return Replies.whole(in, String.join("; ", described));
    }

    private static void until(Supplier<Boolean> happened) {
        while (!happened.get()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void whereThereIsNoTopicThereIsNothing() throws IOException {
        assertEquals("NONE [] []", list(2, List.of(), List.of(), -1, ""));
        assertEquals("NOT_COORDINATOR a  0 false 0 0 []", describe("a"));
        assertEquals("INVALID_REQUEST   0 false 0 0 []", describe(""));
        assertEquals("", describe());
    }

    @Test
    void everyFilterSelects() throws IOException {
        findCoordinator();
        long a = begin("a");
        long b = begin("b");
        long c = begin("c");
        long d = begin("d");
        add("b", b, "orders", 2, 0);
        add("c", c, "orders", 1);
        add("d", d, "bills", 0);
        end("c", c, true);
        end("d", d, false);
        var all = List.of("a:" + a + ":Empty", "b:" + b + ":Ongoing", "c:" + c + ":CompleteCommit",
                "d:" + d + ":CompleteAbort");
        for (int version = 0; version <= 2; version++) {
            assertEquals("NONE [] " + all, list(version, List.of(), List.of(), -1, null));
            assertEquals("NONE [] " + List.of(all.get(0), all.get(3)),
                    list(version, List.of("Empty", "CompleteAbort", "Dead"), List.of(), -1, null));
            assertEquals("NONE [ongoing, x] []",
                    list(version, List.of("ongoing", "x", "ongoing"), List.of(), -1, null));
            assertEquals("NONE [x] " + List.of(all.get(1)),
                    list(version, List.of("x", "Ongoing"), List.of(b, c, 77L), -1, null));
            assertEquals("NONE [] " + List.of(all.get(1), all.get(2)),
                    list(version, List.of(), List.of(b, c, 77L), -1, null));
        }
        assertEquals("NONE [] " + List.of(all.get(1), all.get(2)), list(2, List.of(), List.of(), -1, "[bc]"));
        assertEquals("NONE [] " + List.of(all.get(2)), list(2, List.of(), List.of(c), -1, "[bc]"));
    }

    /** One that has had no transaction began in 1970, as in Apache Kafka. */
    @Test
    void theAgeIsThatOfTheLastTransaction() throws IOException {
        findCoordinator();
        begin("a");
        long b = begin("b");
        add("b", b, "orders", 0);
        long afterMs = System.currentTimeMillis();
        until(() -> System.currentTimeMillis() > afterMs);
        for (int version = 1; version <= 2; version++) {
            assertTrue(list(version, List.of(), List.of(), 0, null).contains("b:"));
            assertTrue(list(version, List.of(), List.of(), -5, null).contains("b:"));
            var old = list(version, List.of(), List.of(), 100_000_000, null);
            assertTrue(old.contains("a:") && !old.contains("b:"), old);
        }
    }

    @Test
    void aPatternDescribesTheWholeId() throws IOException {
        findCoordinator();
        for (var id : List.of("app-1", "app-2", "App-1", "käse-1", "käse")) {
            begin(id);
        }
        assertEquals("NONE [] [App-1, app-1, app-2, käse-1, käse]", ids(""));
        assertEquals("NONE [] []", ids("app"));
        assertEquals("NONE [] [app-1, app-2]", ids("app.*"));
        assertEquals("NONE [] [App-1, app-1]", ids("(?i)APP-1"));
        assertEquals("NONE [] [App-1, app-1, käse-1]", ids(".*-1"));
        assertEquals("NONE [] [käse]", ids("k.se"));
        assertEquals("NONE [] [käse]", ids("k\u00e4se"));
        assertEquals("NONE [] [käse]", ids("k[^a-z]se"));
        assertEquals("NONE [] [App-1, app-1, app-2, käse-1, käse]", ids(".*"));
        for (var wrong : List.of("(", "a(?=b)", "*", "[", "x{1001}")) {
            assertEquals("INVALID_REGULAR_EXPRESSION [] []", list(2, List.of("x"), List.of(), -1, wrong));
        }
    }

    @Test
    void aPatternThatTakesTooLongIsRefused() throws IOException {
        findCoordinator();
        var id = IntStream.range(0, 3_000).mapToObj(i -> "a").reduce("", String::concat);
        begin(id);
        assertTrue(list(2, List.of(), List.of(), -1, "a*").contains(id));
        assertEquals("INVALID_REGULAR_EXPRESSION [] []", list(2, List.of(), List.of(), -1,
                "((a?){1000}){8}"));
    }

    @Test
    void transactionsAreDescribed() throws IOException {
        findCoordinator();
        long a = begin("a");
        long b = begin("b");
        long c = begin("c");
        add("b", b, "orders", 2, 0);
        add("b", b, "bills", 0);
        add("c", c, "orders", 1);
        end("c", c, true);
        assertEquals("NONE a Empty 60000 false " + a + " 0 []; TRANSACTIONAL_ID_NOT_FOUND none  0 false 0 0 []; "
                + "NONE b Ongoing 60000 true " + b + " 0 [bills[0], orders[0, 2]]; "
                + "NONE c CompleteCommit 60000 true " + c + " 0 []; NONE a Empty 60000 false " + a + " 0 []",
                describe("a", "none", "b", "c", "a"));
        assertEquals("INVALID_REQUEST   0 false 0 0 []", describe(""));
    }
}
