package daybook.api;

import daybook.catalog.BrokerConfig;
import daybook.catalog.Catalog;
import daybook.log.Logs;
import daybook.net.RateLimitedLog;

import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * What the APIs work with.
 *
 * @param config the newest configuration of the broker
 * @param log for what a client may cause again and again
 */
public record Services(Catalog catalog, Logs logs, Supplier<BrokerConfig> config, InstantSource clock,
        RateLimitedLog log) {
    Partitions partitions() {
        return new Partitions(this);
    }
}
