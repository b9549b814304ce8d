package daybook.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.tools.ToolProvider;

/**
 * The Java examples of the README are compiled against the jar and nothing else, with all warnings, and run
 * in their order against one broker; each must print what stands below it. Only the address is another.
 */
class ReadmeExamplesTest {
    private static final String ADDRESS = "127.0.0.1:9092";
    private static final Path JAR = RunningBroker.PROJECT.resolve("build/daybook.jar");
    /** About ten, besides the imports. */
    private static final int LINES_MOST = 12;
    private static final long LIMIT_SECONDS = 60;

    @TempDir
    Path directory;

    @Test
    void everyExampleCompilesAndPrintsWhatThePageSays() throws Exception {
        var readme = Readme.read();
        var names = readme.marked("example");
        assertEquals(List.of("Admin", "Consumer", "Producer"), names.stream().sorted().toList());
        try (var broker = new RunningBroker(directory)) {
            for (var name : names) {
                var source = readme.block("example", name);
                long lines = source.stream().filter(line -> !imports(line) && !line.isEmpty()).count();
                assertTrue(lines <= LINES_MOST, name + " has " + lines + " lines");
                compile(name, source, broker.address);
                Shown.expect("what " + name + " prints", readme.block("prints", name), run(name));
            }
        }
    }

    /** Imports stand at the top of an example, and what else it has is what a program does. */
    private void compile(String name, List<String> lines, String address) throws IOException {
        var source = new StringBuilder();
        lines.stream().filter(ReadmeExamplesTest::imports).forEach(line -> source.append(line).append('\n'));
        source.append("class ").append(name)
                .append("Example { public static void main(String[] arguments) throws Exception {\n");
        lines.stream().filter(line -> !imports(line)).forEach(line -> source.append(line).append('\n'));
        var file = directory.resolve(name + "Example.java");
        Files.writeString(file, source.append("}}\n").toString().replace(ADDRESS, address));
        var compiler = ToolProvider.getSystemJavaCompiler();
        var said = new StringWriter();
        try (var files = compiler.getStandardFileManager(null, null, null)) {
            var options = List.of("--release", "21", "-Xlint:all", "-Werror", "-proc:none", "-d",
                    directory.toString(), "-cp", JAR.toString());
            boolean well = compiler.getTask(said, files, null, options, null, files.getJavaFileObjects(file))
                    .call();
            assertTrue(well, said.toString());
        }
    }

    private static boolean imports(String line) {
        return line.startsWith("import ");
    }

    private String run(String name) throws Exception {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var output = directory.resolve(name + ".output");
        var process = new ProcessBuilder(java, "-cp", directory + ":" + JAR, name + "Example")
                .redirectErrorStream(true).redirectOutput(output.toFile()).start();
        boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly().waitFor();
        assertTrue(ended, name + " did not end; it said: " + Files.readString(output));
        assertEquals(0, process.exitValue(), name + " said: " + Files.readString(output));
        return Files.readString(output);
    }
}
