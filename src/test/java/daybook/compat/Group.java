package daybook.compat;

import static daybook.compat.CheckFailed.expect;
import static daybook.compat.CheckFailed.expectEqual;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;

/**
 * A group under test: its topics, the producer that feeds them, its members, and the {@link Ledger} of all
 * that they were given. Used by the check's thread.
 */
final class Group {
    static final int PARTITIONS = 6;
    /** Longer than a machine stands still or a broker takes to start: nobody but the dead is silent so long. */
    static final int SESSION_MS = 8_000;
    private static final long LIMIT_SECONDS = 60;
    private static final int HEARTBEAT_MS = 300;

    private final Clients clients;
    private final String name;
    private final Admin admin;
    private final Ledger ledger = new Ledger();
    private final List<Member> members = new ArrayList<>();
    /** All that the members must own between them. */
    private final Set<TopicPartition> partitions = new HashSet<>();
    /** Null until there is something to feed. */
    private Feed feed;

    /** What is checked of one group. */
    interface Check {
        void run(Group group) throws Exception;
    }

    /** Checks a group of this name, and ends its members and its feed. */
    static void check(Clients clients, String name, Check check) throws Exception {
        var group = new Group(clients, name);
        try {
            check.run(group);
        } finally {
            group.end();
        }
    }

    /** A group without members, and a topic of its own, by the same name. */
    private Group(Clients clients, String name) throws Exception {
        this.clients = clients;
        this.name = name;
        this.admin = clients.admin();
        sessions(SESSION_MS);
        addTopic(name, PARTITIONS);
    }

    /** How long members of the consumer protocol may be silent; the classic ones say that themselves. */
    void sessions(int timeoutMs) throws Exception {
        sessions(admin, name, timeoutMs);
    }

    static void sessions(Admin admin, String group, int timeoutMs) throws Exception {
        var resource = new ConfigResource(ConfigResource.Type.GROUP, group);
        get(admin.incrementalAlterConfigs(Map.of(resource, List.of(
                set("consumer.session.timeout.ms", timeoutMs),
                set("consumer.heartbeat.interval.ms", HEARTBEAT_MS)))).all());
    }

    private static AlterConfigOp set(String key, int value) {
        return new AlterConfigOp(new ConfigEntry(key, String.valueOf(value)), OpType.SET);
    }

    static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    String name() {
        return name;
    }

    Admin admin() {
        return admin;
    }

    Ledger ledger() {
        return ledger;
    }

    Set<TopicPartition> partitions() {
        return partitions;
    }

    /** Creates a topic, which the members are to find by themselves. */
    void addTopic(String topic, int count) throws Exception {
        get(admin.createTopics(List.of(new NewTopic(topic, count, (short) 1))).all());
        partitions.addAll(Clients.partitions(topic, count));
    }

