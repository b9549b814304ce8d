package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.client.MoodyBroker.Act;
import daybook.client.MoodyBroker.Whim;
import daybook.wire.ErrorCode;

import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;

/** Whatever goes wrong at the broker, records are there once and in order, or have failed. */
final class ProducerFailuresTest {
    private static final int PARTITIONS = 3;
    private static final Act SERVED = new Act(Whim.SERVE, ErrorCode.NONE);
    private static final List<ErrorCode> RETRIABLE = List.of(ErrorCode.NOT_LEADER_OR_FOLLOWER,
            ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.REQUEST_TIMED_OUT);
    private static final List<ErrorCode> FINAL = List.of(ErrorCode.POLICY_VIOLATION,
            ErrorCode.TOPIC_AUTHORIZATION_FAILED, ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.UNKNOWN_SERVER_ERROR);

    private record Sent(int partition, String value, Delivery delivery) { }

    private static <T> T any(List<T> all, Random random) {
        return all.get(random.nextInt(all.size()));
    }

    /**
     * @param ghosts whether what was on a lost connection may be appended later; otherwise records may be
     *     refused for good. Both together would ask for too much: a record that is refused, while a copy of
     *     it that is taken and the one behind it are still on their way, makes a gap that is closed too late.
     */
    private static Act whim(Random random, boolean ghosts) {
        return switch (random.nextInt(100)) {
            case 0, 1, 2, 3 -> new Act(Whim.REFUSE, any(RETRIABLE, random));
            case 4, 5 -> new Act(Whim.DENY, any(List.of(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
                    ErrorCode.REQUEST_TIMED_OUT), random));
            case 6 -> new Act(Whim.DROP, ErrorCode.NONE);
            case 7 -> new Act(Whim.VANISH, ErrorCode.NONE);
            case 8, 9 -> ghosts ? new Act(Whim.HAUNT, ErrorCode.NONE) : new Act(Whim.REFUSE, any(FINAL, random));
            default -> SERVED;
        };
    }

