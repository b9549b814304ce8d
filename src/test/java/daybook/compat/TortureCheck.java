package daybook.compat;

import static daybook.compat.CheckFailed.expect;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;

/**
 * Compares one partition with what was acknowledged: every record there, once, at the offset that was told,
 * whole, and each producer's in the order in which it sent them. A pass goes on where the last one ended, but
 * for a compacted topic, where it begins anew: there the last record of each key is to be found.
 */
final class TortureCheck {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long LIMIT_SECONDS = 60;
    private static final int UNKNOWN = -1;

    private final TopicPartition partition;
    private final List<TortureLoad.Sent> sent;
    private final boolean compacted;
    /** The last number read, by producer. */
    private final int[] last = new int[TortureLoad.PRODUCERS];
    /** The last number read, by the key's text; of a compacted topic. */
    private final HashMap<String, Integer> lastOfKey = new HashMap<>();
    private long next;
    private long startOffset;
    private long read;

    TortureCheck(TopicPartition partition, List<TortureLoad.Sent> sent) {
        this.partition = partition;
        this.sent = sent;
        this.compacted = partition.topic().equals(Torture.COMPACTED);
        Arrays.fill(last, UNKNOWN);
    }

    /** Records that were read and compared. */
    long read() {
        return read;
    }

    /** Reads to the end of the partition as it is now. */
    void pass(KafkaConsumer<byte[], byte[]> consumer) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        boolean done = false;
        while (!done) {
            try {
                pass(consumer, limit);
                done = true;
            } catch (OffsetOutOfRangeException passed) {
                // Retention was faster than the consumer: the next try begins where the log does.
                expect(System.nanoTime() < limit, partition + " cannot be read at " + next);
            }
        }
    }

    private void pass(KafkaConsumer<byte[], byte[]> consumer, long limit) {
        var acked = sent.stream().mapToInt(TortureLoad.Sent::acked).toArray();
        var one = List.of(partition);
        consumer.assign(one);
        long end = consumer.endOffsets(one).get(partition);
        begin(consumer.beginningOffsets(one).get(partition));
        long from = next;
        consumer.seek(partition, next);
        while (next < end) {
            expect(System.nanoTime() < limit, partition + " cannot be read beyond " + next + " of " + end);
            consumer.poll(POLL).forEach(this::take);
            next = Math.max(next, consumer.position(partition));
        }
        for (int producer = 0; producer < acked.length; producer++) {
            if (compacted) {
                expectKeys(producer, acked[producer]);
            } else {
                int number = acked[producer] - 1;
                boolean within = number >= 0 && sent.get(producer).offset(number) >= from;
                expect(!within || last[producer] >= number, "LOST: " + partition + " ends at " + end
                        + " with record " + last[producer] + " of producer " + producer + ", but " + number
                        + " was acknowledged at " + sent.get(producer).offset(number));
            }
        }
    }

    private void begin(long start) {
        expect(start >= startOffset, partition + " began at " + startOffset + ", and begins at " + start);
        startOffset = start;
        if (compacted || next < start) {
            next = start;
            Arrays.fill(last, UNKNOWN);
            lastOfKey.clear();
        }
    }

    private void take(ConsumerRecord<byte[], byte[]> record) {
        var id = ByteBuffer.wrap(record.headers().lastHeader(TortureLoad.HEADER).value());
        int producer = id.getInt();
        int number = id.getInt();
        var what = "record " + number + " of producer " + producer + " at " + record.offset() + " of "
                + partition;
        expect(compacted ? record.offset() >= next : record.offset() == next, "GAP: " + what + " where " + next
                + " was to come");
        expect(number > last[producer], "DUPLICATED or out of order: " + what + " after " + last[producer]);
        boolean follows = compacted || last[producer] == UNKNOWN || number == last[producer] + 1;
        expect(follows, "LOST: " + what + " comes after " + last[producer]);
        long offset = sent.get(producer).offset(number);
        expect(offset < 0 || offset == record.offset(), "MOVED: " + what + " was acknowledged at " + offset);
        expect(Arrays.equals(record.key(), TortureLoad.key(producer, number))
                && Arrays.equals(record.value(), TortureLoad.value(partition, producer, number)),
                "DAMAGED: " + what + " is not what was sent");
        last[producer] = number;
        if (compacted) {
            lastOfKey.put(new String(record.key()), number);
        }
        next = record.offset() + 1;
        read++;
    }

    /** Each key has its last acknowledged record or a later one; a tombstone may be gone already. */
    private void expectKeys(int producer, int acked) {
        var wanted = new HashMap<String, Integer>();
        for (int number = 0; number < acked; number++) {
            wanted.put(new String(TortureLoad.key(producer, number)), number);
        }
        wanted.forEach((key, number) -> {
            boolean tombstone = TortureLoad.value(partition, producer, number) == null;
            int found = lastOfKey.getOrDefault(key, tombstone ? number : UNKNOWN);
            expect(found >= number, "LOST: " + key + " of " + partition + " has record " + found + ", but "
                    + number + " was acknowledged at " + sent.get(producer).offset(number));
        });
    }
}
