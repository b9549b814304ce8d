package daybook.group;

/**
 * Who commits or fetches offsets.
 *
 * @param memberId empty for one that is no member
 * @param instanceId null for one that is no static member (KIP-345)
 * @param epoch the generation or the member's epoch, -1 for one that is no member
 */
public record Asker(String memberId, String instanceId, int epoch) { }
