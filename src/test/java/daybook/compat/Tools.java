package daybook.compat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts Apache Kafka's tools: a class of its jars, in a JVM like this one. {@code directory} gets the files
 * of their inputs and outputs,
 * {@code options} are the JVM's.
 */
public record Tools(Path libraries, Path directory, List<String> options) {
    /** What keeps a client or tool from logging. */
    static final String NO_LOG = "-Dorg.slf4j.simpleLogger.defaultLogLevel=off";

    /** JVMs that are small and begin quickly. */
    Tools(Path libraries, Path directory) {
        this(libraries, directory, List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    }

    List<String> command(String tool, String... arguments) {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var command = new ArrayList<>(List.of(java));
        command.addAll(options);
        command.addAll(List.of(NO_LOG, "-cp", libraries + "/*", tool));
        command.addAll(List.of(arguments));
        return command;
    }

    /** A class of this package, which runs with what this JVM runs with. */
    List<String> own(Class<?> program, String... arguments) {
        var command = command(program.getName(), arguments);
        command.set(command.indexOf("-cp") + 1, System.getProperty("java.class.path"));
        return command;
    }

    Program run(byte[] input, String tool, String... arguments) throws Exception {
        return Program.run(directory, command(tool, arguments), input);
    }

    Program run(String tool, String... arguments) throws Exception {
        return run(new byte[0], tool, arguments);
    }
}
