package daybook.client;

import daybook.client.Feed.Ask;
import daybook.wire.ErrorCode;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Looks up who leads a partition and where to begin in it, whenever one or the other is not known, so that
 * neither the caller nor a fetcher has to wait for it. Everything in this class runs on the locator's thread.
 */
final class Locator implements Runnable {
    private final Cluster cluster;
    private final Feeds feeds;
    private final Fetcher.Limits limits;
    private final Inquiry<TopicPartition, Groups.Committed> committed;
    private final Set<Integer> nodes = new HashSet<>();

    /** @param committed asks the group; null where there is none */
    Locator(Cluster cluster, Feeds feeds, Inquiry<TopicPartition, Groups.Committed> committed,
            Fetcher.Limits limits) {
        this.cluster = cluster;
        this.feeds = feeds;
        this.committed = committed;
        this.limits = limits;
    }

    @Override
    public void run() {
        for (var lost = feeds.lost(); lost != null; lost = feeds.lost()) {
            var begun = new TreeMap<TopicPartition, Ask>();
            var timed = new TreeMap<TopicPartition, Ask>();
            for (var ask : learned(lost)) {
                if (lead(ask) && ask.offset() == Feed.UNKNOWN) {
                    (ask.wanted() == Feed.COMMITTED ? begun : timed).put(ask.partition(), ask);
                }
            }
            if (committed == null) {
                begun.values().forEach(ask -> feeds.located(ask, Feed.UNKNOWN));
            } else if (!begun.isEmpty()) {
                locate(begun, committed.once(begun.keySet()).map((partition, found) -> found.offset()));
            }
            if (!timed.isEmpty()) {
                var times = new HashMap<TopicPartition, Long>();
                timed.forEach((partition, ask) -> times.put(partition, ask.wanted()));
                locate(timed, new Offsets(cluster).inquiry(times, limits.committedOnly()).once(times.keySet())
                        .map((partition, found) -> found.offset()));
            }
        }
    }

    /** Asks for topics of which nothing is known; leaves out those of which nobody can be asked. */
    private List<Ask> learned(List<Ask> lost) {
        try {
            Place.learn(cluster, lost.stream().map(ask -> ask.partition().topic()));
            return lost;
        } catch (ClientException failed) {
            var known = lost.stream().collect(Collectors
                    .partitioningBy(ask -> cluster.known(ask.partition().topic()) != null));
            known.get(false).forEach(ask -> feeds.refused(ask, failed));
            return known.get(true);
        }
    }

    /** Finds the leader; false where there is none now. */
    private boolean lead(Ask ask) {
        try {
            var partition = ask.partition();
            int node = cluster.leader(partition);
            var topic = cluster.known(partition.topic());
            if (topic == null || partition.partition() >= topic.partitions().size()
                    || ask.feed().given && !topic.id().equals(ask.topicId())) {
                cluster.forget(partition.topic());
                throw new ClientException(ErrorCode.UNKNOWN_TOPIC_ID, "topic " + partition.topic());
            }
            if (nodes.add(node)) {
                feeds.start("fetcher-" + node, new Fetcher(cluster, feeds, limits, node));
            }
            feeds.led(ask, topic.id(), node, topic.partitions().get(partition.partition()).leaderEpoch());
            return true;
        } catch (ClientException failed) {
            feeds.refused(ask, failed);
            return false;
        }
    }

    private void locate(Map<TopicPartition, Ask> asks, Outcomes<TopicPartition, Long> found) {
        found.values().forEach((partition, offset) -> feeds.located(asks.get(partition), offset));
        found.errors().forEach((partition, failed) -> feeds.refused(asks.get(partition), failed));
    }
}
