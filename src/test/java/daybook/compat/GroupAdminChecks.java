package daybook.compat;

import static daybook.compat.AdminChecks.expectFailure;
import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;
import static daybook.compat.Group.get;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.ListConfigResourcesOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ClassicGroupState;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** What Apache Kafka's Java admin client asks of groups; and consumers that commit without being members. */
final class GroupAdminChecks {
    private static final int RECORDS = 50;
    private static final Duration POLL = Duration.ofMillis(100);
    private static final String SESSION = "consumer.session.timeout.ms";
    private static final String HEARTBEAT = "consumer.heartbeat.interval.ms";

    private final Report report;
    private final Clients clients;

    GroupAdminChecks(Report report, Clients clients) {
        this.report = report;
        this.clients = clients;
    }

    void run() {
        check("offsets: set, listed, deleted", "group-admin-offsets", this::offsets);
        report.check("group: admin: live groups listed, described, refused, their members removed", () ->
                Group.check(clients, "group-admin-classic", classic ->
                        Group.check(clients, "group-admin-consumer", consumer -> live(classic, consumer))));
        check("configs of a group", "group-admin-configs", this::configs);
        for (var protocol : List.of("classic", "consumer")) {
            check("commits by consumers that are assigned by hand, " + protocol, "group-by-hand-" + protocol,
                    group -> byHand(group, protocol));
            check("automatic commits, " + protocol, "group-automatic-" + protocol,
                    group -> automatic(group, protocol));
        }
    }

    private void check(String what, String name, Group.Check check) {
        report.check("group: admin: " + what, () -> Group.check(clients, name, check));
    }

    private static Map<TopicPartition, OffsetAndMetadata> offsets(Admin admin, String group) throws Exception {
        return get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
    }

    /** A group that is nothing but offsets. */
    private void offsets(Group group) throws Exception {
        var admin = group.admin();
        var name = group.name();
        group.write(RECORDS, 0);
        var one = new TopicPartition(name, 1);
        var two = new TopicPartition(name, 2);
        var set = Map.of(one, new OffsetAndMetadata(7, Optional.of(0), "seven"),
                two, new OffsetAndMetadata(8, Optional.empty(), ""));
        get(admin.alterConsumerGroupOffsets(name, set).all());
        expectEqual(set, offsets(admin, name), "offsets");
        get(admin.alterConsumerGroupOffsets(name, Map.of(one, new OffsetAndMetadata(70))).all());
        var spec = new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(one,
                new TopicPartition(name, 3), new TopicPartition("group-nowhere", 0)));
        var some = admin.listConsumerGroupOffsets(Map.of(name, spec, "group-none",
                new ListConsumerGroupOffsetsSpec()), new ListConsumerGroupOffsetsOptions().requireStable(true));
        var found = new HashMap<>(get(some.partitionsToOffsetAndMetadata(name)));
        found.values().removeIf(offset -> offset == null);
        expectEqual(Map.of(one, new OffsetAndMetadata(70)), found, "offsets of three partitions");
        expectEqual(Map.of(), get(some.partitionsToOffsetAndMetadata("group-none")), "offsets of no group");

        expectFailure(UnknownTopicOrPartitionException.class, admin.alterConsumerGroupOffsets(name,
                Map.of(new TopicPartition("group-nowhere", 0), new OffsetAndMetadata(1))).all());
        expectFailure(OffsetMetadataTooLarge.class, admin.alterConsumerGroupOffsets(name,
                Map.of(one, new OffsetAndMetadata(1, "m".repeat(5_000)))).all());
        var listed = get(admin.listGroups().all()).stream().filter(each -> each.groupId().equals(name));
        expect(listed.findFirst().orElseThrow().isSimpleConsumerGroup(), name + " is no simple group");

