package daybook.group;
public record ConsumerProtocol(Groups groups) { void replay(GroupRecord r) { throw new UnsupportedOperationException(); } }
