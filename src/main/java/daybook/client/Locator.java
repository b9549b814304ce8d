package daybook.client;

import daybook.client.Feed.Ask;
import daybook.client.Inquiry.Answer;
import daybook.wire.ErrorCode;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Looks up who leads a partition and where to begin in it, whenever one or the other is not known, so that
 * neither the caller nor a fetcher has to wait for it. Everything in this class runs on the locator's thread.
 */
final class Locator implements Runnable {
    /** What a member is told that the group has gone past; its next heartbeats put that right. */
    private static final Set<ErrorCode> OF_MEMBERS = EnumSet.of(ErrorCode.STALE_MEMBER_EPOCH,
            ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNKNOWN_SERVER_ERROR);

    private final Cluster cluster;
    private final Feeds feeds;
    private final Offsets offsets;
    private final Fetcher.Limits limits;
    private final GroupOffsets committed;
    private final Set<Integer> nodes = new HashSet<>();

    /** @param committed null where there is no group */
    Locator(Cluster cluster, Feeds feeds, Offsets offsets, GroupOffsets committed, Fetcher.Limits limits) {
        this.cluster = cluster;
        this.feeds = feeds;
        this.offsets = offsets;
        this.committed = committed;
        this.limits = limits;
    }

    @Override
    public void run() {
        for (var lost = feeds.lost(); lost != null; lost = feeds.lost()) {
            var begun = new TreeMap<TopicPartition, Ask>();
            var timed = new TreeMap<TopicPartition, Ask>();
            for (var ask : learned(lost)) {
                if (!lead(ask) || ask.offset() != Feed.UNKNOWN) {
                    continue;
                } else if (ask.wanted() != Feed.COMMITTED) {
                    timed.put(ask.partition(), ask);
                } else if (committed != null) {
                    begun.put(ask.partition(), ask);
                } else {
                    feeds.reset(ask);
                }
            }
            committed(begun);
            timed(timed);
        }
    }

    /**
     * Asks for all topics at once of which nothing is known; leaves out those of which nobody can be asked.
     */
    private List<Ask> learned(List<Ask> lost) {
        var unknown = new ArrayList<Ask>();
        var known = new ArrayList<Ask>();
        var names = new HashSet<String>();
        for (var ask : lost) {
            boolean asks = cluster.known(ask.partition().topic()) == null;
            (asks ? unknown : known).add(ask);
            if (asks) {
                names.add(ask.partition().topic());
            }
        }
        if (unknown.isEmpty()) {
            return lost;
        }
        try {
            cluster.metadata(names, false);
            return lost;
        } catch (ClientException failed) {
            unknown.forEach(ask -> refused(ask, failed));
            return known;
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
            refused(ask, failed);
            return false;
        }
    }

    private void committed(Map<TopicPartition, Ask> asks) {
        if (asks.isEmpty()) {
            return;
        }
        try {
            var answers = new HashMap<TopicPartition, Answer<TopicPartition, Long>>();
            committed.committed(asks.keySet()).forEach(answer -> answers.put(answer.key(), answer));
            asks.forEach((partition, ask) -> {
                var answer = answers.get(partition);
                var error = answer == null ? ErrorCode.UNKNOWN_SERVER_ERROR : answer.error();
                if (error != ErrorCode.NONE) {
                    refused(ask, new ClientException(error, "where to begin in " + partition));
                } else if (answer.value() < 0) {
                    feeds.reset(ask);
                } else {
                    feeds.located(ask, answer.value());
                }
            });
        } catch (ClientException failed) {
            asks.values().forEach(ask -> refused(ask, failed));
        }
    }

    private void timed(Map<TopicPartition, Ask> asks) {
        if (asks.isEmpty()) {
            return;
        }
        var times = new HashMap<TopicPartition, Long>();
        asks.forEach((partition, ask) -> times.put(partition, ask.wanted()));
        var outcomes = offsets.inquiry(times, limits.committedOnly()).once(times.keySet());
        outcomes.values().forEach((partition, found) -> {
            if (found.offset() < 0) {
                feeds.want(asks.get(partition), Consumer.LATEST);
            } else {
                feeds.located(asks.get(partition), found.offset());
            }
        });
        outcomes.errors().forEach((partition, failed) -> {
            cluster.forget(partition.topic());
            refused(asks.get(partition), failed);
        });
    }

    private void refused(Ask ask, ClientException why) {
        feeds.refused(ask, why, why.retriable() || OF_MEMBERS.contains(why.error()));
    }
}
