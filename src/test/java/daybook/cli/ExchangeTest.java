package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.Broker;
import daybook.Config;
import daybook.client.OutgoingRecord;
import daybook.client.Producer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/** The commands produce and consume, and a broker: what one writes, the other reads. */
class ExchangeTest {
    @TempDir
    Path temp;
    private Broker broker;

    @BeforeEach
    void start() throws IOException {
        broker = Broker.start(Config.of(Map.of("listeners", "PLAINTEXT://127.0.0.1:0", "log.dirs",
                temp.resolve("data").toString(), "offsets.topic.num.partitions", "1",
                "transaction.state.log.num.partitions", "1")));
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private Object[] here(Object... words) {
        return Stream.concat(Stream.of(words), Stream.of("--bootstrap", broker.addresses().get(0))).toArray();
    }

    private void produce(byte[] in, String topic, Object... words) {
        var ran = Ran.fed(in, "produce " + topic, here(words));
        assertEquals("", ran.errors());
        assertEquals(0, ran.exit());
        assertEquals("", ran.out());
    }

    private void produce(String in, String topic, Object... words) {
        produce(in.getBytes(StandardCharsets.UTF_8), topic, words);
    }

    private Ran consumed(String topics, Object... words) {
        var ran = Ran.of("consume " + topics + " --exit", here(words));
        assertEquals("", ran.errors());
        assertEquals(0, ran.exit());
        return ran;
    }

    private String consume(String topics, Object... words) {
        return consumed(topics, words).out();
    }

    private void refused(String line, int exit, String said) {
        var ran = Ran.of(line, here());
        assertEquals("daybook: " + said + "\n", ran.errors());
        assertEquals(exit, ran.exit());
    }

    private void create(String topic, int partitions) {
        assertEquals(0, Ran.of("topics create " + topic, here("--partitions", partitions)).exit());
    }

    @Test
    void linesGoThere() {
        produce("one\n\nthree\r\nf\u00fcnf", "lines");
        assertEquals("one\n\nthree\r\nf\u00fcnf\n", consume("lines"));
        assertEquals("one\n\n", consume("lines", "--max", 2));
        assertEquals("", consume("lines", "--max", 0));
        assertEquals("f\u00fcnf\n", consume("lines", "--from", 3));
        assertEquals("three\r\nf\u00fcnf\n", consume("lines", "--last", 2));
        assertEquals("one\n\nthree\r\nf\u00fcnf\n", consume("lines", "--last", 99));
        assertEquals("", consume("lines", "--from", "end"));
        assertEquals("", consume("lines", "--from", 99));
        assertEquals("one\n\nthree\r\nf\u00fcnf\n", consume("lines", "--from", "1h"));
        assertEquals("", consume("lines", "--from", "2099-01-01"));
        assertEquals("", consume("lines", "--from", "beginning", "--format", ""));
    }

    @Test
    void keysHeadersAndNulls() {
        produce("a:1:2\n:NULL\nNULL:\n", "keyed", "--key-separator", ":", "--null", "NULL", "--header", "h=\u00fc=",
                "--header", "i=");
        assertEquals("1/3 a 1:2 h=\u00fc=,i=|0/-1  - h=\u00fc=,i=|-1/0 -  h=\u00fc=,i=|",
                consume("keyed", "--format", "%K/%V %k %v %h|", "--null", "-"));
        var json = consume("keyed", "--json").lines().toList();
        assertTrue(json.get(0).matches("\\{\"topic\":\"keyed\",\"partition\":0,\"offset\":0,\"timestampMs\":\\d{13},"
                + "\"key\":\"a\",\"value\":\"1:2\",\"headers\":\\[\\{\"key\":\"h\",\"value\":\"\u00fc=\"},"
                + "\\{\"key\":\"i\",\"value\":\"\"}]}"), json.get(0));
        assertTrue(json.get(1).contains("\"key\":\"\",\"value\":null,"), json.get(1));
        assertTrue(json.get(2).contains("\"key\":null,\"value\":\"\","), json.get(2));
        var ran = Ran.fed("a:1\nb\nc:3\n".getBytes(StandardCharsets.UTF_8), "produce lacking",
                here("--key-separator", ":"));
        assertEquals("daybook: Record 2 has no key separator\n", ran.errors());
        assertEquals(1, ran.exit());
        assertEquals("a=1\n", consume("lacking", "--format", "%k=%v\\n"), "what was sent before is there");
    }

    @Test
    void anyBytesSurvive() throws IOException {
        long seed = System.nanoTime();
        var bytes = new byte[300_000];
        new Random(seed).nextBytes(bytes);
        var file = Files.write(temp.resolve("bytes"), bytes);
        for (var codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            produce("", codec, "--file", file, "--delimiter", "", "--compression", codec, "--key", "\\xff\\0");
            assertArrayEquals(bytes, consumed(codec, "--format", "%v").bytes(), codec + ", seed " + seed);
            var key = consumed(codec, "--format", "%k").bytes();
            assertArrayEquals(new byte[] {-1, 0}, key);
            produce("", codec + "-lines", "--file", file, "--delimiter", "\\n", "--compression", codec);
            var back = consumed(codec + "-lines").bytes();
            assertArrayEquals(bytes, Arrays.copyOf(back, bytes.length), codec + ", seed " + seed);
        }
        var json = consume("none", "--json");
        assertTrue(json.contains("\"key\":{\"base64\":\"/wA=\"},\"value\":{\"base64\":\""), json.substring(0, 200));
        produce("a\0b\0", "names", "--delimiter", "\\0");
        assertArrayEquals("a\0b\0".getBytes(StandardCharsets.UTF_8), consumed("names", "--format", "%v\\0").bytes());
    }

    @Test
    void partitionsAreChosen() {
        create("parts", 3);
        for (int partition = 0; partition < 3; partition++) {
            produce("a" + partition + "\nb" + partition + "\n", "parts", "--partition", partition, "--acks",
                    partition == 0 ? "all" : 1);
        }
        assertEquals("1 b1\n", consume("parts", "--partition", 1, "--last", 1, "--format", "%p %v\\n"));
        assertEquals(List.of("a0", "a2", "b0", "b2"),
                consume("parts", "--partition", 0, "--partition", 2).lines().sorted().toList());
        assertEquals(List.of("b0", "b1", "b2"), consume("parts", "--from", 1).lines().sorted().toList());
        produce("x", "other");
        assertEquals(List.of("a0", "a1", "a2", "b0", "b1", "b2", "x"),
                consume("parts other").lines().sorted().toList());
        refused("consume parts --partition 3", 1, "There is no partition 3");
    }

    @Test
    void aGroupGoesOnWhereItWas() {
        produce("1\n2\n3\n4\n5\n", "counted");
        assertEquals("1\n2\n", consume("counted", "--group", "g", "--max", 2));
        assertEquals("3\n", consume("counted", "--group", "g", "--max", 1));
        assertEquals("4\n5\n", consume("counted", "--group", "g"));
        assertEquals("", consume("counted", "--group", "g"));
        assertEquals("", consume("counted", "--group", "late", "--from", "end"));
        create("empty", 1);
        assertEquals("", consume("empty", "--group", "g"));
        assertTrue(Ran.of("groups describe g", here()).out().matches("(?s).*empty +0 +0 +0 +0 .*"),
                "where it is also counts where nothing was");
        produce("6\n", "counted");
        assertEquals("6\n", consume("counted", "--group", "g"));
        var groups = Ran.of("groups describe g", here()).out();
        assertTrue(groups.contains("Empty") && groups.matches("(?s).*counted +0 +6 +6 +0 .*"), groups);
    }

    @Test
    void whatIsAbortedIsLeftOut() {
        try (var producer = Producer.builder(broker.addresses().get(0)).transactionalId("t").open()) {
            for (var word : List.of("kept", "aborted", "open")) {
                producer.beginTransaction();
                producer.send(new OutgoingRecord("ledger", null, word.getBytes(StandardCharsets.UTF_8))).join();
                if (word.equals("kept")) {
                    producer.commitTransaction();
                } else if (word.equals("aborted")) {
                    producer.abortTransaction();
                }
            }
            assertEquals("kept\n", consume("ledger", "--read-committed"));
            assertEquals("kept\naborted\nopen\n", consume("ledger"));
        }
        assertEquals("kept\n", consume("ledger", "--read-committed"), "also where the end is no record");
    }

    @Test
    void mistakesAreOneLine() throws IOException {
        produce("x", "here");
        refused("consume nosuch", 1, "UNKNOWN_TOPIC_OR_PARTITION: topic nosuch;"
                + " bin/daybook topics list shows those that there are");
        refused("consume here --group g --partition 1", 2,
                "The flags --group and --partition do not go together. Try: bin/daybook help consume");
        refused("consume here --json --format %v", 2,
                "The flags --json and --format do not go together. Try: bin/daybook help consume");
        refused("consume here --group g --from 3", 2,
                "With --group, --from is beginning or end. Try: bin/daybook help consume");
        refused("produce here --key-separator=", 2, "The flag --key-separator is empty, but must be TEXT. Try: bin/daybook help produce");
        refused("produce here --header h", 2,
                "The flag --header is h, but must be NAME=VALUE. Try: bin/daybook help produce");
        refused("produce here --file nosuch", 2, "There is no file nosuch");
        refused("produce here --file " + temp, 2, temp + " is a directory, not a file");
        var large = Files.write(temp.resolve("large"), new byte[2 << 20]);
        var ran = Ran.of("produce here --delimiter=", here("--file", large));
        assertTrue(ran.errors().startsWith("daybook: Record 1 is not delivered: MESSAGE_TOO_LARGE"), ran.errors());
        assertEquals(1, ran.errors().lines().count(), ran.errors());
        assertEquals(1, ran.exit());
        for (var bootstrap : List.of("127.0.0.1:1", "nosuch.invalid:9092,127.0.0.1:1")) {
            var alone = Ran.of("consume here --bootstrap " + bootstrap);
            assertTrue(alone.errors().matches("daybook: No broker answers at " + bootstrap
                    + " \\(Connection refused\\)\\. Is one running there\\? bin/daybook start runs one;.*\n"),
                    alone.errors());
            assertEquals(1, alone.exit());
        }
        for (var bootstrap : List.of("127.0.0.1:x", ":9092", "127.0.0.1:70000")) {
            assertEquals(2, Ran.of("consume here --bootstrap " + bootstrap).exit(), bootstrap);
        }
    }

    @Test
    void aClosedPipeEndsIt() {
        produce("x\n".repeat(100), "piped");
        assertEquals(141, Ran.into(Ran.BROKEN_PIPE, "consume piped", here()), "though it would wait for more");
        assertEquals(141, Ran.into(Ran.BROKEN_PIPE, "consume piped --group g", here()));
        assertEquals(100, consume("piped", "--group", "g").lines().count(), "what nobody took is not committed");
    }

    /** It is on its way when the command ends, and there soon. */
    @Test
    void whatNobodyAcknowledgesComesToo() {
        produce("one\ntwo\n", "unasked", "--acks", 0);
        String there;
        do {
            there = consume("unasked");
        } while (there.lines().count() < 2);
        assertEquals("one\ntwo\n", there);
    }

    @Test
    void noMoreThanTheRate() {
        long beganNanos = System.nanoTime();
        produce("x\n".repeat(51), "paced", "--rate", 200);
        assertTrue(System.nanoTime() - beganNanos >= 250_000_000L, "the last one goes after a quarter of a second");
        assertEquals(51, consume("paced").lines().count());
    }
}
