package daybook.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.ProcessorTime;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A large group settles, and costs little once it has. */
class ConsumerGroupScaleTest {
    private static final int MEMBERS = 1_000;

    private final TestGroups groups = new TestGroups();
    private final List<TestConsumer> members = new ArrayList<>();

    private ConsumerGroup group() {
        return (ConsumerGroup) groups.groups.find("g");
    }

    /** Heartbeats of all in turn, until no answer is news; returns how many rounds that took. */
    private int settle() {
        for (int round = 1; ; round++) {
            boolean quiet = true;
            for (var member : members) {
                member.beat();
                quiet &= member.records.isEmpty();
            }
            if (quiet) {
                return round;
            }
            assertTrue(round < 10, "it goes on and on");
        }
    }

    @Test
    void aThousandMembersOverAThousandPartitionsSettleInSeconds() throws Throwable {
        groups.topic("t", MEMBERS);
        ProcessorTime.assertWithin(Duration.ofSeconds(60), () -> {
            for (int i = 0; i < MEMBERS; i++) {
                var member = new TestConsumer(groups, "g", "member-" + i, "t");
                members.add(member);
                member.join();
            }
            settle();
        });
        assertEquals(GroupState.STABLE, group().state());
        members.forEach(member -> assertEquals(1, member.owned.size(), member.id));
        for (int i = 0; i < MEMBERS / 2; i++) {
            members.removeLast().leave();
        }
        settle();
        members.forEach(member -> assertEquals(2, member.owned.size(), member.id));
        groups.restart();
        assertEquals(1, settle(), "after a restart there is nothing to do");
    }
}
