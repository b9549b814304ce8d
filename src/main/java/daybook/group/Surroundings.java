package daybook.group;

import daybook.catalog.BrokerConfig;
import daybook.catalog.Image;
import daybook.wire.Uuid;

import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * What the groups of all shards look at and do not change.
 *
 * @param image the newest image of the catalog
 * @param config the newest configuration of the broker
 * @param clock the time of day, for records
 * @param ids makes those of members, each another one
 */
public record Surroundings(Supplier<Image> image, Supplier<BrokerConfig> config, InstantSource clock,
        Supplier<Uuid> ids) {
    /** With random ids. */
    public Surroundings(Supplier<Image> image, Supplier<BrokerConfig> config, InstantSource clock) {
        this(image, config, clock, Uuid::random);
    }
}
