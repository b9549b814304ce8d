package daybook.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import daybook.wire.Uuid;
import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

class AssignmentTest {
    private static final Uuid A = new Uuid(1, 1);
    private static final Uuid B = new Uuid(1, 2);
    private static final Assignment SOME = Assignment.of(Map.of(A, List.of(3, 1, 3, 2), B, List.of(0)));

    @Test
    void itIsASetInOrder() {
        assertEquals(4, SOME.size());
        assertEquals(List.of(A, B), List.copyOf(SOME.topics().keySet()));
        assertEquals(List.of(1, 2, 3), SOME.topics().get(A));
        assertTrue(SOME.contains(A, 1));
        assertFalse(SOME.contains(A, 0));
        assertFalse(SOME.contains(new Uuid(1, 3), 1));
        assertSame(Assignment.EMPTY, Assignment.of(Map.of(A, List.of())));
        assertTrue(Assignment.EMPTY.isEmpty());
        assertEquals("{" + A + "=[1, 2, 3], " + B + "=[0]}", SOME.toString());
    }

    @Test
    void nobodyChangesIt() {
        var numbers = Arrays.asList(2, 1);
        var one = Assignment.of(Map.of(A, numbers));
        numbers.set(0, 7);
        assertEquals(Assignment.of(Map.of(A, List.of(1, 2))), one);
        assertThrows(UnsupportedOperationException.class, () -> one.topics().clear());
        assertThrows(UnsupportedOperationException.class, () -> one.topics().get(A).set(0, 7));
    }

    @Test
    void setsAreAddedAndSubtracted() {
        var other = Assignment.of(Map.of(A, List.of(2, 4)));
        assertEquals(Assignment.of(Map.of(A, List.of(1, 2, 3, 4), B, List.of(0))), SOME.plus(other));
        assertEquals(Assignment.of(Map.of(A, List.of(1, 3), B, List.of(0))), SOME.minus(other));
        assertEquals(Assignment.of(Map.of(A, List.of(2))), SOME.and(other));
        assertTrue(SOME.plus(other).containsAll(other));
        assertFalse(SOME.containsAll(other));
        assertSame(SOME, SOME.and(SOME));
        assertSame(Assignment.EMPTY, SOME.minus(SOME));
        assertSame(SOME, SOME.plus(Assignment.EMPTY));
        assertSame(SOME, Assignment.EMPTY.plus(SOME));
    }

    @Test
    void equalSetsAreEqual() {
        var same = Assignment.of(Map.of(B, List.of(0), A, List.of(1, 2, 3)));
        assertEquals(SOME, same);
        assertEquals(SOME.hashCode(), same.hashCode());
        assertNotEquals(SOME, Assignment.EMPTY);
        assertNotEquals(SOME, Assignment.of(Map.of(A, List.of(1, 2), B, List.of(0))));
        assertNotEquals(SOME, Assignment.of(Map.of(A, List.of(1, 2, 3), new Uuid(9, 9), List.of(0))));
    }
}
