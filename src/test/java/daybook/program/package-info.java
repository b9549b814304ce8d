/**
 * The program and the page, as those have them who use them: {@code bin/daybook} as a process, with what it
 * prints and how it ends, and the README, of which each example and each command is run.
 */
package daybook.program;
