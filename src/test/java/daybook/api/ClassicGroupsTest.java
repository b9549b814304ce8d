package daybook.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;
import daybook.wire.Writer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The classic protocol over a socket, byte by byte, in all versions. */
class ClassicGroupsTest {
    private static final int JOIN_NEWEST = 9;
    private static final int SYNC_NEWEST = 5;

    private record Member(String id, String instanceId, String metadata) { }

    private record Joined(ErrorCode error, int generation, String type, String protocol, String leader,
            boolean skip, String memberId, List<Member> members) { }

    @TempDir
    Path directory;
    private TestBroker broker;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory, Map.of("offsets.topic.num.partitions", "3"));
        client = broker.client();
        client.ask("FindCoordinator", 4, out -> out.int8(0).strings(List.of("g")).tags());
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    private static ErrorCode error(Reader in) {
        return ErrorCode.of(in.int16());
    }

    private static void write(Writer out, String group, String memberId, String instanceId, String metadata) {
        out.string(group).int32(10_000).since(1, more -> more.int32(20_000)).string(memberId)
                .since(5, more -> more.string(instanceId)).string("consumer")
                .structs(List.of("range"), (each, name) -> each.string(name).bytes(bytes(metadata)))
                .since(8, more -> more.string("why not")).tags();
    }

    private Joined join(int version, String group, String memberId, String instanceId) throws IOException {
        return joined(client.ask("JoinGroup", version, out -> write(out, group, memberId, instanceId, "m")));
    }

    private static Joined joined(Reader in) {
        if (in.since(2)) {
            assertEquals(0, in.int32());
        }
        var error = error(in);
        var joined = new Joined(error, in.int32(), in.since(7) ? in.nullableString() : "-",
                in.since(7) ? in.nullableString() : in.string(), in.string(), in.since(9) && in.bool(),
                in.string(), in.structs(each -> new Member(each.string(),
                        each.since(5) ? each.nullableString() : null, text(each.bytes()))));
        in.tags();
        assertEquals(0, in.remaining());
        return joined;
    }

    private String sync(int version, String memberId, int generation, String... assignments)
            throws IOException {
        var in = client.ask("SyncGroup", version, out -> {
            out.string("g").int32(generation).string(memberId).since(3, more -> more.string(null));
            out.since(5, more -> more.string("consumer").string("range"));
            out.structs(List.of(assignments),
                    (each, text) -> each.string(memberId).bytes(bytes(text))).tags();
        });
        return synced(in);
    }

    private static String synced(Reader in) {
        if (in.since(1)) {
            assertEquals(0, in.int32());
        }
        var error = error(in);
        if (in.since(5)) {
            assertEquals(error == ErrorCode.NONE ? "consumer" : null, in.nullableString());
            assertEquals(error == ErrorCode.NONE ? "range" : null, in.nullableString());
        }
        var assignment = text(in.bytes());
        in.tags();
        assertEquals(0, in.remaining());
        return error == ErrorCode.NONE ? assignment : error.name();
    }

    private ErrorCode heartbeat(int version, String group, String memberId, int generation)
            throws IOException {
        var in = client.ask("Heartbeat", version, out -> out.string(group).int32(generation).string(memberId)
                .since(3, more -> more.string(null)).tags());
        if (in.since(1)) {
            assertEquals(0, in.int32());
        }
        var error = error(in);
        in.tags();
        assertEquals(0, in.remaining());
        return error;
    }

    /** The errors of all, with that of the whole first. */
    private List<ErrorCode> leave(int version, String group, String... memberIds) throws IOException {
        var in = client.ask("LeaveGroup", version, out -> {
            out.string(group);
            if (out.since(3)) {
                out.structs(List.of(memberIds), (each, id) -> each.string(id).string(null)
                        .since(5, more -> more.string("enough")));
            } else {
                out.string(memberIds[0]);
            }
            out.tags();
        });
        if (in.since(1)) {
            assertEquals(0, in.int32());
        }
        var errors = new ArrayList<ErrorCode>();
        errors.add(error(in));
        if (in.since(3)) {
            int count = in.structs(each -> {
                assertTrue(List.of(memberIds).contains(each.string()));
                assertEquals(null, each.nullableString());
                return errors.add(error(each));
            }).size();
            assertEquals(errors.size() - 1, count);
        }
        in.tags();
        assertEquals(0, in.remaining());
        return errors;
    }

    /** What is told of groups, as text. */
    private List<String> describe(int version, String... groups) throws IOException {
        var in = client.ask("DescribeGroups", version, out -> out.strings(List.of(groups))
                .since(3, more -> more.bool(true)).tags());
        if (in.since(1)) {
            assertEquals(0, in.int32());
        }
        var told = in.structs(each -> {
            var text = error(each) + " " + (each.since(6) ? each.nullableString() : "-") + " "
                    + each.string() + " " + each.string() + " " + each.string() + " " + each.string();
            text += each.structs(member -> {
                member.string();
                return (member.since(4) ? member.nullableString() : "-") + " " + member.string() + " "
                        + member.string() + " " + text(member.bytes()) + " " + text(member.bytes());
            });
            return text + (each.since(3) ? " " + each.int32() : "");
        });
        in.tags();
        assertEquals(0, in.remaining());
        return told;
    }

    @Test
    void aMemberAloneInAllVersions() throws IOException {
        int generation = 0;
        for (int version = 0; version <= JOIN_NEWEST; version++) {
            var first = join(version, "g", "", null);
            var id = first.memberId;
            if (version >= 4) {
                assertEquals(new Joined(ErrorCode.MEMBER_ID_REQUIRED, -1, version < 7 ? "-" : null,
                        version < 7 ? "" : null, "", false, id, List.of()), first);
            }
            var joined = version < 4 ? first : join(version, "g", id, null);
            generation++;
            assertTrue(id.startsWith("test-"), id);
            assertEquals(new Joined(ErrorCode.NONE, generation, version < 7 ? "-" : "consumer", "range", id,
                    false, id, List.of(new Member(id, null, "m"))), joined);
            assertEquals("p0", sync(Math.min(version, SYNC_NEWEST), id, generation, "p0"));
            assertEquals("p0", sync(Math.min(version, SYNC_NEWEST), id, generation));
            assertEquals("ILLEGAL_GENERATION", sync(Math.min(version, SYNC_NEWEST), id, generation + 1));
            int older = Math.min(version, 4);
            assertEquals(ErrorCode.NONE, heartbeat(older, "g", id, generation));
            assertEquals(ErrorCode.ILLEGAL_GENERATION, heartbeat(older, "g", id, 0));
            assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, heartbeat(older, "nix", id, 0));
            assertEquals(ErrorCode.INVALID_GROUP_ID, heartbeat(older, "", id, 0));
            int leaving = Math.min(version, 5);
            assertEquals(leaving < 3 ? List.of(ErrorCode.UNKNOWN_MEMBER_ID)
                    : List.of(ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID), leave(leaving, "nix", id));
            assertEquals(List.of(ErrorCode.INVALID_GROUP_ID), leave(leaving, "", id));
            assertEquals(leaving < 3 ? List.of(ErrorCode.NONE)
                    : List.of(ErrorCode.NONE, ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID),
                    leave(leaving, "g", id, id));
            generation++;
        }
    }

    @Test
    void refusalsInAllVersions() throws IOException {
        for (int version = 0; version <= JOIN_NEWEST; version++) {
            assertEquals(new Joined(ErrorCode.INVALID_GROUP_ID, -1, version < 7 ? "-" : null,
                    version < 7 ? "" : null, "", false, "m", List.of()), join(version, "", "m", null));
            assertEquals(ErrorCode.UNKNOWN_MEMBER_ID, join(version, "g", "m", null).error);
        }
        for (int version = 0; version <= SYNC_NEWEST; version++) {
            assertEquals("UNKNOWN_MEMBER_ID", sync(version, "m", 1));
        }
        var noType = client.ask("SyncGroup", SYNC_NEWEST, out -> out.string("g").int32(1).string("m")
                .string(null).string(null).string("range").length(0).tags());
        assertEquals("INCONSISTENT_GROUP_PROTOCOL", synced(noType));
    }

    @Test
    void aGroupIsDescribedInAllVersions() throws IOException {
        var id = join(9, "g", "", "instance").memberId;
        for (int version = 0; version <= 6; version++) {
            var operations = version < 3 ? "" : " 3400";
            var instance = version < 4 ? "-" : "instance";
            var message = version < 6 ? "-" : "null";
            var missing = version < 6 ? "NONE - nix Dead  []" + operations
                    : "GROUP_ID_NOT_FOUND Group nix not found. nix Dead  [] -2147483648";
            assertEquals(List.of("NONE " + message + " g CompletingRebalance consumer [" + instance
                    + " test /127.0.0.1  ]" + operations, missing), describe(version, "g", "nix"));
        }
        sync(5, id, 1, "p0");
        assertEquals(List.of("NONE null g Stable consumer range[instance test /127.0.0.1 m p0] 3400"),
                describe(6, "g", "g"), "each once");
    }

    @Test
    void twoMembersOnConnectionsOfTheirOwn() throws IOException {
        var first = join(3, "g", "", null).memberId;
        assertEquals("p0", sync(0, first, 1, "p0"));
        try (var other = broker.client().named("other")) {
            var second = joined(other.ask("JoinGroup", 9, out -> write(out, "g", "", null, "m2"))).memberId;
            other.send("JoinGroup", 9, out -> write(out, "g", second, null, "m2"));
            while (heartbeat(0, "g", first, 1) == ErrorCode.NONE) {
                Thread.onSpinWait();
            }
            assertEquals("REBALANCE_IN_PROGRESS", sync(0, first, 1));
            var leading = join(9, "g", first, null);
            assertEquals(List.of(new Member(first, null, "m"), new Member(second, null, "m2")),
                    leading.members);
            assertEquals(2, leading.generation);
            assertEquals(new Joined(ErrorCode.NONE, 2, "consumer", "range", first, false, second, List.of()),
                    joined(other.receive()));

            other.send("SyncGroup", 5, out -> out.string("g").int32(2).string(second).string(null)
                    .string("consumer").string("range").length(0).tags());
            assertEquals("both", synced(client.ask("SyncGroup", 5, out -> out.string("g").int32(2)
                    .string(first).string(null).string("consumer").string("range")
                    .structs(List.of(first, second), (each, id) -> each.string(id).bytes(bytes("both")))
                    .tags())));
            assertEquals("both", synced(other.receive()));
            assertEquals(List.of(ErrorCode.NONE), leave(0, "g", first));
            assertEquals(ErrorCode.REBALANCE_IN_PROGRESS, heartbeat(4, "g", second, 2));
        }
    }

    @Test
    void whoWaitsIsToldWhenTheBrokerStops() throws IOException {
        var first = join(3, "g", "", null).memberId;
        assertEquals("p0", sync(0, first, 1, "p0"));
        try (var other = broker.client()) {
            other.send("JoinGroup", 3, out -> write(out, "g", "", null, "m2"));
            while (heartbeat(0, "g", first, 1) == ErrorCode.NONE) {
                Thread.onSpinWait();
            }
            broker.groups.close();
            assertEquals(ErrorCode.NOT_COORDINATOR, joined(other.receive()).error);
        }
    }
}
