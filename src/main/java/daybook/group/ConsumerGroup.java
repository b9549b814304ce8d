package daybook.group;
import daybook.coordinator.Decision;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;
import java.util.List;
record ConsumerGroup(String id) implements Group {
  public String type() { return ""; } public String protocolType() { return ""; } public GroupState state() { return GroupState.EMPTY; }
  public ErrorCode commitError(Asker who, Uuid topicId, int partition) { return ErrorCode.NONE; }
  public ErrorCode fetchError(Asker who) { return ErrorCode.NONE; }
  public void committed(Asker who, long nowMs) { }
  public boolean subscribes(String topic) { return false; }
  public long emptySinceMs() { return -1; }
  public List<GroupRecord> tombstones() { return List.of(); }
  public void loaded(long nowMs) { }
  public Decision<GroupRecord, ?> due(Timer timer, long nowMs) { return null; }
  public void changed(long nowMs) { }
}
