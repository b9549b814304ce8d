package daybook.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Each line of the README's tour that begins with a dollar is run by a shell, one after another on one
 * broker, and must end well and say what stands below it.
 */
class ReadmeTourTest {
    private static final String SECTION = "A tour with nothing but Daybook";
    private static final String PROMPT = "$ ";
    private static final String CONTINUED = " \\";

    @TempDir
    Path directory;

    private record Step(String line, List<String> shown) { }

    @Test
    void everyCommandOfTheTourDoesWhatThePageSays() throws Exception {
        var steps = new ArrayList<Step>();
        for (var block : Readme.read().section(SECTION).blocks()) {
            steps.addAll(steps(block));
        }
        assertTrue(steps.size() > 10, "commands in the tour: " + steps);
        try (var broker = new RunningBroker(directory)) {
            var shell = new Shell(directory, broker.address);
            for (var step : steps) {
                var ended = shell.run("{ " + step.line + "\n} 2>&1");
                assertEquals(0, ended.status(), step.line + " said: " + ended.output());
                Shown.expect(step.line, step.shown, ended.output());
            }
        }
    }

    private static List<Step> steps(List<String> block) {
        var steps = new ArrayList<Step>();
        for (int at = 0; at < block.size();) {
            var line = new StringBuilder(block.get(at));
            if (!line.toString().startsWith(PROMPT)) {
                // What runs until it is stopped, or is looked at in a file, is shown without a prompt.
                at++;
                continue;
            }
            while (block.get(at).endsWith(CONTINUED)) {
                line.append('\n').append(block.get(++at));
            }
            var shown = new ArrayList<String>();
            for (at++; at < block.size() && !block.get(at).startsWith(PROMPT); at++) {
                shown.add(block.get(at));
            }
            steps.add(new Step(line.substring(PROMPT.length()), shown));
        }
        return steps;
    }
}
