package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

class ArgumentsTest {
    private static final Flag<Long> MAX = Flag.of("max", "N", "end after N").otherwise("10").number(0, 10);
    private static final Flag<String> FROM = Flag.of("from", "beginning|end|OFFSET", "where to begin");
    private static final Flag<String> CODEC = Flag.of("codec", "none|zstd", "how to compress");
    private static final Flag<Flag.Pair> CONFIG = Flag.of("config", "KEY=VALUE", "a key").pairs();
    private static final Flag<String> DEEP = Flag.of("deep", "look deeper");
    private static final Command COMMAND = Command.of("try", "TOPIC [MORE]...", "try it",
            (arguments, streams) -> 0).flags(MAX, FROM, CODEC, CONFIG, DEEP);
    private static final Command SHELLS = Command.of("shells", "bash|zsh", "choose", (arguments, streams) -> 0);

    private static Arguments parse(String... words) {
        return Arguments.parse(COMMAND, List.of(words));
    }

    private static String mistake(Command command, String... words) {
        return assertThrows(CommandException.class, () -> Arguments.parse(command, List.of(words))).getMessage();
    }

    @Test
    void flagsAndOperandsStandInAnyOrder() {
        var arguments = parse("--max", "3", "orders", "--config=a=b", "--deep", "others", "--config", "c=d=e",
                "--from=--end");
        assertEquals(List.of("orders", "others"), arguments.operands());
        assertEquals("others", arguments.operand(1));
        assertNull(arguments.operand(2));
        assertEquals(3, arguments.value(MAX));
        assertEquals(List.of(new Flag.Pair("a", "b"), new Flag.Pair("c", "d=e")), arguments.values(CONFIG));
        assertEquals("--end", arguments.value(FROM));
        assertTrue(arguments.has(DEEP));
        assertEquals(List.of("-", "--deep", "-x"), parse("-", "--", "--deep", "-x").operands());
    }

    @Test
    void whatIsNotGivenHasItsDefault() {
        var arguments = parse("orders");
        assertEquals(10, arguments.value(MAX));
        assertFalse(arguments.has(MAX));
        assertNull(arguments.value(CODEC));
        assertEquals(List.of(), arguments.values(CONFIG));
        assertEquals("The flag --from is missing: --from beginning|end|OFFSET",
                assertThrows(CommandException.class, () -> arguments.required(FROM)).getMessage());
        assertEquals(2, parse("t", "--max=1", "--max=2").value(MAX), "the last one counts");
        assertEquals("-1", parse("t", "--from", "-1").value(FROM));
    }

    @Test
    void mistakesSayWhatToDo() {
        assertEquals("There is no flag --form; did you mean --from?", mistake(COMMAND, "t", "--form", "3"));
        assertEquals("There is no flag --con; did you mean --config?", mistake(COMMAND, "t", "--con=a"));
        assertEquals("There is no flag -x", mistake(COMMAND, "t", "-x"));
        assertEquals("There is no flag --nonsense", mistake(COMMAND, "t", "--nonsense"));
        assertEquals("The flag --max needs a value: --max N", mistake(COMMAND, "t", "--max"));
        assertEquals("The flag --max needs a value: --max N", mistake(COMMAND, "t", "--max", "--deep"));
        assertEquals("The flag --deep takes no value", mistake(COMMAND, "t", "--deep=yes"));
        assertEquals("The flag --codec is zip, but must be none or zstd", mistake(COMMAND, "t", "--codec", "zip"));
        assertEquals("TOPIC is missing", mistake(COMMAND, "--deep"));
        assertEquals("There is no use for zsh", mistake(SHELLS, "bash", "zsh"));
        assertEquals("fish is not bash or zsh", mistake(SHELLS, "fish"));
        for (var number : List.of("11", "-1", "x", "1.0", "99999999999999999999")) {
            assertEquals("The flag --max is " + number + ", but must be a whole number from 0 to 10",
                    mistake(COMMAND, "t", "--max=" + number));
        }
        assertEquals("The flag --max is x, but must be a whole number from 0 to 10",
                mistake(COMMAND, "t", "--max=x", "--max=1"), "all are looked at");
        assertEquals("The flag --max is empty, but must be a whole number from 0 to 10",
                mistake(COMMAND, "t", "--max="));
        assertEquals("The flag --from is empty, but must be beginning or end or OFFSET",
                mistake(COMMAND, "t", "--from="));
        assertEquals("The flag --config is =, but must be KEY=VALUE", mistake(COMMAND, "t", "--config", "="));
        assertEquals("TOPIC is empty", mistake(COMMAND, ""));
        assertEquals("MORE is empty", mistake(COMMAND, "t", "u", ""));
        assertEquals(10, parse("t", "--max=1_0").value(MAX));
    }
}
