package daybook.api;

import daybook.catalog.BrokerConfig;
import daybook.catalog.Catalog;
import daybook.log.Logs;

import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * What the APIs work with.
 *
 * @param config the newest configuration of the broker
 */
public record Services(Catalog catalog, Logs logs, Supplier<BrokerConfig> config, InstantSource clock) {
    Partitions partitions() {
        return new Partitions(this);
    }
}
