package daybook.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.client.Topics.NewTopic;
import daybook.wire.ErrorCode;
import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** An admin whose answers are lost, and brokers that are gone. */
class AdminHazardsTest {
    private static Admin admin(ScriptedBroker broker) {
        return Admin.builder(broker.address()).apiTimeoutMs(20_000).open();
    }

    private static ClientException created(ScriptedBroker broker, int lost) {
        var requests = new AtomicInteger();
        broker.on(Call.CREATE_TOPICS, in -> requests.incrementAndGet() <= lost ? null
                : out -> out.int32(0).structs(List.of("orders"), (each, name) -> each.string(name)
                        .uuid(Uuid.ZERO).error(ErrorCode.TOPIC_ALREADY_EXISTS).string("It exists.").int32(-1)
                        .int16(-1).length(-1)).tags());
        try (var admin = admin(broker)) {
            return admin.topics().create(List.of(new NewTopic("orders"))).errors().get("orders");
        }
    }

    /** A topic that exists at the second try may have been made by the first. */
    @Test
    void saysWhenWhatItAskedForMayHaveBeenDone() throws IOException {
        try (var broker = new ScriptedBroker()) {
            var unsure = created(broker, 1);
            assertEquals(ErrorCode.TOPIC_ALREADY_EXISTS, unsure.error());
            assertEquals("TOPIC_ALREADY_EXISTS: orders: It exists."
                    + " (an answer before was lost: it may have done this)", unsure.getMessage());
            var sure = created(broker, 0);
            assertFalse(sure.getMessage().contains("before"), sure.getMessage());
        }
    }

    /** The coordinator has moved to another address after the client learned of it. */
    @Test
    void findsABrokerThatHasMoved() throws IOException {
        var looks = new AtomicInteger();
        var gone = new ScriptedBroker();
        gone.close();
        try (var broker = new ScriptedBroker(); var moved = new ScriptedBroker()) {
            broker.on(Call.METADATA, in -> {
                var two = looks.getAndIncrement() == 0 ? gone : moved;
                return out -> out.int32(0).structs(List.of(broker, two), (each, one) -> each
                        .int32(one == broker ? 1 : 2).string("127.0.0.1").int32(port(one)).string(null))
                        .string("scripted").int32(1).length(0).tags();
            });
            broker.on(Call.FIND_COORDINATOR, in -> out -> out.int32(0).structs(List.of("g"), (each, key) ->
                    each.string(key).int32(2).string("").int32(0).int16(0).string(null)).tags());
            moved.on(Call.DELETE_GROUPS, in -> out -> out.int32(0).structs(List.of("g"), (each, id) ->
                    each.string(id).int16(0)).tags());
            try (var admin = admin(broker)) {
                assertEquals(Set.of("g"), admin.groups().delete(List.of("g")).all().keySet());
            }
        }
    }

    private static int port(ScriptedBroker broker) {
        return Integer.parseInt(broker.address().substring(10));
    }

    /** The second node is gone, and from the third look on the cluster knows it. */
    @Test
    void listsWhatTheBrokersHaveThatAreLeft() throws IOException {
        var looks = new AtomicInteger();
        var gone = new ScriptedBroker();
        gone.close();
        try (var broker = new ScriptedBroker()) {
            broker.on(Call.METADATA, in -> {
                var nodes = looks.incrementAndGet() < 3 ? List.of(1, 2) : List.of(1);
                return out -> out.int32(0).structs(nodes, (each, id) -> each.int32(id)
                        .string("127.0.0.1").int32(port(id == 1 ? broker : gone)).string(null))
                        .string("scripted").int32(1).length(0).tags();
            });
            broker.on(Call.LIST_GROUPS, in -> out -> out.int32(0).int16(0).structs(List.of("g"),
                    (each, id) -> each.string(id).string("consumer").string("Empty").string("consumer"))
                    .tags());
            try (var admin = admin(broker)) {
                assertEquals(Set.of("g"), admin.groups().list().keySet());
            }
            assertTrue(looks.get() >= 3);
        }
    }
}
