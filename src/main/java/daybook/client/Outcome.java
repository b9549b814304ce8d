package daybook.client;

import daybook.wire.ErrorCode;
import daybook.wire.Reader;

import java.util.HashMap;
import java.util.Map;

/**
 * What a broker answered to a batch (ProduceResponse.json), or what was found in its place.
 *
 * @param baseOffset of the first record
 * @param logAppendTimeMs the time of all the records where it is the broker's; otherwise -1
 * @param refused what was wrong with single records, by their place in the batch (KIP-467)
 * @param message null where the error says it all
 */
record Outcome(ErrorCode error, long baseOffset, long logAppendTimeMs, Map<Integer, String> refused,
        String message) {

    static Outcome failed(ErrorCode error, String message) {
        return new Outcome(error, -1, -1, Map.of(), message);
    }

    /** Of a batch that nobody is asked to acknowledge. */
    static Outcome unknown() {
        return failed(ErrorCode.NONE, null);
    }

    /** Reads it behind the number of the partition, with the tagged fields at its end. */
    static Outcome of(Reader in) {
        var error = ErrorCode.of(in.int16());
        long baseOffset = in.int64();
        long logAppendTimeMs = in.int64();
        in.int64();
        var refused = new HashMap<Integer, String>();
        in.structs(each -> refused.put(each.int32(), each.nullableString()));
        return new Outcome(error, baseOffset, logAppendTimeMs, refused, in.nullableString());
    }

    /**
     * The receipt of the record at this place of the batch.
     *
     * @throws ClientException where it has none
     */
    Receipt receipt(TopicPartition partition, int index, long timestampMs) {
        if (error != ErrorCode.NONE) {
            boolean others = !refused.isEmpty() && !refused.containsKey(index);
            var reason = refused.getOrDefault(index, message);
            throw new ClientException(error, others ? "another record of its batch was refused" : reason);
        }
        return new Receipt(partition, baseOffset < 0 ? -1 : baseOffset + index,
                logAppendTimeMs < 0 ? timestampMs : logAppendTimeMs);
    }
}
