package daybook.group;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression that a consumer group subscribes with (KIP-848); a topic matches with its whole name.
 * The language is RE2's, as Apache Kafka has it: no look-around, no back-references, no possessive or atomic
 * groups. {@link TopicRegexParser} reads it.
 *
 * <p>It is matched without backtracking, by following all states at once (Thompson, 1968), so the time for a
 * name is bounded by its length times the number of states, whatever the expression; and states are counted
 * as they are entered, so that the time for many names can be bounded too. The JDK's regular expressions
 * cannot be bounded: {@code (?:^|^|^|^)} written twenty times over takes hours without reading one character
 * that could be counted.
 *
 * <p>Topic names are ASCII. Transactional ids, which are matched too, need not be, but all characters beyond
 * it are alike: where an expression has one it has them all, and named classes have none. Immutable.
 */
public final class TopicRegex {
    /** The longest expression, in characters. RE2 and Kafka have no limit. */
    public static final int MAX_LENGTH = 8_192;

    /** The most states. A character of the expression is one, and {@code x{9}} nine of those of x. */
    static final int MAX_STATES = 10_000;

    /** Stands for every character beyond ASCII. */
    static final int BEYOND = 128;

    /**
     * How many steps may be taken for each name; that is about a tenth of a second for {@link #FEW_NAMES},
     * during which no other group of the shard is served.
     */
    private static final long STEPS = 1_000;
    /** So many names are taken to be there at least. */
    private static final int FEW_NAMES = 10_000;

    private final String text;
    private final State[] states;
    private final int start;

    /**
     * What one has reached after some characters of the name. Numbers are those of the states that follow.
     */
    private sealed interface State { }

    private record OneOf(BitSet characters, int next) implements State { }

    private record Fork(int one, int other) implements State { }

    private record At(Edge edge, int next) implements State { }

    private record End() implements State { }

    /** A place between characters. */
    enum Edge { BEGIN, END, WORD, NOT_WORD }

    private TopicRegex(String text, State[] states, int start) {
        this.text = text;
        this.states = states;
        this.start = start;
    }

    /**
     * Reads an expression.
     *
     * @throws PatternSyntaxException if it is none, or too large
     */
    public static TopicRegex of(String text) {
        var builder = new Builder(text);
        var whole = new TopicRegexParser(text, builder).whole();
        int start = whole.before(builder.add(new End()));
        return new TopicRegex(text, builder.states.toArray(new State[0]), start);
    }

    /**
     * The names that match.
     *
     * @param names in the order of those given; null where that takes too many steps
     * @param steps how many it took, each some nanoseconds
     */
    public record Matches(List<String> names, long steps) { }

    /** As many steps as may be taken to match so many names. */
    public static long mostSteps(int names) {
        return STEPS * Math.max(FEW_NAMES, names);
    }

    /**
     * Finds the names that the expression describes, each as a whole, unless it takes more than so many
     * steps.
     */
    public Matches matching(Collection<String> names, long mostSteps) {
        var run = new Run(mostSteps);
        var matching = new ArrayList<String>();
        for (var name : names) {
            if (run.matches(name)) {
                matching.add(name);
            }
            if (run.steps > mostSteps) {
                return new Matches(null, run.steps);
            }
        }
        return new Matches(matching, run.steps);
    }

    /** Whether the expression describes the whole name. */
    boolean matches(String name) {
        return new Run(Long.MAX_VALUE).matches(name);
    }

    /** The expression as it was given. */
    @Override
    public String toString() {
        return text;
    }

    /** A piece of the expression: makes the states for it, each time anew. */
    @FunctionalInterface
    interface Piece {
        /**
         * @param next the state to come to behind the piece
         * @return the state to begin the piece with
         */
        int before(int next);
    }

    /** Makes pieces out of smaller ones. */
    static final class Builder {
        private final String text;
        private final List<State> states = new ArrayList<>();

        Builder(String text) {
            this.text = text;
        }

