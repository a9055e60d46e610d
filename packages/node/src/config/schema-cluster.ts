import {
  type ConfigSection,
  integer,
  integerOr,
  loud,
  quiet,
  STRING,
  words,
} from "./schema-key.ts";

const INT32_MAX = 0x7fffffff;

/** The nodes of a cluster: how they find, trust and wait for each other, and where queues go. */
export const CLUSTER: ConfigSection = {
  title: "Cluster",
  keys: [
    {
      pattern: "cluster_formation.peer_discovery_backend",
      type: words(
        "classic_config",
        "dns",
        "rabbit_peer_discovery_classic_config",
        "rabbit_peer_discovery_dns",
      ),
      fallback: "classic_config",
      text: "Where a new node looks for others to form or join a cluster with: the list, or the addresses of a host name.",
    },
    {
      pattern: "cluster_formation.classic_config.nodes.$n",
      type: STRING,
      text: "Nodes of the list: `NAME@HOST`, or `NAME@HOST:PORT` where the cluster port is not 25672; as `--peer`.",
    },
    {
      pattern: "cluster_formation.dns.hostname",
      type: STRING,
      text: "Host name whose addresses are those of the nodes.",
    },
    {
      pattern: "cluster_formation.discovery_retry_limit",
      type: integerOr("unlimited", 0),
      fallback: "10",
      text: "How often a new node looks for others before it gives up.",
    },
    {
      pattern: "cluster_formation.discovery_retry_interval",
      type: integer(1, INT32_MAX),
      fallback: "500",
      text: "Milliseconds between two tries.",
    },
    {
      pattern: "cluster_formation.target_cluster_size_hint",
      type: integer(1, 255),
      text: "How many nodes there will be, for what waits until the cluster is complete.",
    },
    {
      pattern: "mnesia_table_loading_retry_limit",
      type: integer(1, INT32_MAX),
      fallback: "10",
      text: "How often a node that starts waits for other nodes of its cluster.",
    },
    {
      pattern: "mnesia_table_loading_retry_timeout",
      type: integer(1, INT32_MAX),
      fallback: "30000",
      text: "Milliseconds that it waits each time.",
    },
    {
      pattern: "cluster.on_boot_timeout",
      type: words("wait", "exit"),
      fallback: "wait",
      text: "What follows if they have not come: wait on, or end with exit code 75. RabbitMQ ends.",
    },
    {
      pattern: "queue_leader_locator",
      type: words("client-local", "balanced", "random", "least-leaders"),
      fallback: "client-local",
      text: "Node of a new queue, unless its arguments or policy say it: that of the client, or the one with the fewest.",
    },
    {
      pattern: "queue_master_locator",
      type: words("client-local", "min-masters", "random"),
      text: "The same by its older name; `queue_leader_locator` takes precedence.",
    },
    {
      pattern: "cluster.tls.certfile",
      type: STRING,
      text: "Certificate of this node for the cluster port (PEM). With it, all nodes and tools have to use TLS.",
    },
    { pattern: "cluster.tls.keyfile", type: STRING, text: "Its private key (PEM)." },
    {
      pattern: "cluster.tls.cacertfile",
      type: STRING,
      text: "Authorities (PEM) that sign the certificates of all nodes and tools.",
    },
    quiet(
      "cluster_partition_handling",
      "The side with the majority goes on, the other stops: nothing is left to be healed.",
    ),
    quiet("cluster_partition_handling.*", "As `cluster_partition_handling`."),
    quiet("cluster_keepalive_interval", "Nodes watch each other by themselves."),
    quiet("net_ticktime", "Nodes watch each other by themselves."),
    quiet("cluster_formation.node_type", "All nodes have disks."),
    quiet("cluster_formation.internal_lock_retries", "Formation takes no lock."),
    quiet("cluster_formation.lock_retry_limit", "Formation takes no lock."),
    quiet("cluster_formation.lock_retry_timeout", "Formation takes no lock."),
    quiet("cluster_formation.randomized_startup_delay_range.*", "Formation needs no delay."),
    loud("cluster_formation.node_cleanup.*", "Nodes that are gone are not removed by themselves."),
    loud("cluster_formation.*", "There is no such way to find nodes."),
    quiet("cluster_tags.$tag", "Nothing reads tags yet."),
    quiet("node_tags.$tag", "Nothing reads tags yet."),
  ],
};
