package daybook.api;

import daybook.catalog.Image;
import daybook.catalog.Topic;
import daybook.catalog.TopicNames;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Uuid;
import daybook.wire.Writer;

/**
 * How a request names a topic: by its name in older versions, by its id in newer ones (KIP-516).
 *
 * @param name null where the id names the topic
 * @param id {@link Uuid#ZERO} where the name does
 */
record TopicRef(String name, Uuid id) {
    static TopicRef of(String name) {
        return new TopicRef(name, Uuid.ZERO);
    }

    boolean byId() {
        return !id.equals(Uuid.ZERO);
    }

    /** Reads the one or the other; ids come with version {@code idsFrom}. */
    static TopicRef read(Reader in, int idsFrom) {
        return in.since(idsFrom) ? new TopicRef(null, in.uuid()) : of(in.string());
    }

    /** Writes what {@link #read} read. */
    Writer write(Writer out, int idsFrom) {
        return out.since(idsFrom) ? out.uuid(id) : out.string(name);
    }

    /** The topic, or null where there is none. */
    Topic in(Image image) {
        return name == null ? image.topic(id) : image.topic(name);
    }

    /** What is answered where there is no such topic. */
    ErrorCode unknown() {
        return name == null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }

    /** As {@link #unknown}, but to those who describe topics a name that none can have is told apart. */
    ErrorCode undescribed() {
        boolean invalid = name != null && TopicNames.error(name) != null;
        return invalid ? ErrorCode.INVALID_TOPIC_EXCEPTION : unknown();
    }
}
