import { failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import type { Command } from "./command.ts";

/** Commands of RabbitMQ that make no sense here or are not there yet, and what to do instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  eval: "there is no Erlang in a Leveret node to evaluate code with; use the other commands or the HTTP API",
  eval_file: "there is no Erlang in a Leveret node to evaluate code with",
  exec: "there is no Elixir in this tool to evaluate code with",
  remote_shell:
    "there is no Erlang in a Leveret node to talk to; use the other commands or the HTTP API",
  force_gc: "the node's runtime collects garbage by itself",
  hipe_compile: "there is no HiPE in a Leveret node",
  ...sameFor(
    ["encode", "decode", "encrypt_conf_value", "decrypt_conf_value", "list_ciphers", "list_hashes"],
    "encrypted configuration values are not supported; use environment variables for secrets",
  ),
  schema_info: "there is no Mnesia in a Leveret node; use 'leveret inspect' for what is stored",
  restart_vhost: "vhosts share one store here and cannot fail alone; restart the node",
  remove_classic_queue_mirroring_from_policies:
    "mirroring by policies is supported; use set_policy and clear_policy",
  force_standalone_khepri_boot: "use force_boot, or forget_cluster_node --offline",
  force_checkpoint: "nodes make snapshots of their logs by themselves",
  grow_to_count: "use grow for each node, or initial-cluster-size when a queue is declared",
  reclaim_quorum_memory: "the node's runtime collects garbage by itself",
  has_reached_target_cluster_size: "use await_online_nodes with the number of nodes",
  erlang_version: "a Leveret node runs on Node.js: status says which",
  erlang_cookie_hash: "the hash is part of the diagnostics when a node refuses this tool",
  erlang_cookie_sources: "docs/cli.md lists where the cookie is looked for",
  maybe_stuck:
    "there are no Erlang processes; use 'leveretctl top' and the metrics of the event loop",
  runtime_thread_stats: "there are no Erlang schedulers; use the metrics of the event loop",
  observer: "use 'leveretctl top'",
  consistent_hash_exchange_ring_state: "use 'leveretctl explain publish EXCHANGE KEY'",
  ...sameFor(
    ["add_uaa_key", "add_signing_key"],
    "set auth_oauth2.jwks_url or auth_oauth2.signing_keys in the configuration",
  ),
  ...sameFor(
    ["list_trust_store_certificates", "refresh_trust_store"],
    "name the certificates in ssl_options.cacertfile",
  ),
  ...sameFor(
    ["shovel_status", "restart_shovel", "delete_shovel"],
    "there are no shovels; use a client that moves messages",
  ),
  ...sameFor(
    ["federation_status", "restart_federation_link"],
    "there is no federation; use a cluster, or a client that moves messages",
  ),
  ...sameFor(
    [
      ...["list_mqtt_connections", "list_web_mqtt_connections", "decommission_mqtt_node"],
      ...["list_stomp_connections", "list_amqp10_connections"],
    ],
    "clients speak AMQP 0-9-1: see list_connections",
  ),
  ...sameFor(
    [
      ...["add_super_stream", "delete_super_stream", "activate_stream_consumer", "reset_offset"],
      ...["list_stream_connections", "list_stream_consumers", "list_stream_publishers"],
      ...["list_stream_consumer_groups", "list_stream_group_consumers", "list_stream_tracking"],
      ...["stream_status", "add_replica", "delete_replica", "coordinator_status"],
      ...["restart_stream", "set_stream_retention_policy"],
    ],
    "streams are not supported; use quorum queues",
  ),
};

function sameFor(names: readonly string[], instead: string): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, instead]));
}

export const UNSUPPORTED_COMMANDS: readonly Command[] = Object.entries(INSTEAD).map(
  ([name, instead]) => ({
    name,
    group: "Operations",
    tools: [],
    usage: "",
    summary: `Not supported: ${instead}`,
    count: [0, Number.POSITIVE_INFINITY],
    hasAnyOptions: true,
    needs: "none",
    run: async () => {
      throw failed(EXIT.unavailable, `${name} is not supported by Leveret: ${instead}`);
    },
  }),
);