    /** Adds partitions to the group's own topic, which the members are to find by themselves. */
    void growTo(int count) throws Exception {
        get(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(count))).all());
        partitions.addAll(Clients.partitions(name, count));
    }

    /** Deletes a topic, which the members are to notice by themselves. */
    void deleteTopic(String topic) throws Exception {
        get(admin.deleteTopics(List.of(topic)).all());
        partitions.removeIf(partition -> partition.topic().equals(topic));
    }

    /** Feeds all partitions that the members must own by now. */
    void feed() {
        if (feed == null) {
            feed = new Feed(clients);
        }
        feed.feed(partitions);
    }

    /** What every member of a protocol is set up with: short times, and everything from the beginning. */
    static Map<String, Object> settings(String protocol) {
        var settings = new HashMap<String, Object>(Map.of("group.protocol", protocol,
                "auto.offset.reset", "earliest", "metadata.max.age.ms", 500, "reconnect.backoff.max.ms", 200,
                "fetch.max.wait.ms", 100));
        if (protocol.equals("classic")) {
            settings.putAll(Map.of("session.timeout.ms", SESSION_MS, "heartbeat.interval.ms", HEARTBEAT_MS));
        }
        return settings;
    }

    /** A member that subscribes to the group's own topic. */
    Member join(String member, Map<String, Object> settings) {
        return join(member, settings, (consumer, listener) -> consumer.subscribe(List.of(name), listener));
    }

    Member join(String member, Map<String, Object> settings, Member.Subscription subscription) {
        var all = new HashMap<>(settings);
        all.putAll(Map.of("group.id", name, "client.id", member));
        var described = settings.getOrDefault("group.instance.id", member).toString();
        var joined = new Member(member, described, ledger, clients.consumer(all), subscription);
        members.add(joined);
        return joined;
    }

    /**
     * Waits until the partitions are spread evenly over these members, and the broker tells the same of the
     * group: it is stable, each member has what it says it has, and there is nobody else.
     */
    void settles(Member... expected) throws Exception {
        var names = new HashSet<String>();
        for (var member : expected) {
            names.add(member.name());
        }
        Until.holds(name + " settles with " + names, () -> ledger + ", described: " + told(), () -> {
            for (var member : expected) {
                if (member.failure() != null) {
                    throw member.failure();
                }
            }
            ledger.expectSound();
            return even(names) && told().equals(GroupState.STABLE + " " + owned(expected));
        });
    }

    private boolean even(Set<String> names) {
        var all = new HashSet<TopicPartition>();
        boolean even = true;
        for (var member : names) {
            var owned = ledger.owned(member);
            even &= owned.size() >= partitions.size() / names.size()
                    && owned.size() <= (partitions.size() - 1) / names.size() + 1;
            all.addAll(owned);
        }
        return even && all.equals(partitions);
    }

    private Map<String, Set<String>> owned(Member... expected) {
        var owned = new TreeMap<String, Set<String>>();
        for (var member : expected) {
            owned.put(member.described(), sorted(ledger.owned(member.name())));
        }
        return owned;
    }

    private static Set<String> sorted(Set<TopicPartition> partitions) {
        var names = new TreeSet<String>();
        partitions.forEach(partition -> names.add(partition.toString()));
        return names;
    }

    /** The group's state and who owns what, as the broker describes them. */
    private String told() {
        try {
            var described = describe();
            var owned = new TreeMap<String, Set<String>>();
            described.members().forEach(member -> owned.put(
                    member.groupInstanceId().orElse(member.clientId()), sorted(member.assignment().topicPartitions())));
            return described.groupState() + " " + owned;
        } catch (Exception failed) {
            return failed.toString();
        }
    }

    /** The members as the broker describes them; none where there is no such group yet. */
    Collection<MemberDescription> described() throws Exception {
        try {
            return describe().members();
        } catch (ExecutionException failed) {
            expect(failed.getCause() instanceof GroupIdNotFoundException, failed.toString());
            return List.of();
        }
    }

    ConsumerGroupDescription describe() throws Exception {
        return get(admin.describeConsumerGroups(List.of(name)).all()).get(name);
    }

    /** Waits until every partition has been read and committed further than it is now. */
    void advances() throws Exception {
        var before = ledger.committed(partitions);
        Until.holds(name + " goes on", ledger::toString, () -> {
            ledger.expectSound();
            return ledger.committed(partitions).entrySet().stream()
                    .allMatch(now -> now.getValue() > before.get(now.getKey()));
        });
    }

    /** Writes so many records to each partition, whose timestamps are by a second apart. */
    void write(int count, long firstMs) throws Exception {
        var results = new ArrayList<Future<RecordMetadata>>();
        try (var producer = clients.producer(Feed.SETTINGS)) {
            for (int number = 0; number < count; number++) {
                for (var partition : partitions) {
                    results.add(producer.send(new ProducerRecord<>(partition.topic(), partition.partition(),
                            firstMs + number * 1_000L, null, ("record " + number).getBytes())));
                }
            }
        }
        for (var result : results) {
            result.get();
        }
    }

    /** Waits until all members together have read and committed so many records of each partition. */
    void reads(long count) throws Exception {
        var all = new HashMap<TopicPartition, Long>();
        partitions.forEach(partition -> all.put(partition, count));
        Until.holds(name + " reads all and commits all", ledger::toString, () -> {
            ledger.expectSound();
            return ledger.committed(partitions).equals(all);
        });
    }

    /** Ends the feed; returns the end offset of each partition. */
    Map<TopicPartition, Long> endOfFeed() throws Exception {
        var ends = feed.end();
        expectEqual(partitions, ends.keySet(), "partitions fed");
        return ends;
    }

    /** Ends the feed; waits until all that it sent was given to members and committed, as the broker tells. */
    void drains() throws Exception {
        var ends = endOfFeed();
        Until.holds(name + " reads all and commits all", ledger::toString, () -> {
            ledger.expectSound();
            return ledger.committed(partitions).equals(ends);
        });
        expectEqual(ends, offsets(), "committed offsets of " + name);
    }

    /** The committed offsets as the broker tells them. */
    Map<TopicPartition, Long> offsets() throws Exception {
        var offsets = new HashMap<TopicPartition, Long>();
        get(admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata()).forEach(
                (partition, committed) -> offsets.put(partition, committed.offset()));
        return offsets;
    }

    /** Of which protocol the broker says that the group is. */
    void expectType(GroupType type) throws Exception {
        expectEqual(type, describe().type(), "type of " + name);
        var listed = get(admin.listGroups(new ListGroupsOptions().withTypes(Set.of(type))).all());
        expect(listed.stream().anyMatch(group -> group.groupId().equals(name)),
                name + " is not listed with type " + type);
    }

    /** Nothing was given to members twice, and nothing is wrong. */
    void expectNothingAgain() {
        ledger.expectSound();
        expect(ledger.again() == 0, ledger.again() + " records were given twice");
    }

    /** Ends what is at work still, whatever became of the check. */
    private void end() throws InterruptedException {
        if (feed != null) {
            feed.stop();
        }
        for (var member : members) {
            member.stop();
        }
        admin.close();
    }
}
