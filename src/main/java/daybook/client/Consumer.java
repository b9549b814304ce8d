package daybook.client;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;

/** Reads the records of partitions: those that it is told, or those that its group gives it. */
public final class Consumer implements AutoCloseable {
    /** Where to begin in a partition of which the group has committed no offset, or one that is gone. */
    public enum Reset { EARLIEST, LATEST, NONE }

    /** In place of a time: the first record that is still there. */
    public static final long EARLIEST = -2;
    /** In place of a time: the end. */
    public static final long LATEST = -1;

    private Consumer() { }

    public static Builder builder(String bootstrapServers) {
        return new Builder(bootstrapServers);
    }

    public void subscribe(Collection<String> topics) {
        throw new UnsupportedOperationException();
    }

    public void subscribePattern(String pattern) {
        throw new UnsupportedOperationException();
    }

    public void assign(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    public Set<TopicPartition> assignment() {
        throw new UnsupportedOperationException();
    }

    public List<TopicPartition> partitions(String topic) {
        throw new UnsupportedOperationException();
    }

    public List<Fetched> poll(Duration timeout) {
        throw new UnsupportedOperationException();
    }

    public void seek(TopicPartition partition, long offset) {
        throw new UnsupportedOperationException();
    }

    public void seekToTime(Map<TopicPartition, Long> timestampsMs) {
        throw new UnsupportedOperationException();
    }

    public void seekToBeginning(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    public void seekToEnd(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    public long position(TopicPartition partition) {
        throw new UnsupportedOperationException();
    }

    public Map<TopicPartition, Long> offsetsAt(Map<TopicPartition, Long> timestampsMs) {
        throw new UnsupportedOperationException();
    }

    public void pause(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    public void resume(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    public void commit() {
        throw new UnsupportedOperationException();
    }

    public void commit(Map<TopicPartition, Long> next) {
        throw new UnsupportedOperationException();
    }

    public Future<Void> commitAsync() {
        throw new UnsupportedOperationException();
    }

    public Map<TopicPartition, Long> committed(Collection<TopicPartition> partitions) {
        throw new UnsupportedOperationException();
    }

    public Membership membership() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }

    /** How a consumer is made. */
    public static final class Builder {
        private final String bootstrap;

        private Builder(String bootstrap) {
            this.bootstrap = bootstrap;
        }

        public Builder group(String group) {
            return this;
        }

        public Builder instanceId(String instanceId) {
            return this;
        }

        public Builder assignor(String assignor) {
            return this;
        }

        public Builder reset(Reset reset) {
            return this;
        }

        public Builder readCommitted() {
            return this;
        }

        public Builder autoCommit(Duration interval) {
            return this;
        }

        public Builder maxPollRecords(int records) {
            return this;
        }

        public Builder maxPollIntervalMs(int ms) {
            return this;
        }

        public Builder fetchMinBytes(int bytes) {
            return this;
        }

        public Builder fetchMaxWaitMs(int ms) {
            return this;
        }

        public Builder fetchMaxBytes(int bytes) {
            return this;
        }

        public Builder maxPartitionFetchBytes(int bytes) {
            return this;
        }

        public Builder fetchAheadBytes(int bytes) {
            return this;
        }

        public Builder clientId(String clientId) {
            return this;
        }

        public Builder requestTimeoutMs(int ms) {
            return this;
        }

        public Builder apiTimeoutMs(int ms) {
            return this;
        }

        public Consumer open() {
            throw new UnsupportedOperationException(bootstrap);
        }
    }
}
