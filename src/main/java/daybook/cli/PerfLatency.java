package daybook.cli;

import daybook.client.Consumer;
import daybook.client.Producer;
import daybook.client.TopicPartition;
import daybook.record.Record;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.ThreadLocalRandom;

/**
 * {@code bin/daybook perf latency}: how long a record is on its way from a producer to a consumer. Open loop:
 * one thread sends at times that are set beforehand, this one reads, and none waits for the other.
 *
 * <pre>
 *   value of a record: int64 run | int64 number | letters up to --size
 * </pre>
 */
final class PerfLatency {
}
