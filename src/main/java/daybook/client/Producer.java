package daybook.client;

import daybook.record.Codec;
import daybook.record.Record;
import daybook.wire.ErrorCode;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Sends records. Any number of threads may share one; what they send to a partition is kept in order, and
 * arrives once even where it had to be sent again.
 *
 * <pre>{@code
 *   try (var producer = Producer.builder("127.0.0.1:9092").lingerMs(5).open()) {
 *       Delivery delivery = producer.send("orders", key, value);
 *       System.out.println(delivery.join().offset());
 *   }
 * }</pre>
 */
public final class Producer implements AutoCloseable {
    private final Sender sender;
    private volatile boolean closed;

    private Producer(Cluster cluster, ProducerSettings settings) {
        var id = settings.transactionalId();
        var transactions = id == null ? null
                : new ProducerTransactions(cluster, id, settings.transactionTimeoutMs());
        sender = new Sender(cluster, settings, transactions);
    }

    /** @param bootstrapServers where to begin: {@code host:port}, comma-separated */
    public static Builder builder(String bootstrapServers) {
        return new Builder(bootstrapServers);
    }

    /**
     * As {@link #send(OutgoingRecord)}, to any partition, of now, without headers.
     *
     * @param key null for none
     * @param value null for none
     */
    public Delivery send(String topic, byte[] key, byte[] value) {
        return send(topic, OutgoingRecord.ANY, OutgoingRecord.NOW, key, value, List.of());
    }

    /**
     * Hands a record over to be sent, and returns at once: it waits only where the topic is not known yet or
     * the memory for records is full, and not longer than {@link Builder#maxBlockMs}.
     *
     * @throws ClientException if it is refused already: MESSAGE_TOO_LARGE, UNKNOWN_TOPIC_OR_PARTITION,
     *     REQUEST_TIMED_OUT where it waited for too long, INVALID_TXN_STATE outside of a transaction
     * @throws IllegalStateException if the producer is closed
     */
    public Delivery send(OutgoingRecord record) {
        return send(record.topic(), record.partition(), record.timestampMs(), record.key(), record.value(),
                record.headers());
    }

    private Delivery send(String topic, int partition, long timestampMs, byte[] key, byte[] value,
            List<Record.Header> headers) {
        if (closed) {
            throw new IllegalStateException("the producer is closed");
        }
        if (partition < OutgoingRecord.ANY) {
            throw new IllegalArgumentException("there is no partition " + partition);
        }
        if (sender.transactions != null) {
            sender.transactions.checkOpen();
        }
        var headerBytes = headers.isEmpty() ? Record.NO_HEADERS : Record.headerBytes(headers);
        long lengthBytes = Batch.lengthBytes(key, value, headerBytes);
        if (lengthBytes > sender.settings.recordMostBytes()) {
            throw new ClientException(ErrorCode.MESSAGE_TOO_LARGE, "a record of " + lengthBytes
                    + " bytes where a request may have " + sender.settings.maxRequestSizeBytes()
                    + " and the memory for records " + sender.settings.bufferMemoryBytes());
        }
        var destination = sender.destination(topic, partition);
        var sticky = partition < 0 && key == null ? destination.sticky() : null;
        var outbox = sticky != null ? sticky.outbox
                : partition < 0 ? destination.keyed(key) : destination.outboxes()[partition];
        long atMs = timestampMs == OutgoingRecord.NOW ? System.currentTimeMillis() : timestampMs;
        return outbox.append(atMs, key, value, headerBytes, sticky);
    }

    /** Sends what was handed over until now, and waits until it has been delivered or has failed. */
    public void flush() {
        sender.flush(Sender.FOREVER);
    }

    /**
     * Begins a transaction: what is sent until it ends is read by those who read committed records all or not
     * at all.
     *
     * @throws ClientException if another has put this producer out: PRODUCER_FENCED; or if no broker answers
     */
    public void beginTransaction() {
        transactions().begin();
    }

    /**
     * Sends what is not sent, and commits the transaction.
     *
     * @throws ClientException if any record of the transaction failed, which then must be aborted; or if the
     *     outcome is not known, where it is retriable or the thread was interrupted: then it may be called
     *     again
     */
    public void commitTransaction() {
        transactions().commit(this::flush);
    }

    /**
     * Ends the transaction as if nothing had been sent in it. What was not sent yet fails.
     *
     * @throws ClientException if the coordinator refuses it; or does not answer, where it is retriable: then
     *     it may be called again
     */
    public void abortTransaction() {
        transactions().abort(this::flush);
    }

    /**
     * Makes the progress of a consumer part of the transaction: it is committed with it, or not at all.
     *
     * @param next the offset of the next record that the group is to read, by partition
     * @param group who read, as the consumer's {@code membership} tells it
     * @throws ClientException if a coordinator refuses it; the transaction must be aborted then
     */
    public void sendOffsets(Map<TopicPartition, Long> next, Membership group) {
        transactions().sendOffsets(next, group);
    }

    private ProducerTransactions transactions() {
        if (sender.transactions == null) {
            throw new IllegalStateException("the producer has no transactional id");
        }
        return sender.transactions;
    }

