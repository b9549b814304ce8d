package daybook.client;

import daybook.client.Inquiry.Answer;
import daybook.wire.ErrorCode;
import daybook.wire.Reader;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What a group has committed, asked of its coordinator and told it by one of its consumers. */
final class GroupOffsets {
    private final Cluster cluster;
    private final String group;
    private final Supplier<Membership> membership;

    /** @param membership by what right the consumer asks; asked anew each time */
    GroupOffsets(Cluster cluster, String group, Supplier<Membership> membership) {
        this.cluster = cluster;
        this.group = group;
        this.membership = membership;
    }

    /**
     * What the group has committed, {@link Feed#UNKNOWN} where that is nothing; tried once. Where a
     * transaction may still commit more, the answer is UNSTABLE_OFFSET_COMMIT.
     */
    List<Answer<TopicPartition, Long>> committed(Collection<TopicPartition> partitions) {
        var me = membership.get();
        return cluster.coordinatedOnce(Cluster.Coordinated.GROUP, group, connection ->
                connection.ask(Call.OFFSET_FETCH, out -> {
                    out.length(1).string(group).since(9, member -> member
                            .string(me.memberId().isEmpty() ? null : me.memberId()).int32(me.epoch()));
                    ByTopic.numbers(out, partitions).tags().bool(true).tags();
                }, GroupOffsets::committed));
    }

    private static List<Answer<TopicPartition, Long>> committed(Reader in) {
        in.int32();
        return in.structs(each -> {
            each.string();
            var committed = ByTopic.read(each, (partition, fields) -> {
                long offset = fields.int64();
                fields.int32();
                fields.nullableString();
                return new Answer<>(partition, ErrorCode.of(fields.int16()), offset);
            });
            ClientException.check(ErrorCode.of(each.int16()), "what the group has committed");
            return committed;
        }).getFirst();
    }

    /**
     * Commits, trying again while it fails with what is retriable.
     *
     * @param right asked anew each time
     */
    void commit(Map<TopicPartition, Long> next, Supplier<Membership> right) {
        cluster.coordinated(Cluster.Coordinated.GROUP, group, connection -> {
            var me = right.get();
            var answers = connection.ask(Call.OFFSET_COMMIT, out -> {
                out.string(group).int32(me.epoch()).string(me.memberId()).string(me.instanceId());
                ByTopic.write(out, next.keySet(), (each, partition) ->
                        each.int64(next.get(partition)).int32(-1).string("")).tags();
            }, Inquiry.eachPartition((partition, in) ->
                    new Answer<>(partition, ErrorCode.of(in.int16()), null)));
            answers.forEach(answer -> ClientException.check(answer.error(), "committing " + answer.key()));
            return null;
        });
    }
}
