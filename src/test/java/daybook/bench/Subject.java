package daybook.bench;

import daybook.compat.Server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A broker that is measured, a process of its own on Linux, and how thoroughly it is measured. */
record Subject(String name, Server server, Mode mode) {
    /** The unit of /proc/PID/stat, whatever the kernel's own clock (USER_HZ). */
    private static final double TICKS_A_SECOND = 100;
    /** Behind the program's name, which is in parentheses and may have spaces: proc(5) counts from 1. */
    private static final int FIRST_FIELD = 3;
    private static final int USER_FIELD = 14;
    private static final int SYSTEM_FIELD = 15;

    /** HOST:PORT. */
    String address() {
        return server.address();
    }

    /** Seconds of processor time that it took since it began, its own and the system's for it. */
    double processorSeconds() throws IOException {
        var line = proc("stat");
        var fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[USER_FIELD - FIRST_FIELD])
                + Long.parseLong(fields[SYSTEM_FIELD - FIRST_FIELD])) / TICKS_A_SECOND;
    }

    /** The memory that it has resident now, in MiB. */
    double memoryMiB() throws IOException {
        return status("VmRSS");
    }

    /**
     * The most memory that it had resident at once, since it began or since this was last forgotten, in MiB.
     */
    double peakMemoryMiB() throws IOException {
        return status("VmHWM");
    }

    /** Lets the peak begin anew. */
    void forgetPeakMemory() throws IOException {
        Files.writeString(Path.of("/proc/" + server.handle().pid() + "/clear_refs"), "5");
    }

    Connection connect() throws IOException {
        return new Connection(address());
    }

    private double status(String name) throws IOException {
        var kibibytes = proc("status").replaceFirst("(?s).*" + name + ":\\s+(\\d+) kB.*", "$1");
        return Long.parseLong(kibibytes) / 1024.0;
    }

    private String proc(String file) throws IOException {
        return Files.readString(Path.of("/proc/" + server.handle().pid() + "/" + file));
    }
}
