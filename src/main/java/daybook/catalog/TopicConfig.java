package daybook.catalog;

import daybook.log.LogConfig;

/** What holds for a topic: its own configuration, and the broker's where it has none. */
public record TopicConfig(LogConfig log, int minInsyncReplicas) { }
