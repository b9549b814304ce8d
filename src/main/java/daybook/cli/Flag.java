package daybook.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A row of a command's table of flags. Of {@code value}, which stands for what is given behind the name,
 * words in small letters are meant as they stand ({@code bash|zsh}), those with capitals stand for something
 * ({@code OFFSET}); one of the latter that is FILE is completed with the names of files.
 *
 * @param name without the dashes
 * @param value empty for a flag that is only there or not
 * @param help one line, in small letters and without a full stop
 * @param otherwise the value where the flag is not given; null where there is none then
 * @param repeatable whether all values count, and not only the last one
 */
record Flag(String name, String value, String help, String otherwise, boolean repeatable) {
    static final Flag BOOTSTRAP = of("bootstrap", "HOST:PORT,...", "brokers to ask for all others")
            .otherwise("127.0.0.1:9092");
    static final Flag JSON = of("json", "write JSON");
    static final Flag HELP = of("help", "show this");

    /** A flag without a value. */
    static Flag of(String name, String help) {
        return of(name, "", help);
    }

    static Flag of(String name, String value, String help) {
        return new Flag(name, value, help, null, false);
    }

    /** This flag with a default, which its help shows. */
    Flag otherwise(String text) {
        return new Flag(name, value, help, text, repeatable);
    }

    /** This flag, to be given as often as one likes. */
    Flag repeated() {
        return new Flag(name, value, help, otherwise, true);
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
        return !word.isEmpty() && word.equals(word.toLowerCase(Locale.ROOT));
    }
}
