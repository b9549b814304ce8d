package daybook.api;

import daybook.catalog.Topic;
import daybook.group.Asker;
import daybook.group.Offsets;
import daybook.group.Offsets.Commit;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * OffsetCommit (8): how far a group has come.
 *
 * <pre>
 *   v2   the lowest served; how long to keep the offsets
 *   v3   throttle time
 *   v5   no retention any more: the broker's holds (KIP-211)
 *   v6   leader epoch of the last record consumed (KIP-320)
 *   v7   group instance id (KIP-345)
 *   v8   flexible
 *   v9   members with the consumer protocol may commit; GROUP_ID_NOT_FOUND and STALE_MEMBER_EPOCH may be
 *        answered (KIP-848)
 *   v10  topics by id (KIP-516)
 * </pre>
 * All offsets of a request are written as one batch. The reply waits for the disk, and the requests behind
 * it do not wait for the reply, so that commits that follow one another share a force.
 */
record OffsetCommit(Services services) {
    private static final int IDS_FROM = 10;
    private static final int EPOCHS_FROM = 9;

    private record Query(String groupId, Asker who, long retentionMs, List<ByTopic<Item>> topics) {
        static Query read(Reader in) {
            var groupId = in.string();
            int epoch = in.int32();
            var memberId = in.string();
            var instanceId = in.since(7) ? in.nullableString() : null;
            return new Query(groupId, new Asker(memberId, instanceId, epoch, in.since(EPOCHS_FROM)),
                    in.since(5) ? Offsets.NO_RETENTION : in.int64(),
                    ByTopic.read(in, IDS_FROM, each -> Item.read(each, 6)));
        }
    }

    /** How far the group has come in a partition. */
    record Item(int index, long offset, int leaderEpoch, String metadata) {
        static Item read(Reader in, int leaderEpochsFrom) {
            return new Item(in.int32(), in.int64(), in.since(leaderEpochsFrom) ? in.int32() : -1,
                    in.nullableString());
        }

        Commit of(Topic topic) {
            return new Commit(topic.name(), topic.id(), index, offset, leaderEpoch, metadata);
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var query = Query.read(in);
        in.tags();
        var commits = new ArrayList<Commit>();
        var errors = ByTopic.known(services.catalog().image(), query.topics, Item::index,
                (topic, item) -> commits.add(item.of(topic)));
        if (commits.isEmpty()) {
            write(out, query, errors, List.of());
            return;
        }
        var reply = services.groups().ask(query.groupId, error -> Collections.nCopies(commits.size(), error),
                (groups, nowMs) -> groups.offsets().commit(query.groupId, query.who, query.retentionMs,
                        commits, nowMs));
        out.later(() -> write(out, query, errors, reply.await()));
    }

    private static void write(Writer out, Query query, List<ErrorCode> errors, List<ErrorCode> decided) {
        var told = decided.stream().map(error -> told(query, error)).iterator();
        ByTopic.writeErrors(out.since(3, more -> more.int32(0)), query.topics, IDS_FROM, Item::index, errors,
                told).tags();
    }

    /** Older clients know no error for a group that is not there. */
    private static ErrorCode told(Query query, ErrorCode error) {
        boolean older = error == ErrorCode.GROUP_ID_NOT_FOUND && !query.who.knowsEpochs();
        return older ? ErrorCode.ILLEGAL_GENERATION : error;
    }
}
