package daybook.cli;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

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
        var text = new StringBuilder();
        append(text, value);
        return text.toString();
    }

    private static void append(StringBuilder text, Object value) {
        switch (value) {
            case null -> text.append("null");
            case Boolean truth -> text.append(truth);
            case Double number when number.isNaN() || number.isInfinite() -> text.append("null");
            case Number number -> text.append(number);
            case byte[] bytes -> append(text, decoded(ByteBuffer.wrap(bytes)));
            case ByteBuffer bytes -> append(text, decoded(bytes.duplicate()));
            case Map<?, ?> members -> {
                char before = '{';
                for (var member : members.entrySet()) {
                    quote(text.append(before), String.valueOf(member.getKey()));
                    append(text.append(':'), member.getValue());
                    before = ',';
                }
                text.append(before == '{' ? "{}" : "}");
            }
            case Iterable<?> elements -> {
                char before = '[';
                for (var element : elements) {
                    append(text.append(before), element);
                    before = ',';
                }
                text.append(before == '[' ? "[]" : "]");
            }
            default -> quote(text, value.toString());
        }
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

    private static void quote(StringBuilder text, String string) {
        text.append('"');
        for (int at = 0; at < string.length(); at++) {
            char c = string.charAt(at);
            switch (c) {
                case '"', '\\' -> text.append('\\').append(c);
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (Character.isISOControl(c)) {
                        text.append("\\u").append(String.format("%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }
}
