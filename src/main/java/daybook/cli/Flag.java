package daybook.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * A row of a command's table of flags. Of {@code value}, which stands for what is given behind the name,
 * words in nothing but capitals stand for something ({@code OFFSET}), all others are meant as they are
 * ({@code bash|zsh}); one of the former that is FILE is completed with the names of files.
 *
 * @param name without the dashes
 * @param value empty for a flag that is only there or not
 * @param help one line, in small letters and without a full stop
 * @param otherwise the value where the flag is not given; null where there is none then
 * @param repeatable whether all values count, and not only the last one
 * @param form reads a value; an IllegalArgumentException says what it must be where it is no word
 */
record Flag<T>(String name, String value, String help, String otherwise, boolean repeatable,
        Function<String, T> form) {
    /** A value that is {@code KEY=VALUE}. */
    record Pair(String key, String value) { }

    static final Flag<String> BOOTSTRAP = of("bootstrap", "HOST:PORT,...", "brokers to ask for all others")
            .otherwise("127.0.0.1:9092").as(Bootstrap::checked);
    static final Flag<?> JSON = of("json", "write JSON");
    static final Flag<?> HELP = of("help", "show this");

    /** A flag without a value. */
    static Flag<String> of(String name, String help) {
        return new Flag<>(name, "", help, null, false, text -> text);
    }

    /** A flag with any value but an empty one, until it is told otherwise. */
    static Flag<String> of(String name, String value, String help) {
        return new Flag<>(name, value, help, null, false, text -> {
            if (text.isEmpty()) {
                throw new IllegalArgumentException(value.substring(value.lastIndexOf('|') + 1));
            }
            return text;
        });
    }

    /** This flag with a default, which its help shows. */
    Flag<T> otherwise(String text) {
        return new Flag<>(name, value, help, text, repeatable, form);
    }

    /** This flag, to be given as often as one likes. */
    Flag<T> repeated() {
        return new Flag<>(name, value, help, otherwise, true, form);
    }

    /** This flag with values that are read so. */
    <V> Flag<V> as(Function<String, V> form) {
        return new Flag<>(name, value, help, otherwise, repeatable, form);
    }

    /** This flag with something else in place of each value. */
    <V> Flag<V> map(Function<T, V> function) {
        return as(form.andThen(function));
    }

    /** This flag with a whole number from {@code least} to {@code most}. */
    Flag<Long> number(long least, long most) {
        return as(text -> number(text, least, most));
    }

    private static long number(String text, long least, long most) {
        try {
            long number = Long.parseLong(text.replace("_", ""));
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException none) {
            // Told below, as a number out of bounds is.
        }
        throw new IllegalArgumentException("a whole number "
                + (most == Long.MAX_VALUE ? "of at least " + least : "from " + least + " to " + most));
    }

    /** This flag with values that are {@code KEY=VALUE}, cut there; as often as one likes. */
    Flag<Pair> pairs() {
        return repeated().as(text -> {
            int equals = text.indexOf('=');
            if (equals <= 0) {
                throw new IllegalArgumentException(value);
            }
            return new Pair(text.substring(0, equals), text.substring(equals + 1));
        });
    }

    /** @throws CommandException where the text is not what it must be */
    T read(String text) {
        var must = new ArrayList<>(words(value));
        try {
            if (allows(value, text)) {
                return form.apply(text);
            }
        } catch (IllegalArgumentException wrong) {
            must.add(wrong.getMessage());
        }
        throw CommandException.usage("The flag --" + name + " is " + (text.isEmpty() ? "empty" : text)
                + ", but must be " + String.join(" or ", must));
    }

    /** As it is typed: {@code --max N}. */
    String usage() {
        return "--" + name + (value.isEmpty() ? "" : " " + value);
    }

    /** The words that can stand for {@code placeholder} as they are. */
    static List<String> words(String placeholder) {
        return Arrays.stream(placeholder.split("\\|")).filter(Flag::meantAsItStands).toList();
    }

    /** Whether {@code placeholder} allows for {@code text}. */
    static boolean allows(String placeholder, String text) {
        var words = words(placeholder);
        return words.contains(text) || words.size() < placeholder.split("\\|").length;
    }

    private static boolean meantAsItStands(String word) {
        boolean capitals = word.equals(word.toUpperCase(Locale.ROOT));
        return !word.isEmpty() && (!capitals || word.equals(word.toLowerCase(Locale.ROOT)));
    }
}
