package daybook.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import daybook.coordinator.Decision;
import daybook.group.ConsumerProtocol.Heartbeat;
import daybook.group.GroupRecord.ConsumerGroupPartitionMetadata;
import daybook.group.GroupRecord.OffsetCommit;
import daybook.group.GroupRecord.OtherGroup;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.List;

/** Groups of kinds that are not served here: what Apache Kafka left of them must stay whole. */
final class OtherGroupTest {
    private final TestGroups test = new TestGroups();

    private void replay(GroupRecord... records) {
        test.run((groups, nowMs) -> Decision.answer(List.of(records), null));
    }

    private static OtherGroup streams(String groupId) {
        var fields = new ConsumerGroupPartitionMetadata.Value(ByteBuffer.wrap(new byte[] {0, 0, 0, 3, 0}));
        return new OtherGroup(OtherGroup.STREAMS, groupId, fields);
    }

    private static OffsetCommit offset(String groupId) {
        return new OffsetCommit(groupId, "orders", 0,
                new OffsetCommit.Value(7, -1, "", TestGroups.EPOCH_MS, OffsetCommit.NO_TIME, Uuid.ZERO));
    }

    private ErrorCode join(String groupId) {
        return test.run((groups, nowMs) -> groups.consumer().heartbeat(new Heartbeat(1, groupId, "m", 0, null,
                null, 1_000, List.of("orders"), null, null, Assignment.EMPTY, "c", "/h"), nowMs))
                .answer().error();
    }

    private ErrorCode commit(String groupId) {
        var commit = new Offsets.Commit("orders", Uuid.ZERO, 0, 5, -1, "");
        return test.run((groups, nowMs) -> groups.offsets().commit(groupId, new Asker("", null, -1, true), -1,
                List.of(commit), nowMs)).answer().getFirst();
    }

    private Group find(String groupId) {
        return test.run((groups, nowMs) -> Decision.<GroupRecord, Group>answer(groups.find(groupId))).answer();
    }

    private long offsetOf(String groupId) {
        return test.run((groups, nowMs) -> Decision.<GroupRecord, Offsets.Position>answer(
                groups.offsets().position(groupId, new TopicPartition("orders", 0), false))).answer().offset();
    }

    @Test
    void itsNameIsTaken() {
        test.topic("orders", 1);
        replay(streams("s"));
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, join("s"));
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, commit("s"));
        assertEquals(ErrorCode.NONE, join("other"));
        test.restart();
        assertEquals(ErrorCode.GROUP_ID_NOT_FOUND, join("s"));
    }

    @Test
    void itsOffsetsAreItsOwnWhereverTheirRecordsStand() {
        test.topic("orders", 1);
        replay(offset("s"), streams("s"), offset("s"));
        assertNull(find("s"));
        assertEquals(7, offsetOf("s"));
        test.pass(30L * 86_400_000);
        assertEquals(7, offsetOf("s"));
    }

    @Test
    void theNameIsFreeWhenTheGroupIsGone() {
        test.topic("orders", 1);
        replay(streams("s"), offset("s"));
        replay(new OtherGroup(OtherGroup.STREAMS, "s", null));
        assertEquals(GroupState.EMPTY, find("s").state());
        assertEquals(ErrorCode.NONE, join("s"));
    }
}
