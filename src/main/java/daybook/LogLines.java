package daybook;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.text.MessageFormat;
import java.time.LocalDateTime;
import java.util.ResourceBundle;

/**
 * What {@link System.Logger} writes: one plain line a message on standard error, {@code 2026-11-21 11:35:00.123 WARN  net:
 * text}, with the stack below it where there is an exception. The JDK finds this class as a service. Without it, messages
 * go through java.util.logging, which costs a fifth of the start and falls silent as soon as the JVM begins to stop.
 */
public final class LogLines extends System.LoggerFinder {
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
            return level.getSeverity() >= Level.INFO.getSeverity() && level != Level.OFF;
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
            if (!isLoggable(level)) {
                return;
            }
            var line = new StringBuilder(160);
            time(line, LocalDateTime.now());
            line.append(level == Level.WARNING ? " WARN  " : level == Level.INFO ? " INFO  " : " ERROR ");
            line.append(room).append(": ").append(message).append(System.lineSeparator());
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
                log(level, bundle, plain ? format : MessageFormat.format(format, parameters), (Throwable) null);
            }
        }

        /** By hand: the JDK's formatter takes longer to load than the rest of the start takes. */
        private static void time(StringBuilder line, LocalDateTime now) {
            line.append(now.toLocalDate()).append(' ');
            digits(line, now.getHour(), 2).append(':');
            digits(line, now.getMinute(), 2).append(':');
            digits(line, now.getSecond(), 2).append('.');
            digits(line, now.getNano() / 1_000_000, 3);
        }

        private static StringBuilder digits(StringBuilder line, int number, int width) {
            var digits = Integer.toString(number);
            return line.repeat("0", width - digits.length()).append(digits);
        }
    }
}
