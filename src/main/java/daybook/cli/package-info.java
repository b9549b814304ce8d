/**
 * The sub-commands of {@code bin/daybook}: a file each, with its help. A mistake in what the user typed is
 * answered in one line that says what to do, never with a stack trace. Of the rooms of the broker it uses
 * {@code daybook.log} besides, and only to dump files: the formats stand there and are not read twice.
 */
package daybook.cli;
