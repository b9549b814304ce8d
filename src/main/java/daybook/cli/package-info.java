/**
 * The sub-commands of {@code bin/daybook}: a file each, which opens with its row of the table of commands.
 *
 * <pre>
 *   Main -> Commands.run -> find the row, Arguments.parse -> the row's action(Arguments, Streams)
 *                |
 *                +-- one line on standard error for all that goes wrong, and the exit code
 * </pre>
 *
 * <p>From that table ({@link daybook.cli.Commands#ROOT}: {@link daybook.cli.Command}, {@link
 * daybook.cli.Flag}) come parsing, help, completion for shells and the answers to mistakes. A mistake is one
 * line that says what to do, never a stack trace.
 *
 * <p>Commands reach brokers through {@code daybook.client} alone, so that they work with any Kafka broker.
 * Of the rooms of our broker, dump uses {@code daybook.log} for the formats of files, which are not read
 * twice, and start the broker itself. No locks: a command runs in the main thread, perf latency sends in
 * another that shares nothing with it but a clock; what Ctrl-C does is in {@link daybook.cli.Stop}.
 */
package daybook.cli;
