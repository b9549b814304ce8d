package daybook.catalog;

import daybook.wire.Uuid;

import java.util.List;

/** A topic with its partitions in the order of their numbers. */
public record Topic(Uuid id, String name, List<Partition> partitions) { }
