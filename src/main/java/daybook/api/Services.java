package daybook.api;

import daybook.catalog.BrokerConfig;
import daybook.catalog.Catalog;
import daybook.catalog.Image;
import daybook.catalog.MetadataRecord;
import daybook.coordinator.Coordinator;
import daybook.group.GroupRecord;
import daybook.group.Groups;
import daybook.log.Logs;
import daybook.net.RateLimitedLog;
import daybook.txn.TransactionCoordinator;
import daybook.wire.ErrorCode;

import java.io.IOException;
import java.time.InstantSource;
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
}
