package daybook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.catalog.BrokerConfig;
import daybook.catalog.ConfigException;
import daybook.catalog.ConfigKey;
import daybook.net.Listener;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class ConfigTest {
    private static final String BEGIN = "<!-- configuration -->\n";
    private static final String END = "<!-- end of configuration -->";

    @TempDir
    Path directory;

    @Test
    void withoutAnyKeyItListensOnLoopback() {
        var config = Config.of(Map.of());
        assertEquals(List.of(new Listener("PLAINTEXT", "127.0.0.1", 9092)), config.listeners());
        assertEquals(List.of(), config.warnings());
    }

    @Test
    void argumentsCountBeforeTheFile() throws IOException {
        var file = directory.resolve("broker.properties");
        Files.writeString(file, """
                # a comment
                num.partitions = 3\s
                log.dirs=/a, /b
                default.replication.factor=2
                """);
        var config = Config.load(List.of("--num.partitions=5", file.toString(), "--override",
                "message.max.bytes=7",
                "--message.max.bytes=8")).broker();
        assertEquals(5, config.integer("num.partitions"));
        assertEquals(List.of("/a", "/b"), config.list("log.dirs"));
        assertEquals(2, config.integer("default.replication.factor"));
        assertEquals(8, config.integer("message.max.bytes"));
    }

    @Test
    void badArgumentsAreNamed() {
        assertBad("The argument --num.partitions must name a key and its value: --KEY=VALUE",
                "--num.partitions");
        assertBad("The argument --override must name a key and its value: --KEY=VALUE", "--override");
        assertBad("The argument --=5 must name a key and its value: --KEY=VALUE", "--=5");
        assertBad("There can be one file of configuration, but there are a and b", "a", "b");
        assertBad("There is no file " + directory.resolve("none"), directory.resolve("none").toString());
        assertBad("Invalid value 0 for configuration num.partitions: Value must be at least 1",
                "--num.partitions=0");
    }

    @Test
    void whatIsNotServedIsAWarning() {
        var config = Config.of(Map.of("process.roles", "broker,controller", "num.partitons", "3",
                "num.partitions", "4"));
        assertEquals(List.of("Daybook does not serve the key num.partitons: it has no effect",
                "Daybook does not serve the key process.roles: it has no effect"), config.warnings());
        assertEquals(4, config.broker().integer("num.partitions"));
    }

    @Test
    void theTopicOfOffsetsHasOneReplica() {
        assertEquals(List.of("offsets.topic.replication.factor is above 1, but Daybook stands alone: the topic"
                + " of offsets has 1"),
                Config.of(Map.of("offsets.topic.replication.factor", "3")).warnings());
    }

    @Test
    void theTopicOfTransactionsHasOneReplica() {
        assertEquals(List.of("transaction.state.log.replication.factor is above 1, but Daybook stands alone:"
                + " the topic of transactions has 1",
                "transaction.state.log.min.isr is above 1, but Daybook stands alone: the topic of transactions"
                + " needs 1"),
                Config.of(Map.of("transaction.state.log.replication.factor", "3",
                        "transaction.state.log.min.isr", "2")).warnings());
    }

    @Test
    void listenersOfAllKinds() {
        var config = Config.of(Map.of("listeners",
                "PLAINTEXT://:9092, inside://[::1]:0,OUT-2://broker.example.com:19092,"
                        + "V6://[fe80::1%eth0]:1,ALL://0.0.0.0:0",
                "listener.security.protocol.map",
                "plaintext:PLAINTEXT,INSIDE:plaintext, OUT-2:PLAINTEXT,V6:PLAINTEXT,ALL:PLAINTEXT,SSL:SSL"));
        assertEquals(List.of(new Listener("PLAINTEXT", "", 9092), new Listener("INSIDE", "::1", 0),
                new Listener("OUT-2", "broker.example.com", 19092), new Listener("V6", "fe80::1%eth0", 1),
                new Listener("ALL", "0.0.0.0", 0)), config.listeners());
    }

    @Test
    void theFileOfAKraftBrokerWorks() {
        var config = Config.of(Map.of("listeners", "PLAINTEXT://:9092,CONTROLLER://:9093",
                "controller.listener.names", "CONTROLLER",
                "advertised.listeners", "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093",
                "listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL"));
        assertEquals(List.of(new Listener("PLAINTEXT", "", 9092)), config.listeners());
        assertEquals(List.of("The listener CONTROLLER is not opened: Daybook's controller is inside "
                + "of the process"),
                config.warnings());
    }

    @Test
    void badListenersAreNamed() {
        for (var bad : List.of("127.0.0.1:9092", "PLAINTEXT:/h:1", "PLAINTEXT://h", "PLAINTEXT://h:65536",
                "PLAINTEXT://h:-1", "PLAINTEXT://h:99999999999", "PLAINTEXT://::1:9092",
                        "PLAINTEXT://h:1/x")) {
            assertBad("listeners has " + bad
                    + ", but must be NAME://HOST:PORT, comma-separated", "--listeners=" + bad);
        }
        assertBad("listeners names nothing to open; it must be NAME://HOST:PORT,...", "--listeners=");
        assertBad("listeners has SSL://h:1, but listener.security.protocol.map gives SSL the protocol none; "
                + "Daybook serves only PLAINTEXT", "--listeners=SSL://h:1");
        assertBad("listeners has SSL://h:1, but listener.security.protocol.map gives SSL the protocol SSL; "
                + "Daybook serves only PLAINTEXT", "--listeners=SSL://h:1",
                        "--listener.security.protocol.map=SSL:SSL");
        assertBad("listeners has the name PLAINTEXT twice: each must have its own",
                "--listeners=PLAINTEXT://h:1,PLAINTEXT://h:2");
        assertBad("listeners has the address h:1 twice", "--listeners=A://h:1,B://h:1",
                "--listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT");
        assertBad("listener.security.protocol.map has PLAINTEXT, but must be NAME:PROTOCOL",
                "--listener.security.protocol.map=PLAINTEXT");
    }

    @Test
    void whatIsAdvertised() {
        var told = Config.of(Map.of("listeners", "PLAINTEXT://0.0.0.0:0,IN://127.0.0.1:0",
                "listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,IN:PLAINTEXT",
                "advertised.listeners", "PLAINTEXT://broker.example.com:19092"));
        assertEquals(new Listener("PLAINTEXT", "broker.example.com", 19092),
                told.advertised(new Listener("PLAINTEXT", "0.0.0.0", 4711)));
        assertEquals(new Listener("IN", "127.0.0.1", 4712),
                told.advertised(new Listener("IN", "127.0.0.1", 4712)));
        assertEquals(new Listener("PLAINTEXT", "localhost", 4711),
                Config.of(Map.of("listeners", "PLAINTEXT://:0"))
                        .advertised(new Listener("PLAINTEXT", "", 4711)));
    }

    @Test
    void badAdvertisedListenersAreNamed() {
        assertBad("advertised.listeners has OUT://h:1, but listeners has no OUT",
                "--advertised.listeners=OUT://h:1");
        assertBad("advertised.listeners has PLAINTEXT://0.0.0.0:1, to which no client can connect",
                "--advertised.listeners=PLAINTEXT://0.0.0.0:1");
        assertBad("advertised.listeners has PLAINTEXT://h:0, to which no client can connect",
                "--advertised.listeners=PLAINTEXT://h:0");
        assertBad("advertised.listeners has the name PLAINTEXT twice: each must have its own",
                "--advertised.listeners=PLAINTEXT://h:1,PLAINTEXT://i:1");
        assertBad("advertised.listeners has h:1, but must be NAME://HOST:PORT, comma-separated",
                "--advertised.listeners=h:1");
    }

    @Test
    void theTableHasALineForEachKey() {
        var table = table();
        for (var key : BrokerConfig.KEYS.keySet()) {
            assertEquals(1, table.lines().filter(line -> line.startsWith("| `" + key + "` |")).count(), key);
        }
        assertTrue(table.lines().allMatch(line -> line.chars().filter(letter -> letter == '|').count() == 6));
    }

    @Test
    void theReadmeHasTheTable() throws IOException {
        var readme = Files.readString(Path.of("README.md"));
        int begin = readme.indexOf(BEGIN) + BEGIN.length();
        assertEquals(table().strip(), readme.substring(begin, readme.indexOf(END, begin)).strip());
    }

    @Test
    void theFileThatComesWithDaybookHasNoMistake() throws IOException {
        assertEquals(List.of(), Config.load(List.of("conf/broker.properties")).warnings());
    }

    /** The table of the README: all keys, in Markdown. */
    private static String table() {
        var table = new StringBuilder("""
                | key | default | allowed | at run time | what it is |
                |---|---|---|---|---|
                """);
        for (var key : BrokerConfig.KEYS.values()) {
            boolean none = key.defaultValue() == null || key.defaultValue().isEmpty();
            var allowed = key.type() == ConfigKey.Type.BOOLEAN ? "true, false" : key.allowed().text();
            table.append("| `").append(key.name()).append("` | ")
                    .append(none ? "" : "`" + key.defaultValue() + "`").append(" | ")
                    .append(allowed).append(" | ").append(key.dynamic() ? "yes" : "").append(" | ")
                    .append(key.documentation()).append(" |\n");
        }
        return table.toString();
    }

    private static void assertBad(String sentence, String... arguments) {
        assertEquals(sentence,
                assertThrows(ConfigException.class, () -> Config.load(List.of(arguments))).getMessage());
    }
}
