package daybook.api;

/** How requests for configuration name a broker: by its number, or by nothing for all brokers. */
final class BrokerName {
    private BrokerName() { }

    /**
     * Why a name is refused; null where it is this broker's number, or empty.
     *
     * @param noun what Apache Kafka calls the number in its sentence
     * @param besides what it says is expected besides of this broker's number
     */
    static Outcome refusal(String name, int nodeId, String noun, String besides) {
        if (name.isEmpty()) {
            return null;
        }
        try {
            int id = Integer.parseInt(name);
            return id == nodeId ? null : Outcome.invalid(
                    "Unexpected broker id, expected " + nodeId + besides + ", but received " + id);
        } catch (NumberFormatException notANumber) {
            return Outcome.invalid(noun + " id must be an integer, but it is: " + name);
        }
    }
}
