/**
 * The broker as a whole: {@link daybook.Main} is the command line, {@link daybook.Config} what it was told,
 * {@link daybook.Broker} the one place that knows all rooms; it builds, starts and stops them in order.
 *
 * <pre>
 *   start   Logs.open -> Server (bound) -> Catalog.open -> Logs.load -> Apis -> Server.start
 *   stop    Server.stop (requests in flight end) -> Logs.close (files forced, the stop marked as clean)
 * </pre>
 */
package daybook;
