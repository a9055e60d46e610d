import { failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, NOTHING } from "./command.ts";
import { checkColumns, columnsOf, listing } from "./listing.ts";

const QUEUE_COLUMNS = [
  ...["arguments", "auto_delete", "consumer_capacity", "consumer_utilisation", "consumers"],
  ...["disk_reads", "disk_writes", "durable", "effective_policy_definition", "exclusive"],
  ...["exclusive_consumer_pid", "exclusive_consumer_tag", "head_message_timestamp", "leader"],
  ...["members", "memory", "message_bytes", "message_bytes_persistent", "message_bytes_ram"],
  ...["message_bytes_ready", "message_bytes_unacknowledged", "messages", "messages_persistent"],
  ...["messages_ram", "messages_ready", "messages_ready_ram", "messages_unacknowledged"],
  ...["messages_unacknowledged_ram", "mirror_pids", "name", "online", "operator_policy"],
  ...["owner_pid", "pid", "policy", "recoverable_slaves", "single_active_consumer_pid"],
  ...["single_active_consumer_tag", "slave_pids", "state", "synchronised_mirror_pids"],
  ...["synchronised_slave_pids", "type", "tags", "open_files", "garbage_collection"],
];
const EXCHANGE_COLUMNS = [
  ...["name", "type", "durable", "auto_delete", "internal", "arguments", "policy"],
  "user_who_performed_action",
];
const BINDING_COLUMNS = [
  ...["source_name", "source_kind", "destination_name", "destination_kind"],
  ...["routing_key", "arguments"],
];
const CONNECTION_COLUMNS = [
  ...["pid", "name", "port", "host", "peer_port", "peer_host", "ssl", "ssl_protocol"],
  ...["ssl_key_exchange", "ssl_cipher", "ssl_hash", "peer_cert_subject", "peer_cert_issuer"],
  ...["peer_cert_validity", "state", "channels", "protocol", "auth_mechanism", "user", "vhost"],
  ...["timeout", "frame_max", "channel_max", "client_properties", "recv_oct", "recv_cnt"],
  ...["send_oct", "send_cnt", "send_pend", "connected_at", "user_provided_name", "container_id"],
];
const CHANNEL_COLUMNS = [
  ...["pid", "connection", "name", "number", "user", "vhost", "transactional", "confirm"],
  ...["consumer_count", "messages_unacknowledged", "messages_uncommitted", "acks_uncommitted"],
  ...["messages_unconfirmed", "prefetch_count", "global_prefetch_count"],
];
const CONSUMER_COLUMNS = [
  ...["queue_name", "channel_pid", "consumer_tag", "ack_required", "prefetch_count", "active"],
  ...["activity_status", "arguments"],
];
const CONSUMER_DEFAULTS = CONSUMER_COLUMNS.filter((name) => name !== "activity_status");

function columnsHelp(columns: readonly string[]): readonly [string, string] {
  return ["<column>", `must be one of ${[...columns].sort().join(", ")}`];
}

const MANY = Number.POSITIVE_INFINITY;

