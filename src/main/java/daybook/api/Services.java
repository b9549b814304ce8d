package daybook.api;

import daybook.catalog.BrokerConfig;
import daybook.catalog.Catalog;
import daybook.catalog.Changes;
import daybook.catalog.Image;
import daybook.catalog.MetadataRecord;
import daybook.coordinator.Coordinator;
import daybook.group.GroupRecord;
import daybook.group.Groups;
import daybook.log.Logs;
import daybook.net.Connection;
import daybook.net.Listener;
import daybook.net.RateLimitedLog;
import daybook.txn.TransactionCoordinator;
import daybook.wire.ErrorCode;

import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What the APIs work with.
 *
 * @param config the newest configuration of the broker
 * @param log for what a client may cause again and again
 */
public record Services(Catalog catalog, Logs logs, Coordinator<Groups, GroupRecord> groups,
        TransactionCoordinator transactions, Supplier<BrokerConfig> config, InstantSource clock,
        RateLimitedLog log) {
    Partitions partitions() {
        return new Partitions(this);
    }

    /**
     * The host and port a client is told to connect to: what {@code advertised.listeners} says for the
     * listener it came in by, and without that the address on which it has just reached this broker. That is
     * right by itself on every interface; where addresses are translated on the way, only the configuration
     * can know.
     */
    Listener advertised(Connection connection) {
        var address = connection.localAddress();
        // Without the scope that an address of IPv6 may have.
        var host = address.getAddress().getHostAddress().replaceFirst("%.*", "");
        for (var told : config.get().listeners("advertised.listeners")) {
            if (told.name().equals(connection.listener())) {
                return told.host().isEmpty() ? new Listener(told.name(), host, told.port()) : told;
            }
        }
        return new Listener(connection.listener(), host, address.getPort());
    }

    /**
     * Changes the catalog, as {@link Catalog#change} does.
     *
     * @return what is to be told of all that was decided: it is done, or the disk is full or failed
     */
    Outcome change(Function<Image, List<MetadataRecord>> decide) {
        try {
            catalog.change(decide);
            return Outcome.DONE;
        } catch (IOException failed) {
            log.warn("catalog", "A change of the catalog failed: " + failed.getMessage());
            return new Outcome(ErrorCode.KAFKA_STORAGE_ERROR, failed.getMessage());
        }
    }

    /** Says what becomes of an item, and adds the records of what is to be. */
    interface Decide<T> {
        Outcome decide(Image image, T item, List<MetadataRecord> records);
    }

    /**
     * Changes the catalog for all items of a request at once; one that is refused does not hinder the others.
     *
     * @param name what tells the items apart
     * @param repeated the sentence for those that have the same name
     * @param validateOnly says what would become of them, and changes nothing
     * @return what became of each, in order
     */
    <T> List<Outcome> change(List<T> items, Function<T, ?> name, String repeated, boolean validateOnly,
            Decide<T> decide) {
        var times = new HashMap<Object, Integer>();
        items.forEach(item -> times.merge(name.apply(item), 1, Integer::sum));
        var outcomes = new ArrayList<Outcome>();
        var written = change(image -> {
            var records = new ArrayList<MetadataRecord>();
            for (var item : items) {
                outcomes.add(times.get(name.apply(item)) > 1 ? Outcome.invalid(repeated)
                        : decide.decide(image, item, records));
            }
            if (records.size() > Changes.RECORDS_LIMIT) {
                outcomes.replaceAll(outcome -> Outcome.TOO_LARGE);
                records.clear();
            }
            return validateOnly ? List.of() : records;
        });
        outcomes.replaceAll(outcome -> outcome.or(written));
        return outcomes;
    }
}
