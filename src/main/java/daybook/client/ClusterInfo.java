package daybook.client;

import java.util.Map;

/**
 * The cluster as a whole.
 *
 * @param controller the number of the node that changes of topics and configurations are sent to
 * @param nodes by number
 * @param features the level that the cluster has agreed on of each (KIP-584)
 */
public record ClusterInfo(String id, int controller, Map<Integer, Node> nodes,
        Map<String, Integer> features) { }
