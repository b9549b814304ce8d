package daybook.compat;

import static daybook.compat.CheckFailed.expectEqual;

import daybook.record.RecordBatch;
import daybook.wire.Reader;
import daybook.wire.Writer;

import java.io.DataInputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/**
 * The last batch of a partition, taken from its file and sent again, as an idempotent producer does that
 * missed the answer. It is a duplicate to a broker that has the producer's state: it answers the offset at
 * which it has the batch, and appends nothing.
 */
final class Resend {
    private static final int PRODUCE = 0;
    private static final int PRODUCE_VERSION = 7;
    private static final int TIMEOUT_MS = 30_000;

    private Resend() {}

    /** Fails unless the broker knows the batch; {@code data} is its directory. */
    static void expectKnown(Path data, String topic, int partition, String address) throws Exception {
        var bytes = lastBatch(data.resolve(topic + "-" + partition));
        var batch = new RecordBatch(bytes, 0);
        long offset = batch.baseOffset();
        batch.stamp(0, -1);
        var out = new Writer(PRODUCE_VERSION, false).int16(PRODUCE).int16(PRODUCE_VERSION).int32(1)
                .string("resend").string(null).int16(-1).int32(TIMEOUT_MS);
        out.structs(List.of(topic), (each, name) -> each.string(name)
                .structs(List.of(partition), (one, number) -> one.int32(number).bytes(bytes)));
        var reply = new Reader(exchange(address, out.toBuffer()), PRODUCE_VERSION, false);
        reply.int32();
        var answers = reply.structs(topics -> {
            topics.string();
            return topics.structs(each -> {
                each.int32();
                var answer = "error " + each.int16() + ", offset " + each.int64();
                each.int64();
                each.int64();
                return answer;
            });
        });
        expectEqual(List.of(List.of("error 0, offset " + offset)), answers,
                "answer to the last batch of " + topic + ", sent again");
    }

    private static ByteBuffer lastBatch(Path directory) throws Exception {
        try (var files = Files.list(directory)) {
            var logs = files.filter(file -> file.toString().endsWith(".log") && file.toFile().length() > 0);
            var log = ByteBuffer.wrap(Files.readAllBytes(logs.max(Comparator.naturalOrder()).orElseThrow()));
            int at = 0;
            while (at + new RecordBatch(log, at).sizeBytes() < log.limit()) {
                at += new RecordBatch(log, at).sizeBytes();
            }
            return log.slice(at, log.limit() - at);
        }
    }

    private static ByteBuffer exchange(String address, ByteBuffer request) throws Exception {
        int colon = address.lastIndexOf(':');
        var port = Integer.parseInt(address.substring(colon + 1));
        try (var socket = new Socket(address.substring(0, colon), port)) {
            socket.setSoTimeout(TIMEOUT_MS);
            var frame = ByteBuffer.allocate(4 + request.remaining()).putInt(request.remaining()).put(request);
            socket.getOutputStream().write(frame.array());
            var in = new DataInputStream(socket.getInputStream());
            var reply = new byte[in.readInt()];
            in.readFully(reply);
            return ByteBuffer.wrap(reply);
        }
    }
}
