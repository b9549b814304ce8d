/** A message broker that speaks the Kafka protocol, and a client for any such broker, on the JDK alone. */
module daybook {
    exports daybook;
    exports daybook.client;
    exports daybook.record;
    exports daybook.wire;
}
