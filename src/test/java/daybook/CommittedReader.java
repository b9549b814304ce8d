package daybook;

import daybook.log.TopicPartition;
import daybook.record.RecordBatch;
import daybook.record.TransactionMarker;
import daybook.wire.ErrorCode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;

/**
 * A consumer that wants committed records of one partition, reads on where it stopped, through all that
 * happens to the broker, and remembers what it was given.
 */
final class CommittedReader {
    /** A record given out. */
    record Given(long offset, String value) { }

    private final TransactionSimulation simulation;
    private final TopicPartition place;
    private final List<Given> given = new ArrayList<>();
    private long position;
    private long stable;

    CommittedReader(TransactionSimulation simulation, TopicPartition place) {
        this.simulation = simulation;
        this.place = place;
    }

    TopicPartition place() {
        return place;
    }

    /** Reads on. */
    void read(TransactionLink link) throws IOException {
        // Step by step, for the broker may be killed between two of them.
        for (long next = fetch(link, position, given); next != position; next = fetch(link, position, given)) {
            position = next;
        }
    }

    /** Reads all anew, and from somewhere; it must be what was given out before, and perhaps more. */
    List<Given> readAgain(TransactionLink link) throws IOException {
        read(link);
        var all = new ArrayList<Given>();
        long end = read(link, 0, all);
        requireBegins(all, given, 0);
        long from = simulation.random().nextLong(end + 1);
        var some = new ArrayList<Given>();
        read(link, from, some);
        some.removeIf(each -> each.offset < from);
        read(link);
        requireBegins(given, some, from);
        requireBegins(given, all, 0);
        return given;
    }

    private void requireBegins(List<Given> later, List<Given> earlier, long from) {
        var rest = later.stream().filter(each -> each.offset >= from).limit(earlier.size()).toList();
        boolean unsure = simulation.dying() || simulation.hides();
        simulation.require(unsure || rest.equals(earlier), place + " from " + from + " on was "
                + earlier + ", and then " + rest);
    }

    /** Whether all that there is can be read. */
    boolean atEnd(TransactionLink link) throws IOException {
        var fetched = link.fetch(place, position).take();
        return fetched.lastStableOffset() == fetched.endOffset();
    }

    /** Reads as long as there is more, for a request never reads past the end of a segment. */
    private long read(TransactionLink link, long from, List<Given> into) throws IOException {
        long at = from;
        for (long next = fetch(link, at, into); next != at; next = fetch(link, at, into)) {
            at = next;
        }
        return at;
    }

    private long fetch(TransactionLink link, long from, List<Given> into) throws IOException {
        var fetched = link.fetch(place, from).take();
        if (simulation.dying() || fetched.error() == ErrorCode.KAFKA_STORAGE_ERROR && simulation.faulty()) {
            return from;
        }
        simulation.require(fetched.error() == ErrorCode.NONE, place + " at " + from + ": " + fetched.error()
                + ", it was stable to " + stable);
        // What was not forced is hidden from readers after a force that failed, until the next start.
        simulation.require(fetched.lastStableOffset() >= stable || simulation.hides(), place
                + " is stable to " + fetched.lastStableOffset() + ", and was to " + stable);
        stable = Math.max(stable, fetched.lastStableOffset());
        var coming = new PriorityQueue<>(Comparator.comparingLong(TransactionLink.Aborted::firstOffset));
        coming.addAll(fetched.aborted());
        var aborted = new HashSet<Long>();
        var bytes = fetched.records();
        long next = from;
        for (int at = 0; bytes != null && at < bytes.remaining();) {
            var batch = new RecordBatch(bytes, bytes.position() + at);
            at += batch.sizeBytes();
            while (!coming.isEmpty() && coming.peek().firstOffset() <= batch.lastOffset()) {
                aborted.add(coming.poll().producerId());
            }
            if (batch.control()) {
                if (!TransactionMarker.of(batch).commit()) {
                    aborted.remove(batch.producerId());
                }
            } else if (!batch.transactional() || !aborted.contains(batch.producerId())) {
                for (var record : batch.records(1 << 20)) {
                    into.add(new Given(record.offset(),
                            StandardCharsets.UTF_8.decode(record.value().duplicate()).toString()));
                }
            }
            next = batch.nextOffset();
        }
        return next;
    }
}
