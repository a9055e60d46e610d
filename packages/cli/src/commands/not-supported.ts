import { failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import type { Command } from "./command.ts";

/** Commands of RabbitMQ that make no sense here or are not there yet, and what to do instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  eval: "there is no Erlang in a Leveret node to evaluate code with; use the other commands or the HTTP API",
  eval_file: "there is no Erlang in a Leveret node to evaluate code with",
  exec: "there is no Elixir in this tool to evaluate code with",
  force_gc: "the node's runtime collects garbage by itself",
  hipe_compile: "there is no HiPE in a Leveret node",
  encode: "encrypted configuration values are not supported; use environment variables for secrets",
  decode: "encrypted configuration values are not supported; use environment variables for secrets",
  list_ciphers: "encrypted configuration values are not supported",
  list_hashes: "encrypted configuration values are not supported",
  enable_feature_flag: "all features are always enabled",
  list_feature_flags: "all features are always enabled; cluster_status lists them",
  schema_info: "there is no Mnesia in a Leveret node; use 'leveret inspect' for what is stored",
  restart_vhost: "vhosts share one store here and cannot fail alone; restart the node",
  list_node_auth_attempt_stats: "see the node's log for attempts to log in",
  set_log_level: "set log.level in the configuration and restart the node",
  suspend_listeners: "not there yet; stop_app closes all listeners",
  resume_listeners: "not there yet; start_app opens all listeners",
  wait: "use await_startup",
  set_permissions_globally: "set_permissions for each vhost of list_vhosts",
  force_standalone_khepri_boot: "use force_boot, or forget_cluster_node --offline",
  peek: "not there yet",
  reclaim_quorum_memory: "the node's runtime collects garbage by itself",
  stream_status: "streams are not supported",
  erlang_version: "a Leveret node runs on Node.js: status says which",
  memory_breakdown: "status shows what the memory is used for",
  log_tail: "read the node's log where it is written: status names the files",
};

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
