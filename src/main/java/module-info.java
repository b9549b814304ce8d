/** A message broker that speaks the Kafka protocol, on the JDK alone. */
module daybook {
    exports daybook;

    provides System.LoggerFinder with daybook.LogLines;
}
