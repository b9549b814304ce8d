package daybook.group;

import daybook.group.ConsumerProtocol.Answer;
import daybook.log.TopicPartition;
import daybook.wire.ErrorCode;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A consumer with the consumer protocol as Java's is: it takes its time to give partitions back, tells what
 * it has only when that has changed, and tells all after an answer that it did not get.
 */
final class SimulatedConsumer implements Simulation.Client {
    private static final int INTERVAL_MS = 5_000;
    private static final List<String> EXPRESSIONS = List.of("t[0-2]", "t.*", "(?i)T[4-6]|t1");

    private final Simulation world;
    private final TestConsumer member;
    /** What it reads. */
    private Assignment using = Assignment.EMPTY;
    /** What it was told to have. */
    private Assignment given = Assignment.EMPTY;
    /** When it will have done as it was told; -1: it has. */
    private long doneMs = -1;
    private long nextMs;
    /** The answer on its way, or null. */
    private Answer coming;
    private long comesMs;
    private boolean joined;
    private boolean lost;
    /** Whether the broker knows what it reads. */
    private boolean told = true;

    SimulatedConsumer(Simulation world, String group, String name, String instanceId, List<String> topics) {
        this.world = world;
        this.member = new TestConsumer(world.test, group, name);
        member.instanceId = instanceId;
        member.rebalanceTimeoutMs = 30_000;
        member.assignor = world.once(3) ? "range" : null;
        nextMs = world.test.nowMs;
        subscribe();
        if (world.once(2)) {
            member.topics = topics;
            member.regex = "";
        }
    }

    private void subscribe() {
        boolean byExpression = world.once(3);
        member.topics = byExpression ? List.of() : world.subscription();
        member.regex = byExpression ? EXPRESSIONS.get(world.random.nextInt(EXPRESSIONS.size())) : "";
    }

    @Override
    public String name() {
        return member.id;
    }

    @Override
    public Set<TopicPartition> using() {
        return world.partitions(using);
    }

    @Override
    public Set<String> topics() {
        var expression = TopicRegex.of(member.regex);
        var topics = new TreeSet<>(member.topics);
        world.test.image.topics().keySet().stream()
                .filter(each -> !member.regex.isEmpty() && expression.matches(each)).forEach(topics::add);
        return topics;
    }

    private ConsumerMember known() {
        return world.test.groups.find(member.groupId) instanceof ConsumerGroup group ? group.member(member.id)
                : null;
    }

    @Override
    public boolean current() {
        var known = known();
        if (!joined || known == null || known.epoch() < 0) {
            return false;
        }
        var has = known.assigned().plus(known.pending());
        world.require(has.containsAll(using), member.id + " uses " + using + " and has " + has);
        return true;
    }

    @Override
    public boolean settled() {
        var known = known();
        return joined && doneMs < 0 && known != null && using.equals(known.assigned())
                && member.epoch == known.epoch();
    }

    @Override
    public Asker asker() {
        return new Asker(member.id, member.instanceId, member.epoch);
    }

    @Override
    public void end(boolean aWhile) {
        if (joined) {
            var answer = aWhile ? member.goAway() : member.leave();
            world.note(member.id + (aWhile ? " goes away: " : " leaves: ") + answer.error());
        }
        joined = false;
    }

    @Override
    public void step() {
        long nowMs = world.test.nowMs;
        if (doneMs >= 0 && nowMs >= doneMs && !lost) {
            doneMs = -1;
            using = given;
            told = false;
            nextMs = nowMs;
        }
        if (coming != null) {
            await();
        } else if (nowMs >= nextMs) {
            nextMs = nowMs + INTERVAL_MS;
            mishap();
            send();
        }
    }

    private void mishap() {
        if (world.chaos && world.once(60)) {
            nextMs += world.random.nextInt(80_000);
            world.note(member.id + " pauses until " + nextMs);
        }
        if (world.chaos && joined && world.once(40)) {
            subscribe();
            lost = true;
        }
    }

    /** The request, and perhaps its answer, may be lost on the way. */
    private void send() {
        long nowMs = world.test.nowMs;
        if (world.chaos && world.once(30)) {
            lost = joined;
            return;
        }
        member.owned = using;
        coming = ask();
        comesMs = nowMs + (world.chaos && world.once(4) ? world.random.nextInt(2_000) : 0);
        if (!told || lost || coming.error() != ErrorCode.NONE || coming.assignment() != null) {
            world.note(member.id + " at " + member.epoch + (lost ? " tells all and " : " tells ")
                    + (told ? "nothing of " : "") + using() + ": " + coming.error() + " " + coming.epoch()
                    + " " + (coming.assignment() == null ? "" : world.partitions(coming.assignment())));
        }
        if (world.chaos && world.once(30)) {
            world.note(member.id + " does not get it");
            coming = null;
            lost = joined;
            nextMs = nowMs + 1_000;
        } else {
            told = true;
            await();
        }
    }

    private void await() {
        if (world.test.nowMs >= comesMs) {
            var answer = coming;
            coming = null;
            take(answer);
        }
    }

    private Answer ask() {
        if (!joined) {
            return member.send(0, member.rebalanceTimeoutMs, member.topics, member.regex, Assignment.EMPTY);
        }
        return lost ? member.whole() : member.send(member.epoch, -1, null, null, told ? null : using);
    }

    private void take(Answer answer) {
        switch (answer.error()) {
            case NONE -> {
                lost = false;
                joined = true;
                member.epoch = answer.epoch();
                if (answer.assignment() != null) {
                    given = answer.assignment();
                    doneMs = given.equals(using) ? -1 : world.test.nowMs + world.random.nextInt(9_000);
                    told &= !world.once(3); // Also before it has done as it was told.
                }
            }
            case FENCED_MEMBER_EPOCH, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID -> {
                reset();
                nextMs = world.test.nowMs + 500;
            }
            case COORDINATOR_NOT_AVAILABLE -> {
                lost = joined;
                nextMs = world.test.nowMs + 500;
            }
            case UNRELEASED_INSTANCE_ID, GROUP_ID_NOT_FOUND -> reset();
            default -> world.require(false, member.id + " is answered " + answer);
        }
    }

    private void reset() {
        joined = false;
        lost = false;
        told = true;
        using = Assignment.EMPTY;
        given = Assignment.EMPTY;
        doneMs = -1;
        member.epoch = 0;
    }

    @Override
    public String toString() {
        return member.id + " epoch " + member.epoch + " using " + using + " known as " + known();
    }
}
