package daybook.group;

import daybook.group.ConsumerProtocol.Answer;
import daybook.group.ConsumerProtocol.Heartbeat;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A client of the consumer protocol: it remembers its epoch and what it has, as the answers say. */
final class TestConsumer {
    final String id;
    final String groupId;
    int version = 1;
    int epoch;
    String instanceId;
    String rackId;
    int rebalanceTimeoutMs = 300_000;
    List<String> topics = List.of();
    String regex;
    String assignor;
    Assignment owned = Assignment.EMPTY;
    private final TestGroups groups;
    /** What the last heartbeat wrote. */
    List<GroupRecord> records = List.of();

    TestConsumer(TestGroups groups, String groupId, String id, String... topics) {
        this.groups = groups;
        this.groupId = groupId;
        this.id = id;
        this.topics = List.of(topics);
    }

    /** Joins, or joins again, and takes what it is given. */
    Answer join() {
        epoch = 0;
        owned = Assignment.EMPTY;
        return take(whole());
    }

    /** A heartbeat that tells only what it has, and takes what it is given. */
    Answer beat() {
        return take(send(epoch, -1, null, null, owned));
    }

    /** A heartbeat that tells all. */
    Answer whole() {
        return send(epoch, rebalanceTimeoutMs, topics, regex, owned);
    }

    /** A heartbeat that tells nothing at all. */
    Answer quiet() {
        return take(send(epoch, -1, null, null, null));
    }

    Answer leave() {
        return send(-1, -1, null, null, null);
    }

    Answer goAway() {
        return send(-2, -1, null, null, null);
    }

    Answer take(Answer answer) {
        if (answer.error() == ErrorCode.NONE) {
            epoch = answer.epoch();
            owned = answer.assignment() == null ? owned : answer.assignment();
        }
        return answer;
    }

    Answer send(int epoch, int timeoutMs, List<String> topics, String regex, Assignment owned) {
        var asked = new Heartbeat(version, groupId, id, epoch, instanceId, rackId, timeoutMs, topics, regex,
                assignor, owned, "client", "/127.0.0.1");
        var outcome = groups.run((all, nowMs) -> all.consumer().heartbeat(asked, nowMs));
        records = outcome.records();
        return outcome.error() == ErrorCode.NONE ? outcome.answer() : Answer.refused(outcome.error(), null);
    }

    static Assignment partitions(Uuid topic, int... partitions) {
        return Assignment.of(Map.of(topic, Arrays.stream(partitions).boxed().toList()));
    }
}
