package daybook.group;

/**
 * Who commits or fetches offsets.
 *
 * @param memberId of one that is no member: empty where it commits, null where it fetches
 * @param instanceId null for one that is no static member (KIP-345)
 * @param epoch the generation or the member's epoch, negative for one that is no member
 * @param knowsEpochs whether its version of the API is one that a member with the consumer protocol may use
 */
public record Asker(String memberId, String instanceId, int epoch, boolean knowsEpochs) {
    /** One that speaks a version of today. */
    public Asker(String memberId, String instanceId, int epoch) {
        this(memberId, instanceId, epoch, true);
    }

    /** Whether one that commits says that it is a member. */
    boolean member() {
        return epoch >= 0 || !memberId.isEmpty() || instanceId != null;
    }
}
