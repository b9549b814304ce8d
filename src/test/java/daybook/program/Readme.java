package daybook.program;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** The page, cut into what tests need of it. */
final class Readme {
    private static final String INDENT = "    ";

    private final List<String> lines;

    private Readme(List<String> lines) {
        this.lines = lines;
    }

    static Readme read() throws IOException {
        return new Readme(Files.readAllLines(RunningBroker.PROJECT.resolve("README.md")));
    }

    /** The lines of the section with this title, without those of the sections beside and above it. */
    Readme section(String title) {
        int from = lines.indexOf("## " + title) + 1;
        if (from == 0) {
            throw new AssertionError("the README has no section \"" + title + "\"");
        }
        int to = from;
        while (to < lines.size() && !lines.get(to).startsWith("## ")) {
            to++;
        }
        return new Readme(lines.subList(from, to));
    }

    /** The names behind {@code <!-- KIND NAME -->}, in their order. */
    List<String> marked(String kind) {
        var names = new ArrayList<String>();
        for (var line : lines) {
            if (line.startsWith("<!-- " + kind + " ") && line.endsWith(" -->")) {
                names.add(line.substring(kind.length() + 6, line.length() - 4));
            }
        }
        return names;
    }

    /** The first indented block below {@code <!-- KIND NAME -->}. */
    List<String> block(String kind, String name) {
        int marker = lines.indexOf("<!-- " + kind + " " + name + " -->");
        if (marker < 0) {
            throw new AssertionError("the README has nothing marked \"" + kind + " " + name + "\"");
        }
        return new Readme(lines.subList(marker, lines.size())).blocks().getFirst();
    }

    /** The indented blocks, without their indentation. */
    List<List<String>> blocks() {
        var blocks = new ArrayList<List<String>>();
        var block = new ArrayList<String>();
        for (var line : lines) {
            if (line.startsWith(INDENT)) {
                block.add(line.substring(INDENT.length()));
            } else if (line.isBlank() && !block.isEmpty()) {
                block.add("");
            } else if (!block.isEmpty()) {
                blocks.add(trimmed(block));
                block = new ArrayList<>();
            }
        }
        if (!block.isEmpty()) {
            blocks.add(trimmed(block));
        }
        return blocks;
    }

    private static List<String> trimmed(List<String> block) {
        int end = block.size();
        while (block.get(end - 1).isEmpty()) {
            end--;
        }
        return List.copyOf(block.subList(0, end));
    }
}
