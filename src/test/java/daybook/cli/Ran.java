package daybook.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** What a command left behind that ran in this process. */
record Ran(int exit, byte[] bytes, String errors) {
    /** One that nobody reads. */
    static final OutputStream BROKEN_PIPE = new OutputStream() {
        @Override
        public void write(int piece) throws IOException {
            throw new IOException("Broken pipe");
        }
    };

    /** Runs the command of this name, which reads nothing. */
    static Ran of(String command, Object... arguments) {
        return with(InputStream.nullInputStream(), command, arguments);
    }

    /** Runs it with these bytes on standard input. */
    static Ran fed(byte[] in, String command, Object... arguments) {
        return with(new ByteArrayInputStream(in), command, arguments);
    }

    private static Ran with(InputStream in, String command, Object... arguments) {
        var out = new ByteArrayOutputStream();
        var errors = new ByteArrayOutputStream();
        int exit = Commands.run(words(command, arguments), streams(in, out, errors));
        return new Ran(exit, out.toByteArray(), errors.toString(StandardCharsets.UTF_8));
    }

    /** The exit code where the output goes elsewhere. */
    static int into(OutputStream out, String command, Object... arguments) {
        return Commands.run(words(command, arguments),
                streams(InputStream.nullInputStream(), out, OutputStream.nullOutputStream()));
    }

    private static List<String> words(String command, Object... arguments) {
        var path = Arrays.stream(command.split(" ")).filter(word -> !word.isEmpty());
        return Stream.concat(path, Arrays.stream(arguments).map(Object::toString)).toList();
    }

    private static Streams streams(InputStream in, OutputStream out, OutputStream errors) {
        return new Streams(in, new Output(out), new PrintStream(errors, true, StandardCharsets.UTF_8), false,
                false);
    }

    String out() {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
