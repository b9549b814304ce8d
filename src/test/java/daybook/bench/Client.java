package daybook.bench;

import java.util.function.Function;

/**
 * A client library that is measured, with its default settings, and with nothing to do for a record but to
 * send it or to look at it.
 */
enum Client {
    DAYBOOK("Daybook's client", DaybookClient::sender, DaybookClient::reader),
    KAFKA("Apache Kafka's", KafkaClient::sender, KafkaClient::reader);

    /** Sends records. */
    interface Sender extends AutoCloseable {
        void send(String topic, byte[] value);

        /** Returns when all that was sent is acknowledged. */
        void flush();

        @Override
        void close();
    }

    /** Reads all partitions of a topic. */
    interface Reader extends AutoCloseable {
        void rewind();

        /** Counts what has come, after waiting for it a little. */
        void poll(Count count);

        @Override
        void close();
    }

    /** Records that were seen, and the bytes of their values. */
    static final class Count {
        long records;
        long bytes;
    }

    /** Connects to the broker at this address: HOST:PORT. */
    final Function<String, Sender> sender;
    final ReaderOf reader;
    final String title;

    interface ReaderOf {
        Reader open(String address, String topic);
    }

    Client(String title, Function<String, Sender> sender, ReaderOf reader) {
        this.title = title;
        this.sender = sender;
        this.reader = reader;
    }
}
