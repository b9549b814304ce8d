package daybook;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.text.MessageFormat;
import java.time.LocalDateTime;
import java.util.ResourceBundle;

/**
 * What {@link System.Logger} writes: one plain line a message on standard error, {@code 2026-11-21
 * 11:35:00.123 WARN  net: text}, with the stack below it where there is an exception. bin/daybook has a jar
 * besides ours in which the JDK finds this class as a service; a program that uses the library keeps its own
 * logging. Without it, messages go through java.util.logging, which costs a fifth of the start and
 * falls silent as soon as the JVM begins to stop.
 */
public final class LogLines extends System.LoggerFinder {
    private static final int TIME_LENGTH = "2026-11-21 11:35:00.123".length();

    /** For the service loader. */
    public LogLines() { }

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new Lines(name, name.startsWith("daybook.") ? name.substring("daybook.".length()) : name);
    }

    private record Lines(String name, String room) implements System.Logger {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            // What its user asked for a command tells itself; only what goes wrong is worth a line more.
            var least = room.equals("client") ? Level.WARNING : Level.INFO;
            return level.getSeverity() >= least.getSeverity() && level != Level.OFF;
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
            if (!isLoggable(level)) {
                return;
            }
            var line = new StringBuilder(160);
            line.append(time(LocalDateTime.now()))
                    .append(level == Level.WARNING ? " WARN  " : level == Level.INFO ? " INFO  " : " ERROR ")
                    .append(room).append(": ").append(message).append(System.lineSeparator());
            if (thrown != null) {
                var stack = new StringWriter();
                thrown.printStackTrace(new PrintWriter(stack));
                line.append(stack);
            }
            System.err.print(line);
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String format, Object... parameters) {
            if (isLoggable(level)) {
                boolean plain = parameters == null || parameters.length == 0;
                var message = plain ? format : MessageFormat.format(format, parameters);
                log(level, bundle, message, (Throwable) null);
            }
        }
    }

    /**
     * The time in milliseconds, without the JDK's formatter, which takes longer to load than the rest of the
     * start takes. An odd number of nanoseconds always has nine digits in the plain text of a time.
     */
    static String time(LocalDateTime now) {
        var text = now.withNano(now.getNano() | 1).toString();
        return text.substring(0, TIME_LENGTH).replace('T', ' ');
    }
}