    /** Aborts the transaction that is open, sends all the rest, and ends. */
    @Override
    public void close() {
        close(Duration.ofNanos(Sender.FOREVER));
    }

    /** As {@link #close()}; what was not delivered after so long fails with REQUEST_TIMED_OUT. */
    public void close(Duration atMost) {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (sender.transactions == null) {
                sender.flush(TimeUnit.NANOSECONDS.convert(atMost));
            } else {
                // What it waits for fails at the latest when all ends.
                Thread.startVirtualThread(() -> sender.transactions.close(this::flush)).join(atMost);
            }
        } catch (InterruptedException stop) {
            throw ClientException.interrupted(stop);
        } finally {
            sender.end();
        }
    }

    /** How a producer is to be; each method is named for Kafka's setting, and returns the builder. */
    public static final class Builder {
        final String bootstrapServers;
        String clientId = "daybook-producer";
        Acks acks = Acks.ALL;
        boolean idempotence = true;
        Codec codec = Codec.NONE;
        int level;
        int batchSizeBytes = 16 * 1024;
        int lingerMs = 5;
        int bufferMemoryBytes = 32 << 20;
        int maxRequestSizeBytes = 1 << 20;
        int maxBlockMs = 60_000;
        int requestTimeoutMs = Settings.REQUEST_TIMEOUT_MS;
        int deliveryTimeoutMs = 120_000;
        String transactionalId;
        int transactionTimeoutMs = 60_000;

        private Builder(String bootstrapServers) {
            this.bootstrapServers = bootstrapServers;
        }

        /** What the brokers are told that the client is called. */
        public Builder clientId(String id) {
            clientId = id;
            return this;
        }

        /** When a record counts as delivered; {@link Acks#ALL} where nothing is said. */
        public Builder acks(Acks when) {
            acks = when;
            return this;
        }

        /**
         * Whether the brokers are to see that nothing arrives twice; true where nothing is said. Without it,
         * and with {@link Acks#NONE}, what is sent again may be there twice, and a partition has one batch on
         * its way at a time, for the order must hold.
         */
        public Builder idempotence(boolean on) {
            idempotence = on;
            return this;
        }

        /** How batches are compressed, with the codec's default level; not at all where nothing is said. */
        public Builder codec(Codec codec) {
            return codec(codec, codec.defaultLevel());
        }

        public Builder codec(Codec codec, int level) {
            this.codec = codec;
            this.level = level;
            return this;
        }

        /** How many bytes of records are gathered in a batch, before they are compressed; 16 KiB. */
        public Builder batchSizeBytes(int bytes) {
            batchSizeBytes = bytes;
            return this;
        }

        /** How long a batch waits for more records; 5. */
        public Builder lingerMs(int ms) {
            lingerMs = ms;
            return this;
        }

        /** The memory for records that are not delivered yet; 32 MiB. */
        public Builder bufferMemoryBytes(int bytes) {
            bufferMemoryBytes = bytes;
            return this;
        }

        /** The most that is sent in one request, and so of one record; 1 MiB. */
        public Builder maxRequestSizeBytes(int bytes) {
            maxRequestSizeBytes = bytes;
            return this;
        }

        /**
         * How long {@link Producer#send} may wait for memory and for what it must know of the topic; 60,000.
         */
        public Builder maxBlockMs(int ms) {
            maxBlockMs = ms;
            return this;
        }

        /** A broker that does not answer for so long is given up; 30,000. */
        public Builder requestTimeoutMs(int ms) {
            requestTimeoutMs = ms;
            return this;
        }

        /**
         * A record that is not delivered after so long fails, though it may be under way and arrive; only in
         * a transaction that is waited for. 120,000.
         */
        public Builder deliveryTimeoutMs(int ms) {
            deliveryTimeoutMs = ms;
            return this;
        }

        /** Makes the producer a transactional one; another that is opened with this id puts it out. */
        public Builder transactionalId(String id) {
            transactionalId = id;
            return this;
        }

        /** A transaction that is open for so long is aborted by the broker; 60,000. */
        public Builder transactionTimeoutMs(int ms) {
            transactionTimeoutMs = ms;
            return this;
        }

        /**
         * The producer. A transactional one is made known to its coordinator here; others reach for a broker
         * when they first need one.
         *
         * @throws IllegalArgumentException if a setting is not what it must be
         * @throws ClientException if the coordinator of the transactional id cannot be asked, or refuses
         */
        public Producer open() {
            boolean idempotent = idempotence && acks != Acks.NONE;
            var settings = new ProducerSettings(acks, idempotent, codec, level, batchSizeBytes, lingerMs,
                    bufferMemoryBytes, maxRequestSizeBytes, maxBlockMs, requestTimeoutMs, deliveryTimeoutMs,
                    transactionalId, transactionTimeoutMs);
            var cluster = new Cluster(new Settings(bootstrapServers, clientId, requestTimeoutMs, maxBlockMs));
            try {
                return new Producer(cluster, settings);
            } catch (ClientException refused) {
                cluster.close();
                throw refused;
            }
        }
    }
}
