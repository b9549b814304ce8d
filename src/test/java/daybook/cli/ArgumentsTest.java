package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

class ArgumentsTest {
    private static final Flag MAX = Flag.of("max", "N", "end after N").otherwise("10");
    private static final Flag FROM = Flag.of("from", "beginning|end|OFFSET", "where to begin");
    private static final Flag CODEC = Flag.of("codec", "none|zstd", "how to compress");
    private static final Flag CONFIG = Flag.of("config", "KEY=VALUE", "a key").repeated();
    private static final Flag DEEP = Flag.of("deep", "look deeper");
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
        assertEquals(3, arguments.number(MAX, 0, 5));
        assertEquals(List.of("a=b", "c=d=e"), arguments.texts(CONFIG));
        assertEquals("--end", arguments.text(FROM));
        assertTrue(arguments.has(DEEP));
        assertEquals(List.of("-", "--deep", "-x"), parse("-", "--", "--deep", "-x").operands());
    }

    @Test
    void whatIsNotGivenHasItsDefault() {
        var arguments = parse("orders");
        assertEquals(10, arguments.number(MAX, 0, 10));
        assertFalse(arguments.has(MAX));
        assertNull(arguments.text(CODEC));
        assertEquals(List.of(), arguments.texts(CONFIG));
        assertEquals("The flag --from is missing: --from beginning|end|OFFSET",
                assertThrows(CommandException.class, () -> arguments.required(FROM)).getMessage());
        assertEquals("2", parse("t", "--max=1", "--max=2").text(MAX), "the last one counts");
        assertEquals("-1", parse("t", "--from", "-1").text(FROM));
        assertEquals("", parse("t", "--from=").text(FROM));
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
        for (var number : List.of("11", "-1", "x", "", "1.0", "99999999999999999999")) {
            assertEquals("The flag --max is " + number + ", but must be a whole number from 0 to 10",
                    assertThrows(CommandException.class, () -> parse("t", "--max=" + number).number(MAX, 0, 10))
                            .getMessage());
        }
        assertEquals(1_000_000, parse("t", "--max=1_000_000").number(MAX, 0, Long.MAX_VALUE));
    }
}