    /** Sends numbers to partitions by chance, from a thread each. */
    private static List<Sent> send(Producer producer, int count, int first, long seed) throws InterruptedException {
        var sent = new ArrayList<List<Sent>>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < PARTITIONS; i++) {
            int partition = i;
            var random = new Random(seed + i);
            var mine = new ArrayList<Sent>();
            sent.add(mine);
            threads.add(Thread.ofVirtual().start(() -> {
                for (int number = first; number < first + count; number++) {
                    var value = partition + ":" + number + " ".repeat(random.nextInt(60));
                    mine.add(new Sent(partition, value, producer.send(new OutgoingRecord(MoodyBroker.TOPIC,
                            partition, OutgoingRecord.NOW, null, TestCluster.bytes(value), List.of()))));
                    if (random.nextInt(50) == 0) {
                        mine.getLast().delivery.isDone();
                        Thread.yield();
                    }
                }
            }));
        }
        for (var thread : threads) {
            thread.join();
        }
        return sent.stream().flatMap(List::stream).toList();
    }

    /** What was acknowledged is there where it was said to be, all is there at most once, and in order. */
    private static int check(MoodyBroker broker, List<Sent> sent, String seed, boolean knowsFates) {
        var order = new HashMap<String, Integer>();
        sent.forEach(each -> order.put(each.value, order.size()));
        for (int i = 0; i < PARTITIONS; i++) {
            int last = -1;
            for (var value : broker.log(i)) {
                int place = order.get(value);
                assertTrue(place > last, seed + ": " + value + " in partition " + i + " comes twice or late, behind "
                        + last);
                last = place;
            }
        }
        int failed = 0;
        for (var each : sent) {
            var log = broker.log(each.partition);
            try {
                var receipt = each.delivery.join();
                assertEquals(each.value, log.get((int) receipt.offset()), seed);
            } catch (ClientException refused) {
                failed++;
                assertTrue(!knowsFates || !log.contains(each.value), seed + ": " + each.value + " " + refused);
            }
        }
        return failed;
    }

    @RepeatedTest(4)
    void recordsAreThereOnceAndInOrderOrHaveFailed(RepetitionInfo repetition) throws Exception {
        long start = System.nanoTime();
        var random = new Random(start);
        boolean ghosts = repetition.getCurrentRepetition() % 2 == 0;
        try (var broker = new MoodyBroker(PARTITIONS, (partition, batch) -> whim(random, ghosts))) {
            List<Sent> sent;
            try (var producer = Producer.builder(broker.address()).batchSizeBytes(200 + random.nextInt(800))
                    .lingerMs(random.nextInt(3)).open()) {
                sent = send(producer, 700, 0, start);
            }
            int failed = check(broker, sent, "Seed " + start, false);
            assertTrue(ghosts ? failed == 0 : failed < sent.size() / 3, "Seed " + start + ": " + failed);
        }
    }

    /** Each move takes all partitions away from their leader, also those that the moving request left alone. */
    @Test
    void whereLeadersMoveRecordsAreThereOnceAndInOrder() throws Exception {
        long start = System.nanoTime();
        var random = new Random(start);
        try (var broker = new MoodyBroker(2, PARTITIONS, (partition, batch) -> switch (random.nextInt(40)) {
            case 0, 1 -> new Act(Whim.MOVE, ErrorCode.NONE);
            case 2 -> new Act(any(List.of(Whim.DROP, Whim.VANISH), random), ErrorCode.NONE);
            default -> SERVED;
        })) {
            List<Sent> sent;
            try (var producer = Producer.builder(broker.address()).batchSizeBytes(300).open()) {
                sent = send(producer, 700, 0, start);
            }
            assertEquals(0, check(broker, sent, "Seed " + start, false), "Seed " + start);
        }
    }

    @Test
    void whatIsRefusedForGoodIsNotThere() throws Exception {
        long start = System.nanoTime();
        var random = new Random(start);
        try (var broker = new MoodyBroker(PARTITIONS, (partition, batch) -> random.nextInt(10) > 0 ? SERVED
                : new Act(Whim.REFUSE, any(random.nextBoolean() ? FINAL : RETRIABLE, random)))) {
            List<Sent> sent;
            try (var producer = Producer.builder(broker.address()).batchSizeBytes(400).open()) {
                sent = send(producer, 500, 0, start);
            }
            int failed = check(broker, sent, "Seed " + start, true);
            assertTrue(failed > 0, "Seed " + start);
        }
    }

    @Test
    void withoutIdempotenceTheOrderIsKept() throws Exception {
        long start = System.nanoTime();
        var random = new Random(start);
        try (var broker = new MoodyBroker(PARTITIONS, (partition, batch) -> random.nextInt(10) > 0 ? SERVED
                : new Act(Whim.REFUSE, any(RETRIABLE, random)))) {
            List<Sent> sent;
            try (var producer = Producer.builder(broker.address()).batchSizeBytes(400).idempotence(false).open()) {
                sent = send(producer, 300, 0, start);
            }
            assertEquals(0, check(broker, sent, "Seed " + start, true));
        }
    }

    @Test
    void whatIsLateFailsAndTheRestGoesOn() throws Exception {
        long start = System.nanoTime();
        var random = new Random(start);
        var lost = new AtomicBoolean();
        // Connections are lost, and what was on them is there or not.
        try (var broker = new MoodyBroker(PARTITIONS, (partition, batch) -> !lost.get() ? SERVED
                : new Act(random.nextInt(4) > 0 ? Whim.DROP : Whim.VANISH, ErrorCode.NONE))) {
            var sent = new ArrayList<Sent>();
            try (var producer = Producer.builder(broker.address()).batchSizeBytes(300).deliveryTimeoutMs(5_000)
                    .open()) {
                sent.addAll(send(producer, 100, 0, start));
                producer.flush();
                lost.set(true);
                sent.addAll(send(producer, 100, 100, start));
                producer.flush();
                lost.set(false);
                sent.addAll(send(producer, 100, 200, start));
            }
            assertEquals(3 * 100, check(broker, sent, "Seed " + start, false), "Seed " + start);
        }
    }
}
