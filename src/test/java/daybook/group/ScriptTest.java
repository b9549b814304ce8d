package daybook.group;

import daybook.coordinator.GoldenScripts;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.util.stream.Stream;

/** Golden scripts of groups, one a file: {@link Script} tells how to read them. */
class ScriptTest {
    @TestFactory
    Stream<DynamicTest> scriptsLeaveTheTraceThatTheyHave() throws IOException {
        return GoldenScripts.of("group", Script::run);
    }
}
