package daybook.compat;

/** A broker as a process of its own, whichever it is. */
public interface Server {
    /** HOST:PORT. */
    String address();

    /** Starts it and returns at once. */
    void begin() throws Exception;

    /** Starts it and returns when it is ready. */
    void start() throws Exception;

    /** Stops it as an operator would (SIGTERM), and waits for its end. */
    void stop() throws Exception;

    /** Kills it (SIGKILL), where it runs. */
    void kill() throws Exception;

    /** The process that runs. */
    ProcessHandle handle();
}
