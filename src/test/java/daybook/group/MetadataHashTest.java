package daybook.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

class MetadataHashTest {
    private final TestGroups test = new TestGroups();

    private long hash(String... names) {
        return MetadataHash.of(new LinkedHashSet<>(List.of(names)), test.image);
    }

    @Test
    void itIsThatOfTheTopicsAndTheirPartitions() {
        test.topic("a", 3);
        test.topic("b", 3);
        long both = hash("a", "b");
        assertEquals(both, hash("b", "a"));
        assertEquals(both, hash("b", "none", "a"));
        assertNotEquals(both, hash("a"));
        assertNotEquals(hash("b"), hash("a"));
        test.topic("b", 4);
        assertNotEquals(both, hash("a", "b"));
        test.topic("b", 3);
        assertEquals(both, hash("a", "b"));
        test.topic("c", 1);
        assertEquals(both, hash("a", "b"));
        test.deleteTopic("b");
        assertEquals(hash("a"), hash("a", "b"));
    }

    @Test
    void withoutTopicsItIsZero() {
        assertEquals(0, MetadataHash.of(Set.of(), test.image));
        assertEquals(0, hash("none"));
    }

    /** The log keeps it: another number would make every group assign anew once. */
    @Test
    void itStaysTheSame() {
        test.topic("a", 3);
        assertEquals(-703715766648043907L, hash("a"));
    }
}
