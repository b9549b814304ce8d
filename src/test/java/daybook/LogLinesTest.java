package daybook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.time.LocalDateTime;

class LogLinesTest {
    @Test
    void timesHaveOneWidth() {
        var midnight = LocalDateTime.of(2026, 1, 2, 0, 0);
        assertEquals("2026-01-02 00:00:00.000", LogLines.time(midnight));
        assertEquals("2026-01-02 00:00:07.000", LogLines.time(midnight.plusSeconds(7)));
        assertEquals("2026-01-02 00:00:00.120", LogLines.time(midnight.withNano(120_000_000)));
        assertEquals("2026-01-02 00:00:00.000", LogLines.time(midnight.withNano(120)));
        assertEquals("2026-01-02 23:59:59.999", LogLines.time(midnight.plusDays(1).minusNanos(1)));
    }
}
