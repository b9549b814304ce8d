/**
 * The sub-commands of {@code bin/daybook}: a file each, with its help. A mistake in what the user typed is
 * answered in one line that says what to do, never with a stack trace.
 */
package daybook.cli;