        private int add(State state) {
            if (states.size() == MAX_STATES) {
                throw new PatternSyntaxException("the expression is too large", text, -1);
            }
            states.add(state);
            return states.size() - 1;
        }

        Piece oneOf(BitSet characters) {
            return next -> add(new OneOf(characters, next));
        }

        Piece at(Edge edge) {
            return next -> add(new At(edge, next));
        }

        Piece sequence(List<Piece> pieces) {
            return next -> {
                int state = next;
                for (int i = pieces.size() - 1; i >= 0; i--) {
                    state = pieces.get(i).before(state);
                }
                return state;
            };
        }

        Piece either(List<Piece> pieces) {
            return next -> {
                int state = pieces.getLast().before(next);
                for (int i = pieces.size() - 2; i >= 0; i--) {
                    state = add(new Fork(pieces.get(i).before(next), state));
                }
                return state;
            };
        }

        /** @param most -1 for any number of times */
        Piece repeat(Piece piece, int least, int most) {
            return next -> {
                int state = next;
                if (most == -1) {
                    state = add(new End());
                    states.set(state, new Fork(piece.before(state), next));
                }
                for (int i = least; i < most; i++) {
                    state = add(new Fork(piece.before(state), next));
                }
                for (int i = 0; i < least; i++) {
                    int before = piece.before(state);
                    if (before == state) {
                        break; // There is nothing in it, and so not in a million of them.
                    }
                    state = before;
                }
                return state;
            };
        }
    }

    /** The way of one name after the other through the states. */
    private final class Run {
        private final long mostSteps;
        private long steps;
        private String name;
        /** The states that wait for the next character, and will take it. */
        private int[] waiting = new int[states.length];
        private int[] waited = new int[states.length];
        private int count;
        /** Whether the name may end here. */
        private boolean ended;
        /** Counts the positions of all names. */
        private long position;
        /** For each state the {@link #position} at which it was last entered. */
        private final long[] entered = new long[states.length];
        private final int[] stack = new int[states.length + 1];

        Run(long mostSteps) {
            this.mostSteps = mostSteps;
        }

        /** Also false once there were too many steps. */
        boolean matches(String next) {
            name = next;
            begin();
            enter(start, 0);
            for (int at = 0; at < name.length(); at++) {
                if (count == 0 || steps > mostSteps) {
                    return false;
                }
                step(at);
            }
            return ended;
        }

        private void begin() {
            position++;
            count = 0;
            ended = false;
        }

        /** Takes the character at this position. */
        private void step(int at) {
            int[] swap = waited;
            waited = waiting;
            waiting = swap;
            int before = count;
            begin();
            for (int i = 0; i < before; i++) {
                enter(((OneOf) states[waited[i]]).next, at + 1);
            }
        }

        /** Goes on from this state to all that need no character. Each is entered once at a position. */
        private void enter(int first, int at) {
            int depth = 0;
            stack[depth++] = first;
            while (depth > 0) {
                int index = stack[--depth];
                if (entered[index] == position) {
                    continue;
                }
                entered[index] = position;
                steps++;
                switch (states[index]) {
                    case OneOf oneOf -> {
                        if (at < name.length() && oneOf.characters.get(Math.min(name.charAt(at), BEYOND))) {
                            waiting[count++] = index;
                        }
                    }
                    case Fork fork -> {
                        stack[depth++] = fork.one;
                        stack[depth++] = fork.other;
                    }
                    case At edge -> {
                        if (holds(edge.edge, at)) {
                            stack[depth++] = edge.next;
                        }
                    }
                    case End end -> ended = true;
                }
            }
        }

        private boolean holds(Edge edge, int at) {
            return switch (edge) {
                case BEGIN -> at == 0;
                case END -> at == name.length();
                case WORD -> word(at - 1) != word(at);
                case NOT_WORD -> word(at - 1) == word(at);
            };
        }

        private boolean word(int at) {
            return at >= 0 && at < name.length() && TopicRegexParser.WORD.get(name.charAt(at));
        }
    }
}
