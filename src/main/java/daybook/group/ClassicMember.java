package daybook.group;

import daybook.group.ClassicProtocol.DescribedMember;
import daybook.group.ClassicProtocol.Joined;
import daybook.group.ClassicProtocol.JoinedMember;
import daybook.group.ClassicProtocol.Synced;
import daybook.group.ClassicProtocol.Terms;
import daybook.group.GroupRecord.ConsumerGroupMemberMetadata.Protocol;
import daybook.group.GroupRecord.GroupMetadata;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A member of a classic group, with what it waits for. */
final class ClassicMember {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

    /** How many characters of a name an id may begin with. */
    private static final int ID_NAME_MOST = 10_000;

    final String id;
    /** Of a static member (KIP-345); else null. */
    final String instanceId;
    /** What it said when it last joined. */
    Terms terms;
    /** What the leader gave it in the last generation that became stable; sealed. */
    ByteBuffer assignment = NOTHING;
    /** The answer to its JoinGroup, while that waits for the other members; else null. */
    CompletableFuture<Joined> join;
    /** The answer to its SyncGroup, while that waits for the leader; else null. */
    CompletableFuture<Synced> sync;
    /** Whether it has not sent the SyncGroup of this generation yet. */
    boolean unsynced;

    ClassicMember(String id, String instanceId, Terms terms) {
        this.id = id;
        this.instanceId = instanceId;
        this.terms = terms;
    }

    /** An id that begins with a client's name, as far as it can be written and sent back. */
    static String newId(String name, Uuid unique) {
        return name.substring(0, Math.min(name.length(), ID_NAME_MOST)) + "-" + unique;
    }

    /** A member as the log has it. */
    static ClassicMember of(GroupMetadata.Member member, String protocol) {
        var protocols = List.of(new Protocol(protocol, member.subscription()));
        return new ClassicMember(member.memberId(), member.instanceId(), new Terms(member.clientId(),
                member.clientHost(), member.rebalanceTimeoutMs(), member.sessionTimeoutMs(), protocols));
    }

    /** As it stands in the log, with this assignment; null is an empty one. */
    GroupMetadata.Member record(String protocol, ByteBuffer assigned) {
        return new GroupMetadata.Member(id, instanceId, terms.clientId(), terms.clientHost(),
                terms.rebalanceTimeoutMs(), terms.sessionTimeoutMs(), metadata(protocol),
                assigned == null ? NOTHING : assigned);
    }

    /** As the leader is told of it. */
    JoinedMember told(String protocol) {
        return new JoinedMember(id, instanceId, metadata(protocol));
    }

    /** What it said for a protocol; empty where it does not support it. */
    ByteBuffer metadata(String protocol) {
        return terms.protocols().stream().filter(each -> each.name().equals(protocol)).findFirst()
                .map(Protocol::metadata).orElse(NOTHING);
    }

    /** As an operator is told of it; the protocol is empty, and so are the bytes, unless all is settled. */
    DescribedMember describe(String protocol) {
        return new DescribedMember(id, instanceId, terms.clientId(), terms.clientHost(), metadata(protocol),
                protocol.isEmpty() ? NOTHING : assignment);
    }

    /** Gives up waiting, where it does. */
    void refuse(ErrorCode error, String toldId) {
        if (join != null) {
            joined(Joined.refused(error, toldId));
        }
        if (sync != null) {
            synced(Synced.refused(error));
        }
    }

    /** Answers its JoinGroup. */
    void joined(Joined answer) {
        var waiting = join;
        join = null;
        waiting.complete(answer);
    }

    /** Answers its SyncGroup. */
    void synced(Synced answer) {
        var waiting = sync;
        sync = null;
        waiting.complete(answer);
    }
}
