package daybook.coordinator;

/**
 * What the records of one partition make, and the rules by which events become records. All is called under
 * the lock of the shard; nothing here may block.
 *
 * @param <R> the records
 */
public interface State<R> {
    /** Makes the change that the record stands for. Records come in the order of the log. */
    void replay(R record);

    /** Keeps a record of a transaction that has not ended; it holds from {@link #ended} on. */
    void replay(long producerId, R record);

    /** The producer's transaction has ended: what was kept of it holds, or is forgotten. */
    void ended(long producerId, boolean committed);

    /** All of the log was replayed: from now on events come, and deadlines count. */
    void loaded(long nowMs);

    /**
     * When something is due next, in milliseconds of the clock that never jumps; where that is in the past,
     * now. It is asked again after each event, and soon after the catalog has changed.
     */
    long dueMs();

    /**
     * Decides one thing that is due. It must not be due any more afterwards, whether it is written or not.
     */
    Decision<R, ?> due(long nowMs);
}
