package daybook;

import daybook.TransactionalClient.Attempt;
import daybook.log.FaultyDisk;
import daybook.log.FaultyDisk.Fault;
import daybook.log.TopicPartition;
import daybook.txn.Identity;
import daybook.wire.ErrorCode;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;

/**
 * Transactional producers at a whole broker, on a disk that breaks and by a clock that is turned: they write
 * to several partitions and commit offsets, lose answers, ask again, come late, write under identities that
 * they have lost, and leave transactions to time out; some open ones that no coordinator knows, which an
 * administrator finds and ends. The broker is stopped, killed, or loses its power, at any change of its disk.
 *
 * <p>Consumers of committed records read on through all of it. What one was given out stays where it is, and
 * the last stable offset never moves back. Whenever things have come to rest, no transaction is open and all
 * can be read; and of each transaction all records and offsets are there, in order and once, if its commit
 * was answered; none, if it was not asked for; and all or none, if nobody got an answer.
 *
 * <p>One thread does all that is asked, as the seed says, with many requests in flight; so the seed names
 * what is asked and what breaks. The threads of the broker are real, and may do things in another order when
 * it is run again: a broker whose own threads were simulated too would not be the one that is shipped.
 */
final class TransactionSimulation {
    /** What consumers read, in whose name offsets are committed. */
    static final List<TopicPartition> INPUTS =
            List.of(new TopicPartition("inputs", 0), new TopicPartition("inputs", 1));
    private static final List<TopicPartition> OUTPUTS = List.of(new TopicPartition("ants", 0),
            new TopicPartition("ants", 1), new TopicPartition("bees", 0));
    private static final List<String> IDS = List.of("one", "two", "three", "four");
    private static final int TRACED = Integer.getInteger("daybook.traced", 200);
    private static final long PATIENCE_NANOS = 20_000_000_000L;
    private static final long PAUSE_NANOS = 1_000_000;
    private static final String OFFSETS = "__consumer_offsets";
    private static final int OFFSETS_PARTITIONS = 2;

    private final long seed;
    private final Random random;
    private final Path path;
    private final Deque<String> trace = new ArrayDeque<>();
    private final List<TransactionalClient> clients = new ArrayList<>();
    private final List<Attempt> attempts = new ArrayList<>();
    private final List<CommittedReader> readers = new ArrayList<>();
    private final Map<String, Integer> identitiesAsked = new HashMap<>();
    /** The state and the producer of ids of which nothing was asked since that was answered. */
    private final Map<String, TransactionLink.Told> expected = new HashMap<>();
    /** Producers of whose transactions no coordinator knows. */
    private final TreeSet<Long> rogues = new TreeSet<>();
    private final boolean verified;
    private final Map<String, String> settings;
    private FaultyDisk disk;
    private Broker broker;
    private TransactionLink link;
    private int port;
    private volatile long nowMs = 1_700_000_000_000L;
    private boolean chaos;
    private int made;
    private int committed;
    /** What was done to the disk last, and where. */
    private volatile String lastChange;

    TransactionSimulation(Path directory, long seed) throws IOException {
        this.seed = seed;
        this.random = new Random(seed);
        this.path = directory.resolve("data");
        this.disk = FaultyDisk.empty(path, random.nextLong());
        this.verified = !once(3);
        this.settings = new TreeMap<>(Map.of("listeners", "PLAINTEXT://127.0.0.1:0",
                "log.dirs", path.toString(), "auto.create.topics.enable", "false",
                "daybook.disk.reserve.bytes", "0", "connections.max.idle.ms", "2147483647",
                "log.roll.ms", "" + (once(2) ? 2_000 + random.nextInt(30_000) : 600_000_000),
                "transaction.partition.verification.enable", "" + verified,
                "transaction.state.log.num.partitions", "2"));
        settings.put("offsets.topic.num.partitions", "" + OFFSETS_PARTITIONS);
        settings.put("producer.id.expiration.ms", "2147483647");
        settings.put("log.retention.ms", "-1");
        settings.put("log.cleaner.enable", "false");
        settings.put("add.partitions.to.txn.retry.backoff.max.ms", "20");
        OUTPUTS.forEach(place -> readers.add(new CommittedReader(this, place)));
    }

