package daybook.api;

import daybook.api.OffsetCommit.Item;
import daybook.coordinator.Decision.Producer;
import daybook.group.Asker;
import daybook.group.Groups;
import daybook.group.Offsets.Commit;
import daybook.txn.Identity;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * TxnOffsetCommit (28): how far a group has come, which holds when the producer's transaction is committed.
 *
 * <pre>
 *   v0  the oldest (KIP-98)
 *   v2  leader epoch of the last record consumed; COORDINATOR_LOAD_IN_PROGRESS may be answered
 *   v3  flexible; the member and its generation (KIP-447)
 *   v4  TRANSACTION_ABORTABLE may be answered (KIP-890)
 *   v5  adds the group's partition to the transaction by itself (KIP-890)
 * </pre>
 * The group's partition must be in the transaction on the disk before anything is written to it. So where the
 * log does not know the transaction its coordinator is asked first.
 */
record TxnOffsetCommit(Services services) {
    private static final int LOADING_FROM = 2;
    private static final int ABORTABLE_FROM = 4;
    private static final int ADDS_FROM = 5;

    private record Query(int version, String transactionalId, String groupId, Identity producer, Asker who,
            List<ByTopic<Item>> topics) {
        static Query read(Reader in) {
            var transactionalId = in.string();
            var groupId = in.string();
            var producer = Identity.of(in.int64(), in.int16());
            int generation = in.since(3) ? in.int32() : -1;
            var memberId = in.since(3) ? in.string() : "";
            var who = new Asker(memberId, in.since(3) ? in.nullableString() : null, generation);
            return new Query(in.version(), transactionalId, groupId, producer, who,
                    ByTopic.read(in, ByTopic.NO_IDS, each -> Item.read(each, 2)));
        }
    }

    void serve(Request request, Reader in, Writer out) {
        var query = Query.read(in);
        in.tags();
        var commits = new ArrayList<Commit>();
        var errors = ByTopic.known(services.catalog().image(), query.topics, Item::index,
                (topic, item) -> commits.add(item.of(topic)));
        var told = commit(query, commits).stream().map(error -> told(query, error)).iterator();
        ByTopic.writeErrors(out.int32(0), query.topics, ByTopic.NO_IDS, Item::index, errors, told).tags();
    }

    private List<ErrorCode> commit(Query query, List<Commit> commits) {
        if (commits.isEmpty()) {
            return List.of();
        }
        int partition = services.groups().partition(query.groupId);
        var log = services.logs().find(Groups.TOPIC, partition);
        if (query.groupId.isEmpty() || log == null) {
            return Collections.nCopies(commits.size(),
                    query.groupId.isEmpty() ? ErrorCode.INVALID_GROUP_ID : ErrorCode.NOT_COORDINATOR);
        }
        var verification = Verification.of(services, query.transactionalId, query.producer,
                query.version >= ADDS_FROM, List.of(log));
        var error = verification.error(log, query.version >= ABORTABLE_FROM);
        if (error != ErrorCode.NONE) {
            return Collections.nCopies(commits.size(), error);
        }
        var producer = new Producer(query.producer.producerId(), (short) query.producer.producerEpoch(),
                verification.from(log));
        return services.groups().ask(partition, refusal -> Collections.nCopies(commits.size(), refusal),
                (groups, nowMs) -> groups.offsets().commit(query.groupId, query.who, producer, commits))
                .await();
    }

    private static ErrorCode told(Query query, ErrorCode error) {
        boolean unknown = error == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS && query.version < LOADING_FROM;
        return unknown ? ErrorCode.COORDINATOR_NOT_AVAILABLE : error;
    }
}
