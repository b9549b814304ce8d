package daybook.client;

/**
 * What a consumer is in its group: who commits, and by what right.
 *
 * @param memberId empty for a consumer that has no subscription, and so is no member
 * @param epoch the member's epoch as the group's coordinator last told it; -1 for no member
 * @param instanceId null where the member has no fixed place in the group
 */
public record Membership(String group, String memberId, int epoch, String instanceId) {
    /** Of whoever is no member. */
    static Membership none(String group) {
        return new Membership(group, "", -1, null);
    }
}
