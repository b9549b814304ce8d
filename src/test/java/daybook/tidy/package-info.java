/**
 * The rules that the sources keep, as a program ({@code make audit}) and as a unit test.
 *
 * <p>{@link JavaText} reads a source file just well enough to tell code from comments and to find methods;
 * {@link Tidy} holds the rules; {@link ReadingOrder} reads the list in the README; {@link Audit} prints it
 * all.
 */
package daybook.tidy;
