package daybook.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** {@code bin/daybook completion}: what makes a shell complete commands, flags and their values. */
final class Completion {
    static final Command COMMAND = Command.of("completion", "bash|zsh",
            "print what makes a shell complete commands and flags", Completion::run)
            .examples("eval \"$(bin/daybook completion bash)\"", "eval \"$(bin/daybook completion zsh)\"");
    /** Among candidates: the names of files too. No command or flag is called so. */
    private static final String FILES = "FILE";

    /**
     * Both shells. The words before the one to complete walk from a command to its own ones; then the last of
     * them may be a flag that asks for a value.
     */
    private static final String CANDIDATES = """
            # Candidates for the word behind those given; %s stands for the names of files.
            _daybook_candidates() {
                local command=daybook before='' word
                for word in "$@"; do
                    case "$command $word" in
                    'daybook help') ;;
                    %s) command="$command $word" ;;
                    esac
                    [ "$word" = = ] || before=$word
                done
                case "$command $before" in
            %s    *)
                    case "$command" in
            %s        esac ;;
                esac
            }
            """;
    /** Bash takes the equals sign of {@code --flag=value} for a word of its own. */
    private static final String BASH = """
            _daybook() {
                local word=${COMP_WORDS[COMP_CWORD]} candidates
                [[ $word != = ]] || word=
                candidates=$(_daybook_candidates "${COMP_WORDS[@]:1:COMP_CWORD - 1}")
                [[ $candidates != *FILE* ]] || compopt -o default
                mapfile -t COMPREPLY < <(compgen -W "${candidates//FILE/}" -- "$word")
            }
            complete -F _daybook daybook
            """;
    private static final String ZSH = """
            _daybook() {
                local -a before candidates
                before=("${(@)words[2,CURRENT - 1]}")
                if [[ $PREFIX == --*=* ]]; then
                    before+=("${PREFIX%%=*}")
                    compset -P '*='
                fi
                candidates=(${=$(_daybook_candidates "${before[@]}")})
                [[ -z ${candidates[(r)FILE]} ]] || _files
                candidates=(${candidates:#FILE})
                compadd -a candidates
            }
            (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
            compdef _daybook daybook
            """;

    private final List<String> paths = new ArrayList<>();
    /** Candidates by the words that go before: of values by command and flag, of all else by command. */
    private final Map<String, String> values = new LinkedHashMap<>();
    private final Map<String, String> words = new LinkedHashMap<>();

    private Completion() { }

    private static int run(Arguments arguments, Streams streams) {
        var shell = arguments.operand(0);
        streams.out().line("# Completion of commands: eval \"$(bin/daybook completion " + shell + ")\"");
        streams.out().text(of(Commands.ROOT) + (shell.equals("bash") ? BASH : ZSH));
        return 0;
    }

    private static String of(Command root) {
        var completion = new Completion();
        completion.add(root);
        return CANDIDATES.formatted(FILES, String.join(" | ", completion.paths),
                cases(completion.values, "    "), cases(completion.words, "        "));
    }

    private void add(Command command) {
        var path = ("daybook " + command.path()).strip();
        var candidates = new TreeSet<String>();
        command.commands().forEach(own -> candidates.add(own.name()));
        command.places().forEach(place -> candidates.addAll(candidates(place)));
        for (var flag : command.flags()) {
            if (flag == Command.ANY) {
                continue;
            }
            candidates.add("--" + flag.name());
            if (!flag.value().isEmpty()) {
                values.put(path + " --" + flag.name(), String.join(" ", candidates(flag.value())));
            }
        }
        candidates.add("--help");
        words.put(path, String.join(" ", candidates));
        for (var own : command.commands()) {
            paths.add("'daybook " + own.path() + "'");
            add(own);
        }
    }

    /** What may stand for a placeholder. */
    private static List<String> candidates(String placeholder) {
        return placeholder.contains(FILES) ? List.of(FILES) : Flag.words(placeholder);
    }

    private static String cases(Map<String, String> candidates, String indent) {
        var text = new StringBuilder();
        candidates.forEach((before, words) -> text.append(indent).append('\'').append(before).append("') ")
                .append(words.isEmpty() ? ";;" : "echo '" + words + "' ;;").append('\n'));
        return text.toString();
    }
}
