package daybook.compat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * A group to which things happen at random: members of both protocols come, leave and die, and the broker is
 * killed, often before the group has settled. What became of it is told with the seed, which repeats it as far
 * as threads do.
 */
final class GroupHistory {
    private static final int STEPS = 12;
    private static final int MEMBERS = 4;

    /** Kills the broker and starts it again; fails when offsets that were committed are lost. */
    interface Restart {
        void of(Set<Group> groups) throws Exception;
    }

    private final Group group;
    private final List<Map<String, Object>> protocols;
    private final Restart restart;
    private final Random random;
    private final List<Member> members = new ArrayList<>();
    private final StringBuilder story;
    private int joined;

    /** @param protocols what members are set up with: one of these at random */
    GroupHistory(Group group, List<Map<String, Object>> protocols, Restart restart, long seed) {
        this.group = group;
        this.protocols = protocols;
        this.restart = restart;
        this.random = new Random(seed);
        this.story = new StringBuilder("seed " + seed + ":");
    }

    /** Lets it happen; in the end all is read, once but for what dead members did not commit. */
    void run() throws Exception {
        try {
            for (int step = 0; step < STEPS; step++) {
                step();
            }
            if (members.isEmpty()) {
                join();
            }
            settle();
            group.drains();
        } catch (Exception failed) {
            throw new CheckFailed(story + ": " + failed);
        }
    }

    private void step() throws Exception {
        int what = random.nextInt(10);
        if (members.isEmpty() || what < 4 && members.size() < MEMBERS) {
            join();
        } else if (what < 6) {
            var member = members.remove(random.nextInt(members.size()));
            story.append(" ").append(member.name()).append(" leaves");
            member.leave();
        } else if (what == 6 && members.size() > 1) {
            var member = members.remove(random.nextInt(members.size()));
            story.append(" ").append(member.name()).append(" dies");
            member.die();
        } else if (what < 8) {
            story.append(" kill");
            restart.of(Set.of(group));
        } else if (!members.isEmpty()) {
            settle();
        }
    }

    private void join() {
        var settings = protocols.get(random.nextInt(protocols.size()));
        var name = settings.get("group.protocol") + "-" + joined++;
        story.append(" ").append(name).append(" joins");
        members.add(group.join(name, settings));
    }

    private void settle() throws Exception {
        story.append(" settle");
        group.settles(members.toArray(Member[]::new));
    }
}
