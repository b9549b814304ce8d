package daybook.tidy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * One Java source, with its comments and the contents of its literals told apart from its code.
 *
 * <p>{@link #code} has the same lines as the source, but comments are blank and each character inside a
 * string, a character literal or a text block is an underscore, so that a brace in it is no brace and a word
 * in it no word. This is no parser: it is enough for sources that the compiler has accepted.
 */
record JavaText(String path, List<String> lines, List<String> code) {
    private static final Pattern TYPE = Pattern.compile("\\b(class|interface|enum|record)\\s+(?!throws\\b)\\w");
    private static final Pattern PARENTHESES = Pattern.compile("\\([^()]*\\)");

    /**
     * A method, constructor, initializer or the body of an enum constant: its first line, from 1, and its
     * code lines.
     */
    record Method(int line, int codeLines) {}

    static JavaText of(String path, String source) {
        return new JavaText(path, source.lines().toList(), blanked(source).lines().toList());
    }

    int codeLines() {
        return codeLines(0, code.size() - 1);
    }

    private int codeLines(int first, int last) {
        return (int) code.subList(first, last + 1).stream().filter(line -> !line.isBlank()).count();
    }

    /**
     * The methods of the file's types, nested types among them; a lambda or a local class counts with its
     * method.
     */
    List<Method> methods() {
        var methods = new ArrayList<Method>();
        var open = new ArrayDeque<Block>();
        var header = new StringBuilder();
        int headerLine = -1;
        for (int line = 0; line < code.size(); line++) {
            for (char c : code.get(line).toCharArray()) {
                if (c == '{') {
                    open.push(new Block(kind(header.toString(), open.peek()), headerLine < 0 ? line : headerLine));
                } else if (c == '}' && open.peek().kind == Kind.METHOD) {
                    int first = open.pop().line;
                    methods.add(new Method(first + 1, codeLines(first, line)));
                } else if (c == '}') {
                    open.pop();
                } else if (c != ';') {
                    headerLine = header.isEmpty() && !Character.isWhitespace(c) ? line : headerLine;
                    header.append(header.isEmpty() && Character.isWhitespace(c) ? "" : c);
                    continue;
                }
                header.setLength(0);
                headerLine = -1;
            }
            header.append(header.isEmpty() ? "" : " ");
        }
        return methods;
    }

    private enum Kind { TYPE, METHOD, OTHER }

    /** A brace that is open: what it belongs to, and the line, from 0, where its header begins. */
    private record Block(Kind kind, int line) {}

    /**
     * What the brace after {@code header} opens; {@code outer} is the block it stands in, null in the file
     * itself.
     */
    private static Kind kind(String header, Block outer) {
        if (outer != null && outer.kind != Kind.TYPE) {
            return Kind.OTHER;
        }
        var bare = header;
        for (var shorter = ""; !shorter.equals(bare); ) {
            shorter = bare;
            bare = PARENTHESES.matcher(bare).replaceAll("");
        }
        if (bare.indexOf('=') >= 0) {
            return Kind.OTHER; // A field: what its braces hold is data, or a lambda.
        }
        return TYPE.matcher(bare).find() ? Kind.TYPE : Kind.METHOD;
    }

    private static String blanked(String source) {
        var out = new StringBuilder(source.length());
        int at = 0;
        while (at < source.length()) {
            char c = source.charAt(at);
            if (source.startsWith("//", at)) {
                at = blank(source, at, end(source, "\n", at), ' ', out);
            } else if (source.startsWith("/*", at)) {
                at = blank(source, at, end(source, "*/", at + 2) + 2, ' ', out);
            } else if (source.startsWith("\"\"\"", at)) {
                at = blank(source, at, end(source, "\"\"\"", at + 3) + 3, '_', out);
            } else if (c == '"' || c == '\'') {
                at = blank(source, at, end(source, String.valueOf(c), at + 1) + 1, '_', out);
            } else {
                out.append(c);
                at++;
            }
        }
        return out.toString();
    }

    /**
     * Where {@code mark} stands next, at or after {@code from}, without a backslash before it; else the
     * source's end.
     */
    private static int end(String source, String mark, int from) {
        boolean comment = mark.equals("\n") || mark.equals("*/");
        for (int at = from; at < source.length(); at++) {
            if (source.startsWith(mark, at)) {
                return at;
            }
            at += !comment && source.charAt(at) == '\\' ? 1 : 0;
        }
        return source.length();
    }

    private static int blank(String source, int from, int to, char with, StringBuilder out) {
        int end = Math.min(to, source.length());
        for (int at = from; at < end; at++) {
            out.append(Character.isWhitespace(source.charAt(at)) ? source.charAt(at) : with);
        }
        return end;
    }
}
