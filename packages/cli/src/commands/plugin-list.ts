/** A plugin of RabbitMQ. */
export interface Plugin {
  readonly name: string;
  /** What to do without it; undefined: what it does is built in, and always on. */
  readonly instead: string | undefined;
}

const BUILT_IN = [
  "rabbitmq_auth_backend_cache",
  "rabbitmq_auth_backend_http",
  "rabbitmq_auth_backend_ldap",
  "rabbitmq_auth_backend_oauth2",
  "rabbitmq_auth_mechanism_ssl",
  "rabbitmq_consistent_hash_exchange",
  "rabbitmq_delayed_message_exchange",
  "rabbitmq_event_exchange",
  "rabbitmq_management",
  "rabbitmq_management_agent",
  "rabbitmq_peer_discovery_common",
  "rabbitmq_prometheus",
  "rabbitmq_random_exchange",
  "rabbitmq_recent_history_exchange",
  "rabbitmq_sharding",
  "rabbitmq_web_dispatch",
];

/** In the order of RabbitMQ's list, and why they are not here. */
const MISSING: Readonly<Record<string, string>> = {
  rabbitmq_amqp1_0: "clients speak AMQP 0-9-1",
  rabbitmq_federation: "use a cluster, or a client that moves messages",
  rabbitmq_federation_management: "use a cluster, or a client that moves messages",
  rabbitmq_jms_topic_exchange: "use a headers exchange",
  rabbitmq_mqtt: "clients speak AMQP 0-9-1",
  rabbitmq_peer_discovery_aws: "use cluster_formation by DNS or a list of nodes",
  rabbitmq_peer_discovery_consul: "use cluster_formation by DNS or a list of nodes",
  rabbitmq_peer_discovery_etcd: "use cluster_formation by DNS or a list of nodes",
  rabbitmq_peer_discovery_k8s: "use cluster_formation by DNS, with a headless service",
  rabbitmq_shovel: "use a client that moves messages",
  rabbitmq_shovel_management: "use a client that moves messages",
  rabbitmq_stomp: "clients speak AMQP 0-9-1",
  rabbitmq_stream: "there are no streams: use a quorum queue",
  rabbitmq_stream_management: "there are no streams: use a quorum queue",
  rabbitmq_top: "use 'leveretctl top'",
  rabbitmq_tracing: "use trace_on and a queue bound to amq.rabbitmq.trace, or 'leveretctl tail'",
  rabbitmq_trust_store: "name the certificates in ssl_options.cacertfile",
  rabbitmq_web_mqtt: "clients speak AMQP 0-9-1",
  rabbitmq_web_mqtt_examples: "clients speak AMQP 0-9-1",
  rabbitmq_web_stomp: "clients speak AMQP 0-9-1",
  rabbitmq_web_stomp_examples: "clients speak AMQP 0-9-1",
};

/** All that RabbitMQ's list names, and a few of its community, by name. */
export const PLUGINS: readonly Plugin[] = [
  ...BUILT_IN.map((name) => ({ name, instead: undefined })),
  ...Object.entries(MISSING).map(([name, instead]) => ({ name, instead })),
].sort((left, right) => (left.name < right.name ? -1 : 1));

/** Names of those whose work is built in. */
export function enabledPlugins(): readonly string[] {
  return PLUGINS.filter(({ instead }) => instead === undefined).map(({ name }) => name);
}

const BY_NAME: ReadonlyMap<string, Plugin> = new Map(
  PLUGINS.map((plugin) => [plugin.name, plugin]),
);

export function findPlugin(name: string): Plugin | undefined {
  return BY_NAME.get(name);
}
