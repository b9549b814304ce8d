/**
 * Consumer groups: who is a member, who reads which partition, and how far each group has read. {@link
 * daybook.group.GroupRecord} draws what is kept of them in {@code __consumer_offsets}.
 */
package daybook.group;
