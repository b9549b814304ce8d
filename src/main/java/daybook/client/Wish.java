package daybook.client;

import daybook.wire.ErrorCode;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A caller waits to learn of a topic that has so many partitions; the sender's thread answers. */
final class Wish {
    final String topic;
    private final int partitions;
    private final CountDownLatch settled = new CountDownLatch(1);
    /** Null while it is not granted. */
    private volatile Destination granted;
    /** What was heard last. */
    private volatile ClientException trouble;

    Wish(String topic, int partitions) {
        this.topic = topic;
        this.partitions = partitions;
        this.trouble = new ClientException(ErrorCode.REQUEST_TIMED_OUT, "no broker told of topic " + topic);
    }

    /**
     * What was wished for; null where it came to an end before.
     *
     * @throws ClientException what was heard last, where it is not in time
     */
    Destination await(int ms) {
        try {
            boolean inTime = settled.await(ms, TimeUnit.MILLISECONDS);
            if (granted == null && (!inTime || !trouble.retriable())) {
                throw new ClientException(trouble);
            }
            return granted;
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        }
    }

    boolean isOpen() {
        return settled.getCount() > 0;
    }

    void grant(Destination destination) {
        int there = destination.count();
        if (there < partitions) {
            trouble = new ClientException(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "topic " + topic + " has " + there + " partitions, but no " + (partitions - 1));
        } else {
            granted = destination;
            settled.countDown();
        }
    }

    void refuse(ClientException why) {
        trouble = why;
        if (!why.retriable()) {
            settled.countDown();
        }
    }

    /** Nobody answers any more. */
    void end() {
        settled.countDown();
    }
}
