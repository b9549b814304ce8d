package daybook.bench;

import java.util.Collection;
import java.util.concurrent.Executors;

/** What a broker is asked to do, and what is measured meanwhile. */
interface Load {
    void run(Subject broker, Figures figures) throws Exception;

    /** What was measured of one broker and of the other, in Markdown. */
    default String table(String title, Figures ours, Figures theirs) {
        return Figures.table(title, ours, theirs);
    }

    /** Something done with one of many. */
    interface Action<T> {
        void run(T one) throws Exception;
    }

    /** A step that is measured. */
    interface Step {
        void run() throws Exception;
    }

    /** Does it with all of them at once, each in a thread of its own, and waits for the end. */
    static <T> void each(Collection<T> all, Action<T> action) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = all.stream().map(one -> threads.submit(() -> {
                action.run(one);
                return one;
            })).toList();
            for (var thread : running) {
                thread.get();
            }
        }
    }

    /** Seconds of time and of the broker's processor that this takes, as two figures. */
    static void measure(Subject broker, Figures figures, String name, Step step) throws Exception {
        double processorSeconds = broker.processorSeconds();
        long beganNanos = System.nanoTime();
        step.run();
        figures.add(name + ", s", (System.nanoTime() - beganNanos) / 1e9);
        figures.add(name + ", CPU s", broker.processorSeconds() - processorSeconds);
    }
}
