package daybook.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A broker that is measured: a process that runs, and the address it listens on. */
record Subject(String name, String address, ProcessHandle process) {
    /** Seconds of processor time that it took since it began, in hundredths. */
    double processorSeconds() {
        return process.info().totalCpuDuration().orElseThrow().toMillis() / 1e3;
    }

    /** The most memory that it had resident at once, in MiB. */
    double peakMemoryMiB() throws IOException {
        var status = Files.readString(Path.of("/proc/" + process.pid() + "/status"));
        return Long.parseLong(status.replaceFirst("(?s).*VmHWM:\\s+(\\d+) kB.*", "$1")) / 1024.0;
    }

    Connection connect() throws IOException {
        return new Connection(address);
    }
}
