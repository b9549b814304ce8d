package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.record.BatchBuilder;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/** The command: what it takes, where its text goes, and its exit status. */
class DumpTest {
    @TempDir
    Path temp;

    private static Ran run(Object... arguments) {
        return Ran.of("dump", arguments);
    }

    private Path segment(String name) throws IOException {
        var file = temp.resolve(name);
        Files.createDirectories(file.getParent());
        var value = new BatchBuilder.Entry(null, StandardCharsets.UTF_8.encode("gr\u00fc\u00dfe"));
        return Files.write(file, BatchBuilder.plain(1_000, List.of(value)).array());
    }

    private String deep(String partition, BatchBuilder.Entry... entries) throws IOException {
        var file = temp.resolve(partition + "/00000000000000000000.log");
        Files.createDirectories(file.getParent());
        Files.write(file, BatchBuilder.plain(1_000, List.of(entries)).array());
        var run = run("--deep", file);
        assertEquals(0, run.exit(), run.errors());
        return run.out();
    }

    private static BatchBuilder.Entry entry(String key, String value) {
        var hex = HexFormat.of();
        return new BatchBuilder.Entry(key == null ? null : ByteBuffer.wrap(hex.parseHex(key)),
                value == null ? null : ByteBuffer.wrap(hex.parseHex(value)));
    }

    /** Bytes of Apache Kafka 4.3.1's. */
    @Test
    void theBrokersOwnRecordsAreShownFieldByField() throws IOException {
        var key = "000000057469642d31";
        var value = "00010000000000000fa07fff0000ea60020202740200000002000000018bcfe5692c0000018bcfe568c8"
                + "0300080000000000000fa001080000000000000fa102020002";
        var transactions = deep("__transaction_state-3", entry(key, value), entry(key, null), entry(null, value),
                entry(key, "0009"));
        assertTrue(transactions.contains("    0  1000  TransactionRecord[transactionalId=tid-1, transaction="
                + "Transaction[producerId=4000, previousProducerId=4000, nextProducerId=4001,"
                + " producerEpoch=32767, timeoutMs=60000, status=PrepareCommit, partitions=[t-2],"), transactions);
        assertTrue(transactions.contains("    1  1000  TransactionRecord[transactionalId=tid-1, transaction=null]"),
                transactions);
        assertTrue(transactions.contains("    2  1000  key null  value 0x0001"), transactions);
        assertTrue(transactions.contains("    3  1000  key 0x" + key + "  value 0x0009"), transactions);
        var groups = deep("__consumer_offsets-0", entry("0002000867636c6173736963",
                "0003000000000000ffffffff000001a1ff2fc45f00000000"));
        assertTrue(groups.contains("    0  1000  GroupMetadata[groupId=gclassic, value=Value[protocolType=,"),
                groups);
        var catalog = deep("__cluster_metadata-0", entry(null,
                "0104000401146d696e2e696e73796e632e7265706c69636173023100"));
        assertTrue(catalog.contains("    0  1000  ConfigRecord["), catalog);
        assertTrue(deep("words-3", entry(key, value)).contains("    0  1000  key 0x" + key + "  value 0x0001"));
    }

    @Test
    void aTerminalIsToldNothingToObey() throws IOException {
        var partition = Files.createDirectories(temp.resolve("a\033[31m-0"));
        Files.writeString(partition.resolve("leader-epoch-checkpoint"), "0\n1\n0 \033]0;title\007\n");
        Files.writeString(partition.resolve("partition.metadata"),
                "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA\n\u009B2J\u202E\n");
        var metadata = run(partition.resolve("partition.metadata"));
        var epochs = run(partition.resolve("leader-epoch-checkpoint"));
        assertEquals(0, metadata.exit());
        assertEquals(1, epochs.exit());
        assertTrue(metadata.out().contains("a?[31m-0"), metadata.out());
        assertTrue(epochs.errors().contains("?]0;title?"), epochs.errors());
        for (var text : List.of(metadata.out(), epochs.out(), epochs.errors())) {
            assertTrue(text.lines().noneMatch(line -> line.matches(".*\\p{C}.*")), text);
        }
    }

    @Test
    void aDirectoryIsShownInOrder() throws IOException {
        var log = segment("b-0/00000000000000000000.log");
        var index = Files.write(log.resolveSibling("00000000000000000000.index"), new byte[80]);
        var epochs = Files.writeString(log.resolveSibling("leader-epoch-checkpoint"), "0\n1\n0 0\n");
        var other = segment("a-0/00000000000000000000.log");
        var points = Files.writeString(temp.resolve("recovery-point-offset-checkpoint"), "0\n0\n");
        Files.writeString(temp.resolve(".lock"), "");
        segment("too/deep/for-0/00000000000000000000.log");
        var run = run("--deep", temp);
        assertEquals(0, run.exit(), run.errors());
        assertEquals(List.of(other, epochs, log, index, points), run.out().lines()
                .filter(line -> line.endsWith(":")).map(line -> Path.of(line.substring(0, line.length() - 1)))
                .toList());
        assertTrue(run.out().contains("    0  1000  key null  value \"gr\u00fc\u00dfe\"\n"), run.out());
        assertEquals(run.out(), run(temp, "--deep").out());
        assertEquals(log + ":\n", run(log, index).out().lines().findFirst().orElseThrow() + "\n");
    }

    @Test
    void theFirstThingThatIsWrongEndsIt() throws IOException {
        var wrong = segment("a-0/00000000000000000000.log");
        var bytes = Files.readAllBytes(wrong);
        bytes[70] ^= 1;
        Files.write(wrong, bytes);
        segment("b-0/00000000000000000000.log");
        var run = run(temp);
        assertEquals(1, run.exit());
        assertEquals(wrong + ":\n", run.out());
        assertTrue(run.errors().startsWith("daybook: " + wrong + ", byte 0: expected checksum "), run.errors());
        assertEquals(1, run.errors().lines().count());
    }

    @Test
    void whatWasTypedWrongIsOneLineAndExitCodeTwo() throws IOException {
        var unknown = Files.writeString(temp.resolve("notes.txt"), "");
        for (var words : List.of(List.<Object>of(), List.<Object>of("--deep"), List.<Object>of("--deeper", unknown),
                List.<Object>of(unknown), List.<Object>of(temp.resolve("missing.log")), List.<Object>of("\0"))) {
            var run = run(words.toArray());
            assertEquals(2, run.exit(), words::toString);
            assertTrue(run.errors().startsWith("daybook: ") && run.errors().lines().count() == 1, run.errors());
            assertEquals("", run.out());
        }
        assertEquals(0, run(temp).exit(), "in a directory it is passed over");
    }

    @Test
    void aClosedPipeEndsItQuietly() throws IOException {
        var log = segment("a-0/00000000000000000000.log");
        assertEquals(141, Ran.into(Ran.BROKEN_PIPE, "dump", log));
        var large = ByteBuffer.allocate(12_000);
        for (int i = 0; i < 1_000; i++) {
            large.putLong(i).putInt(i);
        }
        var index = Files.write(temp.resolve("00000000000000000000.timeindex"), large.array());
        assertEquals(141, Ran.into(Ran.BROKEN_PIPE, "dump", index));
    }
}