    // What clients ask of it.

    Random random() {
        return random;
    }

    /** Whether this happens now, once in so many times. */
    boolean once(int inTimes) {
        return random.nextInt(inTimes) == 0;
    }

    /** Whether clients begin transactions, and do other than they should. */
    boolean chaos() {
        return chaos;
    }

    long nowMs() {
        return nowMs;
    }

    /** Whether the broker is dead, though it may still say something. */
    boolean dying() {
        return disk.dead();
    }

    /** Whether the disk has failed this process. */
    boolean faulty() {
        return disk.failures() > 0 || disk.full();
    }

    /** Whether a log may have lost what it was to force. */
    boolean hides() {
        return disk.happened(Fault.FORCE) > 0;
    }

    TransactionLink link() throws IOException {
        return new TransactionLink(port);
    }

    void note(String what) {
        if (trace.size() == TRACED) {
            trace.removeFirst();
        }
        trace.add(disk.operations() + " " + what);
    }

    void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }

    TopicPartition anyPlace() {
        return OUTPUTS.get(random.nextInt(OUTPUTS.size()));
    }

    Attempt begin(String id) {
        var attempt = new Attempt(attempts.size(), id, nowMs);
        attempts.add(attempt);
        return attempt;
    }

    /**
     * Somebody asks for an identity of this id; returns how many have done so, or 0 where another one waits
     * for an answer, which may be decided later.
     */
    int identityAsked(String id) {
        int asked = identitiesAsked.merge(id, 1, Integer::sum);
        return clients.stream().anyMatch(each -> each.id.equals(id) && each.identifies()) ? 0 : asked;
    }

    int identitiesAsked(String id) {
        return identitiesAsked.getOrDefault(id, 0);
    }

    /** Something was asked of this id, so that it is not known how it is now. */
    void asked(String id) {
        expected.remove(id);
    }

    /** A client got the answer that its transaction has ended. */
    void ended(TransactionalClient client, boolean commit, Identity next) {
        committed += commit ? 1 : 0;
        boolean alone = clients.stream().noneMatch(each -> each != client && each.id.equals(client.id));
        if (alone) {
            expected.put(client.id, new TransactionLink.Told(ErrorCode.NONE,
                    commit ? "CompleteCommit" : "CompleteAbort", next, 0));
        }
    }

    /** Whether a batch that belongs to no transaction of the client's is certain to be refused. */
    boolean mayStray(TransactionalClient client) throws IOException {
        var told = link.describeTransaction(client.id).take();
        return verified && told.state().startsWith("Complete");
    }

    /** Whether the broker has coordinators asked of the batches of version 1; else what comes late hangs. */
    boolean verifies() {
        return verified;
    }

    /** How many transactions were committed. */
    int committed() {
        return committed;
    }

    // Runs.

    /** Lives through so many processes, and comes to rest. */
    void run(int lives) throws IOException {
        guarded(() -> {
            begin();
            for (int life = 0; life < lives; life++) {
                plan();
                live();
                if (dying() || faulty() || once(2)) {
                    restart();
                } else if (once(3)) {
                    stop();
                    require(open(), "a start failed without cause");
                }
                if (once(2)) {
                    rest();
                }
            }
            rest();
        });
    }

    /**
     * Does the same work each time, until the process dies at this change of its disk, or the work is done;
     * then comes to rest.
     *
     * @param cut whether the power is cut; else the process is killed
     * @return at which change it died; null where it did not
     */
    String dieAt(int change, int steps, boolean cut) throws IOException {
        var died = new String[1];
        guarded(() -> {
            begin();
            disk.dieAt(change);
            chaos = true;
            try {
                for (int i = 0; i < steps && !dying(); i++) {
                    orderly(clients.get(i % clients.size()));
                    readers.get(i % readers.size()).read(link);
                }
            } catch (IOException failure) {
                require(dying(), "no answer: " + failure);
            }
            died[0] = dying() ? lastChange : null;
            crash(cut);
            require(open(), "a start failed without cause");
            rest();
        });
        return died[0];
    }

    private void orderly(TransactionalClient client) throws IOException {
        if (client.gone()) {
            clients.remove(client);
            newClient(client.id);
            return;
        }
        client.step();
        if (client.waits() && !dying()) {
            client.step();
        }
    }

    private interface Part {
        void run() throws IOException;
    }

    private void guarded(Part part) throws IOException {
        try {
            part.run();
        } catch (IOException | RuntimeException fault) {
            throw new IllegalStateException("seed " + seed + ": " + fault.getMessage() + "\n  "
                    + String.join("\n  ", trace), fault);
        } finally {
            disk.die();
            close();
        }
    }

    private void begin() throws IOException {
        require(open(), "the first start failed");
        require(link.createTopic("ants", 2).take() == ErrorCode.NONE
                && link.createTopic("bees", 1).take() == ErrorCode.NONE
                && link.createTopic("inputs", 2).take() == ErrorCode.NONE
                && link.findCoordinator(0, "group").take() == ErrorCode.NONE
                && link.findCoordinator(1, "one").take() == ErrorCode.NONE, "no topics");
        IDS.forEach(this::newClient);
    }

    private void newClient(String id) {
        // The first two are of version 1; ids are not shared by versions, which shut each other out badly.
        clients.add(new TransactionalClient(this, id, IDS.indexOf(id) < 2 ? 1 : 2, made++));
    }

    // Processes.

    private boolean open() throws IOException {
        try {
            disk.tell(this::changes);
            broker = Broker.start(Config.of(settings), disk, () -> Instant.ofEpochMilli(nowMs));
            port = Integer.parseInt(broker.addresses().getFirst().split(":")[1]);
            link = link();
            return true;
        } catch (IOException | UncheckedIOException | AssertionError failure) {
            if (disk.failures() == 0 && !disk.dead()) {
                throw failure;
            }
            return false;
        }
    }

    /** Before each change of the disk; after its death there are none. */
    private void changes(String what, Path file) {
        if (!disk.dead()) {
            lastChange = what.replaceAll(" at [0-9]+", "") + " " + path.relativize(file);
        }
    }

    private void close() throws IOException {
        for (var client : clients) {
            client.disconnected();
        }
        if (broker != null) {
            if (link != null) {
                link.close();
            }
            broker.close();
            broker = null;
        }
    }

    private void stop() throws IOException {
        note("the broker is stopped");
        close();
        disk = disk.afterKill(random.nextLong());
    }

    /** The process ends somehow, and another one begins, perhaps after some that fail to. */
    private void restart() throws IOException {
        crash(random.nextBoolean());
        while (chaos && once(3)) {
            disk.dieAt(1 + random.nextInt(80));
            boolean here = open();
            note("a start that may fail: " + here);
            for (int i = random.nextInt(20); here && i > 0 && !dying(); i--) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            crash(random.nextBoolean());
        }
        require(open(), "a start failed without cause");
    }

    private void crash(boolean cut) throws IOException {
        note(cut ? "the power is cut" : "the broker is killed");
        disk.die();
        close();
        disk = cut ? disk.afterPowerCut(random.nextLong()) : disk.afterKill(random.nextLong());
    }

    private void plan() {
        int nth = 1 + random.nextInt(1 + random.nextInt(400));
        switch (random.nextInt(12)) {
            case 0 -> disk.plan(Fault.WRITE, 1 + nth / 4);
            case 1 -> disk.plan(Fault.FORCE, 1 + nth / 4);
            case 2 -> disk.plan(Fault.FULL, 1 + nth / 4);
            case 3 -> disk.plan(Fault.SHORT_WRITE, 1 + nth / 4);
            case 4 -> { }
            default -> disk.dieAt(nth);
        }
    }

    private void live() throws IOException {
        chaos = true;
        IDS.stream().filter(id -> clients.stream().noneMatch(each -> each.id.equals(id)))
                .forEach(this::newClient);
        try {
            for (int i = 50 + random.nextInt(250); i > 0 && !dying(); i--) {
                act();
            }
        } catch (IOException failure) {
            require(dying(), "no answer: " + failure);
        }
    }

    private void act() throws IOException {
        int what = random.nextInt(200);
        if (what == 0) {
            disk.empty();
        } else if (what < 3) {
            turn(random.nextInt(TransactionalClient.TIMEOUT_MS));
        } else if (what < 5) {
            newClient(IDS.get(random.nextInt(IDS.size())));
        } else if (what == 5 && clients.size() > IDS.size()) {
            clients.remove(random.nextInt(clients.size())).quit();
        } else if (what == 6 && !verified) {
            hang();
        } else if (what >= 7 && what < 10) {
            commitOnSlowDisk();
        } else if (what < 25) {
            readers.get(random.nextInt(readers.size())).read(link);
        } else if (what == 25) {
            readers.get(random.nextInt(readers.size())).readAgain(link);
        } else {
            clients.get(random.nextInt(clients.size())).step();
        }
        for (var gone : clients.stream().filter(TransactionalClient::gone).toList()) {
            clients.remove(gone);
            gone.quit();
        }
        if (clients.size() < IDS.size()) {
            newClient(IDS.get(random.nextInt(IDS.size())));
        }
    }

    /**
     * Commits while what coordinators decide, or else the markers, is written and not forced. What consumers
     * are given out then must outlive the power cut that may come before the force.
     */
    private void commitOnSlowDisk() throws IOException {
        boolean decides = once(2);
        note("the disk is slow, " + (decides ? "of the coordinator" : "of the markers"));
        disk.hold(file -> file.toString().contains("/__transaction_state-") == decides
                && !file.toString().contains("/__cluster_metadata-"));
        for (var client : clients) {
            if (client.commits() && !decides) {
                client.step();
            }
        }
        for (int i = 0; i < 8 * readers.size(); i++) {
            readers.get(i % readers.size()).read(link);
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        if (once(2)) {
            disk.die();
        }
        disk.hold(file -> false);
    }

    private void turn(int ms) {
        note("the clock is turned by " + ms);
        nowMs += ms;
    }

    /** Opens a transaction of which no coordinator knows. */
    private void hang() throws IOException {
        var producer = link.identify(1, null, 1_000, Identity.of(-1, -1)).take();
        if (producer.error() != ErrorCode.NONE) {
            return;
        }
        var place = anyPlace();
        var batch = TransactionalClient.batch(producer, 0, 1, List.of("hanging"), nowMs);
        var placed = link.produce(1, "nobody", Map.of(place, batch)).take();
        note("a transaction hangs in " + place + ": " + producer + " " + placed);
        rogues.add(producer.producerId());
    }

    // Rest.

    /** Lets all end what they have begun, and looks at what came of it. */
    private void rest() throws IOException {
        chaos = false;
        note("to rest");
        disk.planNothing();
        if (disk.failures() > 0 || dying()) {
            restart();
        }
        long untilNanos = System.nanoTime() + PATIENCE_NANOS;
        for (var client : List.copyOf(clients)) {
            if (once(4)) {
                // Nobody ends what it has begun, until that times out.
                clients.remove(client);
                client.quit();
            }
            while (!client.idle()) {
                require(System.nanoTime() < untilNanos, client + " does not come to an end");
                client.step();
            }
        }
        endRest(untilNanos);
        checkStates();
        endHanging();
        for (var reader : readers) {
            reader.readAgain(link);
            require(reader.atEnd(link), reader.place() + " is not stable to its end");
        }
        for (int i = 0; i < OFFSETS_PARTITIONS; i++) {
            var fetched = link.fetch(new TopicPartition(OFFSETS, i), 0).take();
            require(fetched.lastStableOffset() == fetched.endOffset(), OFFSETS + " is stable to "
                    + fetched.lastStableOffset() + " of " + fetched.endOffset());
        }
        checkAttempts();
    }

    /** Waits for what times out, and for what is being ended. */
    private void endRest(long untilNanos) throws IOException {
        boolean turned = false;
        for (var states = link.listTransactions().take(); states == null || !allEnded(states);
                states = link.listTransactions().take()) {
            require(System.nanoTime() < untilNanos, "transactions do not end: " + states + ", "
                    + IDS.stream().map(this::told).toList());
            if (!turned && states != null && states.containsValue("Ongoing")) {
                turn(TransactionalClient.TIMEOUT_MS);
                turned = true;
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private String told(String id) {
        try {
            return id + ": " + link.describeTransaction(id).take();
        } catch (IOException failure) {
            return id + ": " + failure;
        }
    }

    private static boolean allEnded(Map<String, String> states) {
        return states.values().stream().allMatch(each -> each.equals("Empty") || each.startsWith("Complete"));
    }

    private void checkStates() throws IOException {
        for (var entry : expected.entrySet()) {
            var told = link.describeTransaction(entry.getKey()).take();
            require(told.equals(entry.getValue()), entry.getKey() + " is told as " + told + ", not "
                    + entry.getValue());
        }
    }

    /** As an administrator does, who finds what no coordinator will end. */
    private void endHanging() throws IOException {
        for (var place : OUTPUTS) {
            for (var producer : link.describeProducers(place).take()) {
                if (producer.start() >= 0) {
                    require(rogues.contains(producer.producerId()), producer + " hangs in " + place);
                    var error = link.abort(place, producer).take();
                    note("what hangs in " + place + " is ended: " + error);
                    require(error == ErrorCode.NONE, "what hangs cannot be ended: " + error);
                }
            }
        }
    }

    private void checkAttempts() throws IOException {
        var seen = new HashMap<Integer, Map<TopicPartition, Integer>>();
        for (var reader : readers) {
            var latest = new HashMap<String, Integer>();
            for (var given : reader.readAgain(link)) {
                require(given.value().contains(":"), given + " is of no transaction that was committed");
                var parts = given.value().split(":");
                var attempt = attempts.get(Integer.parseInt(parts[0]));
                int nth = seen.computeIfAbsent(attempt.number, any -> new TreeMap<>())
                        .merge(reader.place(), 1, Integer::sum);
                require(Integer.parseInt(parts[1]) == nth - 1, given + " is not the next in " + reader.place()
                        + " of " + attempt);
                int before = latest.merge(attempt.id, attempt.number, Math::max);
                require(before == attempt.number, given + " comes after a later transaction of its producer");
            }
        }
        for (var attempt : attempts) {
            var found = seen.get(attempt.number);
            require(found == null || attempt.commitAsked, "nobody committed " + attempt);
            require(found == null || found.equals(attempt.records), "only " + found + " is there of "
                    + attempt);
            require(found != null || !attempt.commitAnswered || attempt.records.isEmpty(),
                    "nothing is there of " + attempt);
        }
        for (var id : IDS) {
            checkOffsets(id, seen);
        }
    }

    /** Of each transaction the offsets hold if and only if its records are there, until the next. */
    private void checkOffsets(String id, Map<Integer, Map<TopicPartition, Integer>> seen) throws IOException {
        var places = link.offsets("group of " + id, INPUTS).take();
        for (var input : INPUTS) {
            var possible = new TreeSet<Long>(List.of(-1L));
            for (var attempt : attempts) {
                var offset = attempt.offsets.get(input);
                if (!attempt.id.equals(id) || offset == null || !attempt.commitAsked) {
                    continue;
                }
                boolean certain = attempt.commitAnswered || seen.containsKey(attempt.number);
                if (certain) {
                    possible.clear();
                }
                if (certain || attempt.records.isEmpty()) {
                    possible.add(offset);
                }
            }
            var told = places.get(input);
            require(told.error() == ErrorCode.NONE && possible.contains(told.offset()), "group of " + id
                    + " is told to be at " + told + " in " + input + ", not at " + possible);
        }
    }
}