export const LISTING_COMMANDS: readonly Command[] = [
  {
    name: "list_queues",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage:
      "[--vhost <vhost>] [--online] [--offline] [--local] [--no-table-headers] [<column>, ...]",
    hasTimeout: true,
    summary: "Lists queues of a vhost with what is known of them",
    details: [
      columnsHelp(QUEUE_COLUMNS),
      ["--online", "only queues that can be used now"],
      ["--offline", "only queues whose replicas do not answer"],
      ["--local", "only queues led by the node that is asked"],
    ],
    count: [0, MANY],
    options: ["online", "local"],
    needs: "running",
    check: (input) => checkColumns(input, QUEUE_COLUMNS),
    banner: ({ vhost, timeoutMs = 60_000 }) =>
      `Timeout: ${(timeoutMs / 1000).toFixed(1)} seconds ...\nListing queues for vhost ${vhost} ...`,
    run: async (input, caller) => {
      const { online = false, offline = false, local = false } = input.options;
      const params = { vhost: input.vhost, online, offline, local };
      return listing(caller, "list_queues", columnsOf(input, ["name", "messages"]), params);
    },
  },
  {
    name: "list_unresponsive_queues",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--local] [--queue-timeout <milliseconds>] [<column> ...] [--no-table-headers]",
    hasTimeout: true,
    summary: "Lists queues that do not answer in time",
    count: [0, MANY],
    options: ["local", "queue-timeout", "all"],
    needs: "running",
    check: (input) => checkColumns(input, QUEUE_COLUMNS),
    banner: ({ vhost }) => `Listing unresponsive queues for vhost ${vhost} ...`,
    run: async (input, caller) => {
      const params = { vhost: input.vhost, local: input.options.local ?? false };
      return listing(caller, "list_unresponsive_queues", columnsOf(input, ["name"]), params);
    },
  },
  {
    name: "list_exchanges",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--vhost <vhost>] [--no-table-headers] [<column> ...]",
    hasTimeout: true,
    summary: "Lists exchanges of a vhost",
    details: [columnsHelp(EXCHANGE_COLUMNS)],
    count: [0, MANY],
    needs: "running",
    check: (input) => checkColumns(input, EXCHANGE_COLUMNS),
    banner: ({ vhost }) => `Listing exchanges for vhost ${vhost} ...`,
    run: async (input, caller) => {
      const { vhost } = input;
      return listing(caller, "list_exchanges", columnsOf(input, ["name", "type"]), { vhost });
    },
  },
  {
    name: "list_bindings",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--vhost <vhost>] [--no-table-headers] [<column> ...]",
    hasTimeout: true,
    summary: "Lists bindings of a vhost, those of the default exchange, too",
    details: [columnsHelp(BINDING_COLUMNS)],
    count: [0, MANY],
    needs: "running",
    check: (input) => checkColumns(input, BINDING_COLUMNS),
    banner: ({ vhost }) => `Listing bindings for vhost ${vhost}...`,
    run: async (input, caller) => {
      const { vhost } = input;
      return listing(caller, "list_bindings", columnsOf(input, BINDING_COLUMNS), { vhost });
    },
  },
  {
    name: "list_connections",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--no-table-headers] [<column> ...]",
    hasTimeout: true,
    summary: "Lists connections of clients",
    details: [columnsHelp(CONNECTION_COLUMNS)],
    count: [0, MANY],
    needs: "running",
    check: (input) => checkColumns(input, CONNECTION_COLUMNS),
    banner: () => "Listing connections ...",
    run: async (input, caller) => {
      const defaults = ["user", "peer_host", "peer_port", "state"];
      return listing(caller, "list_connections", columnsOf(input, defaults));
    },
  },
  {
    name: "list_channels",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--no-table-headers] [<column> ...]",
    hasTimeout: true,
    summary: "Lists channels of clients",
    details: [columnsHelp(CHANNEL_COLUMNS)],
    count: [0, MANY],
    needs: "running",
    check: (input) => checkColumns(input, CHANNEL_COLUMNS),
    banner: () => "Listing channels ...",
    run: async (input, caller) => {
      const defaults = ["pid", "user", "consumer_count", "messages_unacknowledged"];
      return listing(caller, "list_channels", columnsOf(input, defaults));
    },
  },
  {
    name: "list_consumers",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--vhost <vhost>] [--no-table-headers] [<column> ...]",
    hasTimeout: true,
    summary: "Lists consumers of a vhost",
    details: [columnsHelp(CONSUMER_COLUMNS)],
    count: [0, MANY],
    needs: "running",
    check: (input) => checkColumns(input, CONSUMER_COLUMNS),
    banner: ({ vhost }) => `Listing consumers in vhost ${vhost} ...`,
    run: async (input, caller) => {
      const { vhost } = input;
      return listing(caller, "list_consumers", columnsOf(input, CONSUMER_DEFAULTS), { vhost });
    },
  },
];

export const CONNECTION_COMMANDS: readonly Command[] = [
  {
    name: "close_connection",
    group: "Operations",
    tools: ["rabbitmqctl"],
    usage: "<connection pid> <explanation>",
    summary: "Closes one connection, named by its pid of list_connections",
    count: [2, 2],
    needs: "running",
    banner: (input) => `Closing connection ${arg(input, 0)}, reason: ${arg(input, 1)}...`,
    run: async (input, caller) => {
      await caller.call("close_connection", { pid: arg(input, 0), reason: arg(input, 1) });
      return NOTHING;
    },
    explain: (code, _message, input) => {
      if (code !== "invalid_pid") return undefined;
      const term = `{:invalid_pid_syntax, ${JSON.stringify(arg(input, 0))}}`;
      return failed(EXIT.unavailable, `Error:\n${term}`);
    },
  },
  {
    name: "close_all_connections",
    group: "Operations",
    tools: ["rabbitmqctl"],
    usage:
      "[--vhost <vhost> --limit <limit>] [-n <node> --global] [--per-connection-delay <delay>] <explanation>",
    summary: "Closes the connections of a vhost, or with --global all of the node",
    count: [1, 1],
    options: ["limit", "global", "per-connection-delay"],
    needs: "running",
    banner: (input) => {
      const { options, node, vhost } = input;
      const where = options.global === true ? `to node ${node}` : `in vhost ${vhost}`;
      return `Closing all connections ${where}, reason: ${arg(input, 0)}...`;
    },
    run: async (input, caller) => {
      const { options, vhost } = input;
      const closed = await caller.call("close_all_connections", {
        vhost: options.global === true ? undefined : vhost,
        limit: options.limit === 0 ? undefined : options.limit,
        delayMs: options["per-connection-delay"] ?? 0,
        reason: arg(input, 0),
      });
      return { kind: "text", text: `Closed ${String(closed)} connections` };
    },
  },
  {
    name: "close_all_user_connections",
    group: "Operations",
    tools: ["rabbitmqctl"],
    usage: "<username> <explanation>",
    summary: "Closes all connections of a user",
    count: [2, 2],
    needs: "running",
    banner: (input) => `Closing connections of user ${arg(input, 0)}, reason: ${arg(input, 1)}...`,
    run: async (input, caller) => {
      const params = { user: arg(input, 0), reason: arg(input, 1), delayMs: 0 };
      await caller.call("close_all_connections", params);
      return NOTHING;
    },
  },
];
