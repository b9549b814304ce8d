package daybook.cli;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;

/** Values as JSON (RFC 8259), on one line. */
final class Json {
    private Json() { }

    /** An object whose members stand in the order given: {@code object("name", name, "partitions", 3)}. */
    static Map<String, Object> object(Object... namesAndValues) {
        var members = new LinkedHashMap<String, Object>();
        for (int at = 0; at < namesAndValues.length; at += 2) {
            members.put((String) namesAndValues[at], namesAndValues[at + 1]);
        }
        return members;
    }

    /**
     * Null, booleans, numbers, maps, collections and arrays of objects as what they are in JSON; bytes (as an
     * array or a buffer, which stays as it is) as a string where they are UTF-8, and else as
     * <code>{"base64": "..."}</code>; all else as a string.
     */
    static String text(Object value) {
        return switch (value) {
            case null -> "null";
            case Double number when number.isNaN() || number.isInfinite() -> "null";
            case Boolean truth -> truth.toString();
            case Number number -> number.toString();
            case byte[] bytes -> text(decoded(ByteBuffer.wrap(bytes)));
            case ByteBuffer bytes -> text(decoded(bytes.duplicate()));
            case Map<?, ?> members -> {
                var joined = new StringJoiner(",", "{", "}");
                members.forEach((name, member) ->
                        joined.add(quoted(String.valueOf(name)) + ":" + text(member)));
                yield joined.toString();
            }
            case Iterable<?> elements -> {
                var joined = new StringJoiner(",", "[", "]");
                elements.forEach(element -> joined.add(text(element)));
                yield joined.toString();
            }
            default -> quoted(value.toString());
        };
    }

    private static Object decoded(ByteBuffer bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate()).toString();
        } catch (CharacterCodingException binary) {
            var copy = new byte[bytes.remaining()];
            bytes.get(copy);
            return Map.of("base64", Base64.getEncoder().encodeToString(copy));
        }
    }

    private static String quoted(String string) {
        var text = new StringBuilder("\"");
        for (int at = 0; at < string.length(); at++) {
            char c = string.charAt(at);
            text.append(switch (c) {
                case '"', '\\' -> "\\" + c;
                case '\n' -> "\\n";
                case '\r' -> "\\r";
                case '\t' -> "\\t";
                default -> Character.isISOControl(c) ? String.format("\\u%04x", (int) c) : String.valueOf(c);
            });
        }
        return text.append('"').toString();
    }
}
