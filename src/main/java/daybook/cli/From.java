package daybook.cli;

import daybook.client.Offsets;
import daybook.client.TopicPartition;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;
import java.util.regex.Pattern;

/** Where reading begins in each partition; never outside of what the partition holds. */
sealed interface From {
    Flag<From> FLAG = Flag.of("from", "beginning|end|OFFSET|TIME", "where to begin").otherwise("beginning")
            .as(From::of);
    String HELP = """
            A TIME is one of 2026-11-21, 2026-11-21T10:30 (of this machine's zone), 2026-11-21T10:30:00Z,
            @1795257000000 (milliseconds since 1970), and 30s, 5m, 2h or 1d for as long ago.
            """;
    Pattern AGO = Pattern.compile("(\\d{1,9})(s|m|h|d)( ago)?");
    Pattern NUMBER = Pattern.compile("\\d{1,18}");

    /** @param timestampMs of the first record, EARLIEST or LATEST, as {@link Offsets} has them */
    record Time(long timestampMs) implements From { }

    record Offset(long offset) implements From { }

    /** So many records further than one is, or than the end where that is nowhere; fewer than 0 is back. */
    record Further(long records) implements From {
        private long from(long offset, long end) {
            return records > Long.MAX_VALUE - offset ? end : offset + records;
        }
    }

    /** The value of a flag. */
    static From of(String text) {
        return of(text, InstantSource.system());
    }

    static From of(String text, InstantSource clock) {
        var ago = AGO.matcher(text);
        if (text.equals("beginning") || text.equals("end")) {
            return new Time(text.equals("end") ? Offsets.LATEST : Offsets.EARLIEST);
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
        return new Time(instant(text).toEpochMilli());
    }

    private static Instant instant(String text) {
        var zone = ZoneId.systemDefault();
        var time = text.replaceFirst(" ", "T");
        try {
            if (!time.contains("T")) {
                return LocalDate.parse(time).atStartOfDay(zone).toInstant();
            }
            return time.matches(".*T.*([zZ+]|-\\d).*") ? Instant.parse(time)
                    : LocalDateTime.parse(time).atZone(zone).toInstant();
        } catch (DateTimeException unclear) {
            throw new IllegalArgumentException(
                    "an offset or a time as 2026-11-21T10:30:00Z or 5m");
        }
    }

    /**
     * The offsets at which to begin.
     *
     * @param here where one is now
     * @param at the offsets in all partitions at a time, EARLIEST or LATEST
     */
    default Map<TopicPartition, Long> offsets(Map<TopicPartition, Long> here,
            LongFunction<Map<TopicPartition, Long>> at) {
        if (this instanceof Time(long timestampMs)) {
            return new TreeMap<>(at.apply(timestampMs));
        }
        var ends = at.apply(Offsets.LATEST);
        var offsets = new TreeMap<>(at.apply(Offsets.EARLIEST));
        offsets.replaceAll((partition, earliest) -> {
            long end = ends.get(partition);
            long wanted = this instanceof Offset(long offset) ? offset
                    : ((Further) this).from(here.getOrDefault(partition, end), end);
            return Math.clamp(wanted, earliest, Math.max(earliest, end));
        });
        return offsets;
    }
}
