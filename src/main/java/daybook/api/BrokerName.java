package daybook.api;

/** How requests for configuration name a broker: by its number, or by nothing for all brokers. */
final class BrokerName {
    private BrokerName() { }

    /** Why a name is refused; null where it is this broker's number, or empty. */
    static Outcome refusal(String name, int nodeId) {
        if (name.isEmpty()) {
            return null;
        }
        try {
            int id = Integer.parseInt(name);
            return id == nodeId ? null : Outcome.invalid(
                    "Unexpected broker id, expected " + nodeId + " or empty string, but received " + id);
        } catch (NumberFormatException notANumber) {
            return Outcome.invalid("Broker id must be an integer, but it is: " + name);
        }
    }
}
