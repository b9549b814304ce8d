package daybook.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import daybook.wire.Uuid;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

class TopicNamesTest {
    @Test
    void legalNames() {
        for (var name : List.of("a", "A-Z_0.9", "...", "x".repeat(249))) {
            assertNull(TopicNames.error(name), name);
        }
    }

    @Test
    void illegalNamesAreToldInKafkasWords() {
        assertEquals("Topic name is invalid: the empty string is not allowed", TopicNames.error(""));
        assertEquals("Topic name is invalid: '.' is not allowed", TopicNames.error("."));
        assertEquals("Topic name is invalid: '..' is not allowed", TopicNames.error(".."));
        var name = "x".repeat(250);
        assertEquals("Topic name is invalid: the length of '" + name
                + "' is longer than the max allowed length 249",
                TopicNames.error(name));
        for (var odd : List.of("a b", "a/b", "ä", "a\u0000", "a,b")) {
            assertEquals("Topic name is invalid: '" + odd
                    + "' contains one or more characters other than ASCII "
                    + "alphanumerics, '.', '_' and '-'", TopicNames.error(odd));
        }
    }

    @Test
    void dotsAndUnderscoresCollide() {
        var topics = new TreeMap<String, Topic>();
        for (var name : List.of("p.x", "plain", "a_b.c")) {
            topics.put(name, new Topic(Uuid.random(), name, List.of()));
        }
        var image = new Image(0, 0, topics, Map.of(), Map.of(), Map.of(), null, 0,
                Map.of(), Map.of());
        assertEquals("Topic 'p_x' collides with existing topic: p.x", TopicNames.collision(image, "p_x"));
        assertEquals("Topic 'a.b_c' collides with existing topic: a_b.c",
                TopicNames.collision(image, "a.b_c"));
        for (var name : List.of("p-x", "p.y", "p_xx", "p.x", "plain", "plain.", "other")) {
            assertNull(TopicNames.collision(image, name), name);
        }
    }
}
