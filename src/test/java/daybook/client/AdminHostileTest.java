package daybook.client;

import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.client.Configs.Change;
import daybook.client.Configs.Resource;
import daybook.client.Topics.NewTopic;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** Whatever bytes a broker answers, an admin fails in the one way that its callers know, and soon. */
class AdminHostileTest {
    private static final int ROUNDS = 40;
    private static final TopicPartition PARTITION = new TopicPartition("orders", 0);
    private static final List<Consumer<Admin>> QUESTIONS = List.of(
            admin -> admin.topics().create(List.of(new NewTopic("orders"))),
            admin -> admin.topics().delete(List.of("orders")),
            admin -> admin.topics().addPartitions(Map.of("orders", 2), false),
            admin -> admin.topics().deleteRecords(Map.of(PARTITION, 1L)),
            admin -> admin.configs().describe(List.of(Resource.topic("orders"))),
            admin -> admin.configs().alter(Map.of(Resource.brokers(), List.of(Change.delete("key"))), false),
            admin -> admin.offsets().list(Map.of(PARTITION, Offsets.LATEST), false),
            admin -> admin.groups().list(),
            admin -> admin.groups().describe(List.of("group")),
            admin -> admin.groups().committed(List.of("group")),
            admin -> admin.groups().alterOffsets("group", Map.of(PARTITION, 1L)),
            admin -> admin.groups().deleteOffsets("group", List.of(PARTITION)),
            admin -> admin.groups().delete(List.of("group")),
            admin -> admin.transactions().list(),
            admin -> admin.transactions().describe(List.of("id")),
            admin -> admin.transactions().producers(List.of(PARTITION)),
            admin -> admin.transactions().fence(List.of("id")),
            admin -> admin.transactions().abort(PARTITION,
                    new Transactions.ActiveProducer(1, 1, 1, 1, 1, 1)));

    private static ScriptedBroker.Script coordinator() {
        return in -> {
            in.int8();
            var keys = in.array(Reader::string);
            return out -> out.int32(0).structs(keys, (each, key) -> each.string(key).int32(1)
                    .string("127.0.0.1").int32(1).int16(0).string(null)).tags();
        };
    }

    /** Bytes with many zeros and ones, so that arrays and texts are short enough to be read. */
    private static ByteBuffer bytes(Random random) {
        var bytes = new byte[random.nextInt(120)];
        for (int at = 0; at < bytes.length; at++) {
            bytes[at] = (byte) (random.nextInt(4) > 0 ? random.nextInt(3) : random.nextInt());
        }
        return ByteBuffer.wrap(bytes);
    }

    @Test
    void anyAnswerIsAClientException() throws Exception {
        long seed = System.nanoTime();
        var random = new Random(seed);
        var partition = new Topic.Partition(ErrorCode.NONE, 0, 1, 0, List.of(1), List.of(1), List.of());
        try (var broker = new ScriptedBroker()
                .topic(new Topic("orders", new Uuid(1, 2), false, List.of(partition)))) {
            for (var call : Call.values()) {
                if (call != Call.API_VERSIONS && call != Call.METADATA) {
                    broker.on(call, in -> {
                        var answer = bytes(random);
                        return out -> out.raw(answer);
                    });
                }
            }
            var coordinator = coordinator();
            broker.on(Call.FIND_COORDINATOR, in -> {
                var answer = bytes(random);
                return random.nextInt(4) > 0 ? coordinator.answer(in) : out -> out.raw(answer);
            });
            int refused = 0;
            for (int round = 0; round < ROUNDS; round++) {
                for (var question : QUESTIONS) {
                    try (var admin = Admin.builder(broker.address()).apiTimeoutMs(1).open()) {
                        question.accept(admin);
                    } catch (ClientException failed) {
                        refused++;
                    } catch (RuntimeException other) {
                        var which = ", question " + QUESTIONS.indexOf(question);
                        throw new AssertionError("seed " + seed + which, other);
                    }
                }
            }
            assertTrue(refused > 0, "seed " + seed);
        }
    }
}
