package daybook.cli;

import daybook.client.Consumer;
import daybook.client.TopicPartition;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Where reading begins in each partition; never outside of what the partition holds. */
sealed interface From {
    Flag FLAG = Flag.of("from", "beginning|end|OFFSET|TIME", "where to begin");
    String HELP = """
            A TIME is one of 2026-11-21, 2026-11-21T10:30 (of this machine's zone), 2026-11-21T10:30:00Z,
            @1795257000000 (milliseconds since 1970), and 30s, 5m, 2h or 1d for as long ago.
            """;
    Pattern AGO = Pattern.compile("(\\d{1,9})(s|m|h|d)( ago)?");
    Pattern NUMBER = Pattern.compile("\\d{1,18}");

    /** @param timestampMs of the first record, EARLIEST or LATEST, as {@link Consumer} has them */
    record Time(long timestampMs) implements From { }

    record Offset(long offset) implements From { }

    /** @param count of records before the end, as far as offsets can tell */
    record Last(long count) implements From { }

    /** The value of a flag. */
    static From of(Flag flag, String text, InstantSource clock) {
        var ago = AGO.matcher(text);
        if (text.equals("beginning") || text.equals("end")) {
            return new Time(text.equals("end") ? Consumer.LATEST : Consumer.EARLIEST);
        } else if (NUMBER.matcher(text).matches()) {
            return new Offset(Long.parseLong(text));
        } else if (ago.matches()) {
            long count = Long.parseLong(ago.group(1));
            var duration = switch (ago.group(2)) {
                case "s" -> Duration.ofSeconds(count);
                case "m" -> Duration.ofMinutes(count);
                case "h" -> Duration.ofHours(count);
                default -> Duration.ofDays(count);
            };
            return new Time(Math.max(0, clock.millis() - duration.toMillis()));
        } else if (text.startsWith("@") && NUMBER.matcher(text.substring(1)).matches()) {
            return new Time(Long.parseLong(text.substring(1)));
        }
        return new Time(instant(flag, text).toEpochMilli());
    }

    private static Instant instant(Flag flag, String text) {
        var zone = ZoneId.systemDefault();
        var time = text.replaceFirst(" ", "T");
        try {
            if (!time.contains("T")) {
                return LocalDate.parse(time).atStartOfDay(zone).toInstant();
            }
            return time.matches(".*T.*([zZ+]|-\\d).*") ? Instant.parse(time)
                    : LocalDateTime.parse(time).atZone(zone).toInstant();
        } catch (DateTimeException unclear) {
            throw CommandException.usage("The flag --" + flag.name() + " is " + text + ", but must be "
                    + flag.value().replace("|", " or ") + "; a time is 2026-11-21T10:30:00Z or 5m");
        }
    }

    /** The offsets at which to begin. */
    default Map<TopicPartition, Long> offsets(Consumer consumer, Collection<TopicPartition> partitions) {
        if (this instanceof Time time) {
            return at(consumer, partitions, time.timestampMs);
        }
        var ends = at(consumer, partitions, Consumer.LATEST);
        var offsets = at(consumer, partitions, Consumer.EARLIEST);
        offsets.replaceAll((partition, earliest) -> {
            long end = ends.get(partition);
            long wanted = switch (this) {
                case Offset(long offset) -> offset;
                case Last(long count) -> end - count;
                case Time time -> time.timestampMs;
            };
            return Math.clamp(wanted, earliest, Math.max(earliest, end));
        });
        return offsets;
    }

    /** The offsets of this time, EARLIEST or LATEST, in each of the partitions. */
    static Map<TopicPartition, Long> at(Consumer consumer, Collection<TopicPartition> partitions,
            long timestampMs) {
        var times = new HashMap<TopicPartition, Long>();
        partitions.forEach(partition -> times.put(partition, timestampMs));
        return times.isEmpty() ? times : new HashMap<>(consumer.offsetsAt(times));
    }
}
