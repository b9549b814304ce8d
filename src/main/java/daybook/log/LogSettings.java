package daybook.log;

import java.nio.file.Path;
import java.util.List;

/**
 * The settings of the room that hold for the whole broker.
 *
 * @param directories where partitions live: {@code log.dirs}
 * @param metadataDirectory where the metadata log lives: one of them, or one of its own
 * @param forceAcksAll whether {@link PartitionLog#awaitForced} waits for the disk: {@code
 *     daybook.durability=fsync}
 * @param retentionCheckMs between two looks at what is too old or too much
 * @param flushCheckpointMs between two writings of the checkpoints
 * @param producerIdExpirationMs an idempotent producer that was silent this long is forgotten
 * @param reserveBytes below so many free bytes of a directory's disk clients add nothing to the logs in it
 * @param recoveryThreads threads that load the logs at start, per directory
 */
public record LogSettings(List<Path> directories, Path metadataDirectory, boolean forceAcksAll,
        long retentionCheckMs, long flushCheckpointMs, long producerIdExpirationMs, long reserveBytes,
        int recoveryThreads) {

    /** Makes the paths such as can be compared. */
    public LogSettings {
        directories = directories.stream().map(LogSettings::absolute).distinct().toList();
        metadataDirectory = absolute(metadataDirectory);
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }
}
