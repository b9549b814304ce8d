package daybook.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;

class FromTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    private static From from(String text) {
        return From.of(text, InstantSource.fixed(NOW));
    }

    private static From at(Instant time) {
        return new From.Time(time.toEpochMilli());
    }

    @Test
    void placesAndTimes() {
        assertEquals(new From.Time(-2), from("beginning"));
        assertEquals(new From.Time(-1), from("end"));
        assertEquals(new From.Offset(17), from("17"));
        assertEquals(new From.Time(1_795_257_000_123L), from("@1795257000123"));
        assertEquals(at(NOW.minusSeconds(30)), from("30s"));
        assertEquals(at(NOW.minusSeconds(300)), from("5m ago"));
        assertEquals(at(NOW.minusSeconds(7_200)), from("2h"));
        assertEquals(at(NOW.minusSeconds(86_400)), from("1d"));
        assertEquals(new From.Time(0), from("999999999d"));
        assertEquals(at(Instant.parse("2026-11-21T10:30:00.5Z")), from("2026-11-21T10:30:00.5Z"));
        assertEquals(at(Instant.parse("2026-11-21T08:30:00Z")), from("2026-11-21T10:30:00+02:00"));
        assertEquals(at(Instant.parse("2026-11-21T12:30:00Z")), from("2026-11-21 10:30:00-02:00"));
        var here = ZoneId.systemDefault();
        assertEquals(at(LocalDateTime.parse("2026-11-21T10:30").atZone(here).toInstant()), from("2026-11-21T10:30"));
        assertEquals(at(LocalDate.parse("2026-11-21").atStartOfDay(here).toInstant()), from("2026-11-21"));
    }

    @Test
    void allElseIsAMistake() {
        for (var text : List.of("-1", "x", "5w", "@", "@x", "2026-13-01", "2026-11-21T", "yesterday",
                "10:30", "1e3", "9999999999999999999", "2026-11-21T10:30:00 02:00")) {
            var said = assertThrows(CommandException.class, () -> From.FLAG.read(text)).getMessage();
            assertTrue(said.startsWith("The flag --from is " + text + ", but must be beginning or end or an offset or a time as "), said);
        }
    }
}
