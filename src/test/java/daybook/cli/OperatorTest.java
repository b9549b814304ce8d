package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.Broker;
import daybook.Config;
import daybook.client.RawClient;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** topics, configs, groups and txns, as they are typed, against a broker. */
class OperatorTest {
    @TempDir
    Path directory;

    private Broker broker;
    private String address;

    @BeforeEach
    void start() throws IOException {
        broker = Broker.start(Config.of(Map.of("listeners", "PLAINTEXT://127.0.0.1:0",
                "log.dirs", directory.toString(), "daybook.durability", "page-cache")));
        address = broker.addresses().getFirst();
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private Ran run(String command) {
        return Ran.of(command, "--bootstrap", address);
    }

    private void did(String command, String out) {
        var ran = run(command);
        assertEquals("", ran.errors());
        assertEquals(out, ran.out());
        assertEquals(0, ran.exit());
    }

    private void failed(int exit, String command, String error) {
        var ran = run(command);
        assertEquals("daybook: " + error + "\n", ran.errors());
        assertEquals(exit, ran.exit());
    }

    private void mistake(String command, String error) {
        var name = String.join(" ", List.of(command.split(" ")).subList(0, 2));
        failed(2, command, error + ". Try: bin/daybook help " + name);
    }

    @Test
    void topicsComeAndGo() {
        did("topics list", "");
        did("topics create orders simple --partitions 2 --config retention.ms=60000", """
                Created orders, partitions: 2, replication: 1
                Created simple, partitions: 2, replication: 1
                """);
        failed(1, "topics create orders", "TOPIC_ALREADY_EXISTS: Topic 'orders' already exists;"
                + " --if-not-exists leaves it alone");
        did("topics create orders --if-not-exists", "");
        did("topics create other --dry-run", "Would create other, partitions: 1, replication: 1\n");
        did("topics list", """
                TOPIC   PARTITIONS  REPLICATION
                orders           2            1
                simple           2            1
                """);
        did("topics list --json", """
                [{"topic":"orders","partitions":2,"replication":1},\
                {"topic":"simple","partitions":2,"replication":1}]
                """);
        did("topics alter orders --partitions 4 --dry-run", "Would alter orders, partitions: 4\n");
        did("topics alter orders --partitions 3", "Altered orders, partitions: 3\n");
        failed(1, "topics alter orders --partitions 3", "INVALID_PARTITIONS: orders: Topic already has 3"
                + " partition(s)");
        var both = run("topics delete orders none");
        assertEquals("Deleted orders\n", both.out());
        assertTrue(both.errors().startsWith("daybook: UNKNOWN_TOPIC_OR_PARTITION: none: "), both.errors());
        assertEquals(1, both.exit());
        did("topics delete none --if-exists", "");
    }

    @Test
    void topicsAreDescribed() throws IOException {
        run("topics create orders --partitions 2 --config retention.ms=60000");
        try (var raw = new RawClient(address)) {
            raw.produce("orders", System.currentTimeMillis(), "a", "b", "c");
        }
        var described = run("topics describe");
        var id = described.out().replaceAll("(?s).*\\nid +(\\S+)\\n.*", "$1");
        assertEquals("""
                topic       orders
                id          ID
                internal    no
                configured  retention.ms=60000

                PARTITION  LEADER  REPLICAS  IN SYNC  BEGINNING  END
                        0       1         1        1          0    3
                        1       1         1        1          0    0
                """.replace("ID", id), described.out());
        var some = run("topics describe orders none --json");
        assertTrue(some.out().startsWith("[{\"topic\":\"orders\",\"id\":\"" + id + "\",\"internal\":false,"
                + "\"configured\":{\"retention.ms\":\"60000\"},\"partitions\":[{\"partition\":0,\"leader\":1,"
                + "\"replicas\":[1],\"inSync\":[1],\"beginning\":0,\"end\":3},"), some.out());
        assertEquals("daybook: UNKNOWN_TOPIC_OR_PARTITION: topic none;"
                + " bin/daybook topics list shows those that there are\n", some.errors());
        assertEquals(1, some.exit());
    }

    @Test
    void configurationsAreDescribedAndAltered() {
        run("topics create orders --config retention.ms=60000");
        did("configs alter topic orders --set segment.bytes=2000000 --append cleanup.policy=compact"
                + " --delete retention.ms", "Altered topic orders\n");
        did("configs alter broker --set log.retention.ms=9000", "Altered all brokers\n");
        var described = run("configs describe topic orders").out();
        assertTrue(described.contains("\ncleanup.policy       delete,compact  topic "), described);
        assertTrue(described.contains("\nretention.ms         9000            all brokers "), described);
        assertTrue(run("configs describe topic orders --all").out().contains("\nflush.ms "), "the default");
        assertTrue(run("configs describe broker --json").out().contains("{\"key\":\"log.retention.ms\","
                + "\"value\":\"9000\",\"from\":\"all brokers\",\"readOnly\":false,\"sensitive\":false,"
                + "\"synonyms\":[{\"key\":\"log.retention.ms\",\"value\":\"9000\","));
        did("configs alter group g --set consumer.session.timeout.ms=50000 --dry-run",
                "Would alter group g\n");
        mistake("configs alter topic orders",
                "Say what to alter: --set, --delete, --append or --subtract");
        mistake("configs alter topic orders --set x",
                "The flag --set is x, but must be KEY=VALUE");
        mistake("configs describe topic",
                "Say which topic");
        long beganNanos = System.nanoTime();
        failed(1, "configs describe broker 7", "BROKER_NOT_AVAILABLE: there is no broker 7");
        assertTrue(System.nanoTime() - beganNanos < TimeUnit.SECONDS.toNanos(5), "at once");
        mistake("configs describe broker one",
                "A broker is named by its number, not one");
    }

    @Test
    void groupsAreDescribedWithTheirLag() throws IOException {
        run("topics create orders --partitions 2");
        try (var raw = new RawClient(address)) {
            raw.produce("orders", 1_000, "a", "b", "c");
            run("groups reset readers --topic orders:0 --to 1 --execute");
            var member = raw.joinClassic("readers", "one", "orders", 2);
            var pad = " ".repeat(member.length() - "MEMBER".length());
            did("groups list", """
                    GROUP    TYPE     STATE
                    readers  classic  Stable
                    """);
            did("groups list --type consumer", "");
            did("groups describe readers", """
                    group        readers
                    type         classic
                    state        Stable
                    assignor     range
                    coordinator  1
                    lag          2

                    TOPIC   PARTITION  COMMITTED  END  LAG  MEMBER
                    orders          0          1    3    2  M-ID
                    orders          1          -    0    -  M-ID

                    MEMBER  INSTANCE  CLIENT  HOST        PARTITIONS
                    M-ID  one       raw     /127.0.0.1           2
                    """.replace("M-ID", member).replace("MEMBER  I", "MEMBER" + pad + "  I"));
            assertTrue(run("groups describe --json").out().startsWith("[{\"group\":\"readers\","
                    + "\"type\":\"classic\",\"state\":\"Stable\",\"assignor\":\"range\",\"coordinator\":1,"
                    + "\"lag\":2,\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"committed\":1,"));
            failed(1, "groups reset readers --to end --execute",
                    "Group readers has members: stop them, then try again");
            failed(1, "groups delete readers",
                    "NON_EMPTY_GROUP: readers; stop the members of the group first");
            failed(1, "groups delete-offsets readers --topic orders:0",
                    "GROUP_SUBSCRIBED_TO_TOPIC: orders-0; stop the members of the group first");
        }
        failed(1, "groups describe none", "GROUP_ID_NOT_FOUND: Group none not found;"
                + " bin/daybook groups list shows those that there are");
    }

    @Test
    void groupsGoOnFromElsewhere() throws IOException {
        run("topics create orders --partitions 2");
        try (var raw = new RawClient(address)) {
            raw.produce("orders", 1_000, "a", "b");
            raw.produce("orders", 5_000, "c", "d");
        }
        failed(1, "groups reset readers --to end",
                "Group readers has come nowhere yet: name topics with --topic");
        var shown = run("groups reset readers --topic orders --to 3");
        assertEquals("""
                TOPIC   PARTITION  COMMITTED  NEW
                orders          0          -    3
                orders          1          -    0
                """, shown.out());
        assertEquals("Nothing was changed; --execute does it\n", shown.errors());
        did("groups list", "");
        did("groups reset readers --topic orders:0 --to 3 --execute", """
                TOPIC   PARTITION  COMMITTED  NEW
                orders          0          -    3
                """);
        var offsets = Map.of("--to beginning", 0, "--to end", 4, "--to current", 3, "--to @1001", 2,
                "--to 1s", 4, "--by -2", 1, "--by -9", 0, "--by 9223372036854775807", 4, "--to 77", 4);
        offsets.forEach((flag, offset) -> assertEquals(
                "[{\"topic\":\"orders\",\"partition\":0,\"committed\":3,\"new\":" + offset + "}]\n",
                run("groups reset readers --json " + flag).out(), flag));
        mistake("groups reset readers",
                "Say where to go on: --to or --by");
        mistake("groups reset readers --topic orders:a --to end",
                "The flag --topic is orders:a, but must be TOPIC, or TOPIC:N,N for partitions of it");
        var unknown = "Topic orders has no partition 7";
        failed(1, "groups reset readers --topic orders:0,7 --to end", unknown);
        failed(1, "txns abort orders:7 --start-offset 0", unknown);
        failed(1, "txns hanging --topic orders:7", unknown);
        failed(1, "groups delete-offsets nope --topic orders", "GROUP_ID_NOT_FOUND: group nope;"
                + " bin/daybook groups list shows those that there are");
        did("groups delete-offsets readers --topic orders:0", "Forgot orders-0\n");
        did("groups delete readers", "Deleted readers\n");
    }

    @Test
    void transactionsAreFoundAndAborted() throws IOException {
        run("topics create orders");
        try (var raw = new RawClient(address)) {
            var identity = raw.begin("payments", "orders");
            did("txns list --state Ongoing --json", "[{\"transactionalId\":\"payments\",\"producerId\":"
                    + identity.producerId() + ",\"state\":\"Ongoing\"}]\n");
            did("txns list --state Empty", "");
            var described = run("txns describe payments none");
            assertTrue(described.out().matches("""
                    transactional id  payments
                    state             Ongoing
                    producer id       \\d+
                    producer epoch    \\d+
                    timeout ms        60000
                    started           20\\S+Z

                    TOPIC   PARTITION
                    orders          0
                    """), described.out());
            assertEquals("daybook: TRANSACTIONAL_ID_NOT_FOUND: none;"
                    + " bin/daybook txns list shows those that there are\n", described.errors());
            did("txns hanging --older-than 0s", "");
            failed(1, "txns abort orders:0 --start-offset 7", "No open transaction of orders-0 begins at 7;"
                    + " bin/daybook txns hanging shows those that hang");
            did("txns abort orders:0 --start-offset 0", "Aborted what producer " + identity.producerId()
                    + " had open in orders-0\n");
            failed(1, "txns abort orders:0 --start-offset 0", "No open transaction of orders-0 begins at 0;"
                    + " bin/daybook txns hanging shows those that hang");
        }
        mistake("txns abort orders --start-offset 0",
                "orders must be TOPIC:N with the number of a partition");
        mistake("txns hanging --older-than 5",
                "The flag --older-than is 5, but must be a time as 15m or 2h");
    }
}