        get(admin.deleteConsumerGroupOffsets(name, Set.of(one)).all());
        expectEqual(Set.of(two), offsets(admin, name).keySet(), "partitions with offsets");
        get(admin.deleteConsumerGroups(List.of(name)).all());
        expectEqual(Map.of(), offsets(admin, name), "offsets of a deleted group");
        expectFailure(GroupIdNotFoundException.class, admin.deleteConsumerGroups(List.of(name)).all());
        expectFailure(GroupIdNotFoundException.class, admin.describeConsumerGroups(List.of(name)).all());
        expectFailure(GroupIdNotFoundException.class,
                admin.deleteConsumerGroupOffsets(name, Set.of(one)).all());
    }

    private void live(Group classic, Group consumer) throws Exception {
        for (var group : List.of(classic, consumer)) {
            boolean old = group == classic;
            group.write(RECORDS, 0);
            var settings = new HashMap<>(Group.settings(old ? "classic" : "consumer"));
            settings.put("group.instance.id", "first");
            var one = group.join("one", settings);
            settings.remove("group.instance.id");
            var two = group.join("two", settings);
            group.settles(one, two);
            group.reads(RECORDS);
            group.expectType(old ? GroupType.CLASSIC : GroupType.CONSUMER);
            described(group, old);
            refused(group);
        }
        listed(classic, consumer);
        var described = get(classic.admin().describeClassicGroups(List.of(classic.name())).all());
        var one = described.get(classic.name());
        expectEqual(ClassicGroupState.STABLE, one.state(), "state");
        expectEqual("consumer", one.protocol(), "protocol type");
        expectEqual("range", one.protocolData(), "protocol");
        for (var group : List.of(classic, consumer)) {
            get(group.admin().removeMembersFromConsumerGroup(group.name(),
                    new RemoveMembersFromConsumerGroupOptions()).all());
        }
    }

    private static void described(Group group, boolean classic) throws Exception {
        var described = group.describe();
        expectEqual(GroupState.STABLE, described.groupState(), "state");
        expectEqual(classic ? "range" : "uniform", described.partitionAssignor(), "assignor");
        expectEqual(1, described.coordinator().id(), "coordinator");
        expect(!described.isSimpleConsumerGroup(), "it is a simple group");
        expectEqual(!classic, described.groupEpoch().isPresent(), "has an epoch");
        expectEqual(described.groupEpoch(), described.targetAssignmentEpoch(), "epoch of the assignment");
        var instances = new HashSet<Optional<String>>();
        for (var member : described.members()) {
            instances.add(member.groupInstanceId());
            expectEqual("/127.0.0.1", member.host(), "host");
            expectEqual(described.groupEpoch(), member.memberEpoch(), "epoch of a member");
            expectEqual(classic ? Optional.empty() : Optional.of(true), member.upgraded(), "upgraded");
            expectEqual(classic ? Optional.empty() : Optional.of(member.assignment()),
                    member.targetAssignment(), "target assignment");
        }
        expectEqual(Set.of(Optional.of("first"), Optional.empty()), instances, "group instance ids");
    }

    /** What may not be done to a group with members. */
    private static void refused(Group group) throws Exception {
        var admin = group.admin();
        var name = group.name();
        var partition = new TopicPartition(name, 0);
        expectFailure(GroupNotEmptyException.class, admin.deleteConsumerGroups(List.of(name)).all());
        expectFailure(GroupSubscribedToTopicException.class,
                admin.deleteConsumerGroupOffsets(name, Set.of(partition)).all());
        expectFailure(UnknownMemberIdException.class, admin.alterConsumerGroupOffsets(name,
                Map.of(partition, new OffsetAndMetadata(1))).all());
        expectEqual((long) RECORDS, group.offsets().get(partition), "an offset after what was refused");
    }

    private static void listed(Group classic, Group consumer) throws Exception {
        var names = Map.of(classic.name(), GroupType.CLASSIC, consumer.name(), GroupType.CONSUMER);
        var admin = classic.admin();
        for (var state : List.of(GroupState.STABLE, GroupState.EMPTY)) {
            for (var type : List.of(GroupType.CLASSIC, GroupType.CONSUMER)) {
                var options = new ListGroupsOptions().inGroupStates(Set.of(state)).withTypes(Set.of(type));
                for (var listed : get(admin.listGroups(options).all())) {
                    expectEqual(Optional.of(state), listed.groupState(), "state of " + listed);
                    expectEqual(Optional.of(type), listed.type(), "type of " + listed);
                }
            }
        }
        var options = new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE))
                .withProtocolTypes(Set.of("consumer"));
        var types = new HashMap<String, GroupType>();
        get(admin.listGroups(options).all()).forEach(group -> types.put(group.groupId(), group.type().get()));
        types.keySet().retainAll(names.keySet());
        expectEqual(names, types, "types of live groups");
    }

    private void configs(Group group) throws Exception {
        var admin = group.admin();
        var resource = new ConfigResource(ConfigResource.Type.GROUP, group.name());
        get(admin.incrementalAlterConfigs(Map.of(resource, List.of(
                new AlterConfigOp(new ConfigEntry(HEARTBEAT, "1234"), OpType.SET)))).all());
        expectHeartbeat(admin, resource, "1234", ConfigSource.DYNAMIC_GROUP_CONFIG);
        expectFailure(InvalidConfigurationException.class, admin.incrementalAlterConfigs(Map.of(resource,
                List.of(new AlterConfigOp(new ConfigEntry(HEARTBEAT, "1"), OpType.SET)))).all());
        var all = get(admin.listConfigResources(Set.of(ConfigResource.Type.GROUP),
                new ListConfigResourcesOptions()).all());
        expect(all.contains(resource), "the group is not among the resources with configs");
        get(admin.incrementalAlterConfigs(Map.of(resource, List.of(
                new AlterConfigOp(new ConfigEntry(SESSION, null), OpType.DELETE),
                new AlterConfigOp(new ConfigEntry(HEARTBEAT, null), OpType.DELETE)))).all());
        expectHeartbeat(admin, resource, "5000", ConfigSource.DEFAULT_CONFIG);
    }

    /** Apache Kafka may tell of a change a little later. */
    private static void expectHeartbeat(Admin admin, ConfigResource group, String value, ConfigSource source)
            throws Exception {
        Until.holds(HEARTBEAT + " is " + value + ", " + source, group::toString, () -> {
            var told = get(admin.describeConfigs(List.of(group)).all()).get(group).get(HEARTBEAT);
            return told.value().equals(value) && told.source() == source;
        });
    }

    /** Who is no member may commit while there are none, and may not while there are. */
    private void byHand(Group group, String protocol) throws Exception {
        group.write(RECORDS, 0);
        var settings = new HashMap<>(Group.settings(protocol));
        settings.put("group.id", group.name());
        var partition = new TopicPartition(group.name(), 3);
        try (var consumer = clients.consumer(settings)) {
            consumer.assign(List.of(partition));
            expectEqual(RECORDS, Clients.read(consumer, RECORDS).size(), "records");
            consumer.commitSync();
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(11, Optional.of(0), "mine")));
            expectEqual(new OffsetAndMetadata(11, Optional.of(0), "mine"),
                    consumer.committed(Set.of(partition)).get(partition), "committed");
        }
        try (var again = clients.consumer(settings)) {
            again.assign(List.of(partition));
            expectEqual(11L, Clients.read(again, RECORDS - 11).getFirst().offset(), "the first offset");
            try (var member = clients.consumer(settings)) {
                member.subscribe(List.of(group.name()));
                Until.holds("partitions are assigned", () -> "", () -> {
                    member.poll(POLL);
                    return member.assignment().equals(group.partitions());
                });
                expectRefused(again);
            }
        }
    }

    private static void expectRefused(KafkaConsumer<byte[], byte[]> consumer) {
        try {
            consumer.commitSync();
        } catch (CommitFailedException refused) {
            return;
        }
        throw new CheckFailed("a commit was taken from who is no member");
    }

    private void automatic(Group group, String protocol) throws Exception {
        group.write(RECORDS, 0);
        var settings = new HashMap<>(Group.settings(protocol));
        settings.putAll(Map.of("group.id", group.name(), "enable.auto.commit", true));
        try (var consumer = clients.consumer(settings)) {
            consumer.subscribe(List.of(group.name()));
            Clients.read(consumer, (long) RECORDS * Group.PARTITIONS);
        }
        var expected = new HashMap<TopicPartition, Long>();
        group.partitions().forEach(partition -> expected.put(partition, (long) RECORDS));
        expectEqual(expected, group.offsets(), "offsets committed at the close");
        try (var consumer = clients.consumer(settings)) {
            consumer.subscribe(List.of(group.name()));
            Until.holds("partitions are assigned", () -> "", () -> {
                expect(consumer.poll(POLL).isEmpty(), "a record was given again");
                return consumer.assignment().equals(group.partitions());
            });
            expect(consumer.poll(POLL).isEmpty(), "a record was given again");
        }
    }
}
