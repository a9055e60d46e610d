import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlError } from "@leveret/control";
import { afterAll, describe, expect, test } from "vitest";
import { UnreachableError } from "../src/caller.ts";
import { COMMANDS } from "../src/commands/all-commands.ts";
import type { Tool } from "../src/commands/command.ts";
import type { FakeAnswers } from "./fake-caller.ts";
import { type Recording, readRecordings, rowsOf } from "./recording.ts";
import { runTool, type ToolOptions } from "./run-tool.ts";

/** A text, what it looks like, or what is to be checked. */
type Expected = string | RegExp | ((text: string) => void);

/** How a recorded case is played to ours. */
interface Play {
  /** Where splitting at blanks does not give them back. */
  readonly args?: readonly string[];
  readonly answers?: FakeAnswers;
  readonly connect?: ToolOptions["connect"];
  /** What ours does otherwise, and why. What is not named is the same. */
  readonly differs?: {
    readonly because: string;
    readonly out?: Expected;
    readonly error?: Expected;
  };
}

const recordings = readRecordings();

const STOPPED: FakeAnswers = { node_state: { node: "rabbit@localhost", state: "stopped" } };
const NODE = "rabbit@localhost";
const LISTENERS = [
  listener("[::]", 25999, "clustering", "inter-node and CLI tool communication"),
  listener("[::]", 15999, "amqp", "AMQP 0-9-1 and AMQP 1.0"),
];
const CLUSTER = {
  clusterName: NODE,
  diskNodes: [NODE],
  runningNodes: [NODE],
  versions: { [NODE]: { rabbitmq: "3.13.7", product: "0.1.0", platform: "Node.js 20.19.0" } },
  alarms: [],
  listeners: LISTENERS,
  partitions: {},
  maintenance: { [NODE]: false },
};
const CLUSTER_ALARMED = { ...CLUSTER, alarms: [{ node: NODE, resource: "memory" }] };

function listener(address: string, port: number, protocol: string, purpose: string): object {
  return { node: NODE, interface: address, port, protocol, purpose };
}

function refuses(method: string, code: string, message = ""): Play {
  return { answers: { [method]: new ControlError(code, message) } };
}

/** An error about usage whose last line, the usage, is ours. */
function usageDiffers(name: string, args?: readonly string[]): Play {
  const { error } = recordingOf(name);
  const [head = ""] = error.split("Usage");
  return {
    ...(args === undefined ? {} : { args }),
    differs: {
      because: "the command has other options, too",
      error: (text) => expect(text.startsWith(head)).toBe(true),
    },
  };
}

/** The headings of a text, each in bold, in this order. */
function sections(headings: readonly string[]): RegExp {
  return new RegExp(headings.map((heading) => `.{4}${heading}.{4}\\n\\n`).join("(.*\\n)*"));
}

/** The lines are there, in this order, whatever is between them. */
function inOrder(lines: readonly string[]): RegExp {
  const escaped = lines.map((line) => line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join("\\n(?:.*\\n)*?")}\\n`);
}

/** JSON whose keys, and types of values, are those of a recording, but those left out. */
function jsonWithKeysOf(name: string, leftOut: readonly string[] = []): (text: string) => void {
  return (text) => {
    const ours = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const theirs = JSON.parse(recordingOf(name).out) as Readonly<Record<string, unknown>>;
    const wanted = Object.keys(theirs).filter((key) => !leftOut.includes(key));
    for (const key of wanted) expect(typeof ours[key], key).toBe(typeof theirs[key]);
    expect(wanted.length).toBeGreaterThan(5);
  };
}

/** A list of commands: RabbitMQ's headings, and all of its commands that there are here. */
function helpLike(name: string, stream: "out" | "error"): (text: string) => void {
  return (text) => {
    const theirs = recordingOf(name)[stream];
    const [head = ""] = theirs.split("Available commands:");
    expect(text.startsWith(head)).toBe(true);
    const listed = (help: string): string[] =>
      [...help.matchAll(/^ {3}([a-z_]+) {2,}\S/gm)].map(([, command = ""]) => command);
    const ours = new Set(listed(text));
    const missing = listed(theirs).filter((command) => !ours.has(command));
    expect(listed(theirs).length).toBeGreaterThan(90);
    const unknown = missing.filter(
      (command) => !/^Not supported: /.test(COMMANDS.get(command)?.summary ?? ""),
    );
    expect(unknown).toEqual([]);
  };
}

/** Values of the lines that were printed. */
function jsonLines(name: string): readonly unknown[] {
  const lines = recordingOf(name).out.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(10);
  return lines.map((line) => JSON.parse(line));
}

function recordingOf(name: string): Recording {
  const found = recordings.find((recording) => recording.name === name);
  if (found === undefined) throw new Error(`there is no recording ${name}`);
  return found;
}

const CLUSTER_SECTIONS = [
  ...["Basics", "Disk Nodes", "Running Nodes", "Versions", "Maintenance status", "Alarms"],
  ...["Network Partitions", "Listeners", "Feature flags"],
];
const TLS = { versions: ["tlsv1.3", "tlsv1.2", "tlsv1.1", "tlsv1"], ciphers: [], all_ciphers: [] };
const PEEKED = {
  position: 0,
  redelivered: false,
  delivery_count: 0,
  expires_at: null,
  message_count: 1,
  exchange: "",
  routing_key: "qq",
  properties: { content_type: "text/plain", headers: { a: 1 } },
  payload: Buffer.from("hello"),
  payload_bytes: 5,
};
const EXPORT_FILE: string = join(tmpdir(), `leveret-recorded-${process.pid}.json`);
const RECORDED_LISTENERS = [
  listener("[::]", 15672, "http", "HTTP API"),
  listener("127.0.0.1", 5772, "stream", "stream"),
  listener("[::]", 15692, "http/prometheus", "Prometheus exporter API over HTTP"),
  listener("[::]", 25672, "clustering", "inter-node and CLI tool communication"),
  listener("127.0.0.1", 5672, "amqp", "AMQP 0-9-1 and AMQP 1.0"),
];
const STATUS = {
  node: NODE,
  pid: 9343,
  os: "Linux",
  uptime: 587,
  is_under_maintenance: false,
  rabbitmq_version: "3.13.7",
  product_name: "Leveret",
  product_version: "0.1.0",
  node_version: "Node.js 20.19.0",
  crypto_lib_version: "OpenSSL 3.0.13",
  data_directory: "/var/lib/leveret",
  config_files: ["/etc/leveret/leveret.conf"],
  log_files: ["<stdout>"],
  alarms: [],
  memory: {
    binary: 1_000_000,
    other_proc: 3_000_000,
    strategy: "rss",
    total: { erlang: 2_000_000, rss: 4_000_000, allocated: 3_000_000 },
  },
  file_descriptors: { total_used: 35, total_limit: 1024, sockets_used: 2, sockets_limit: 1024 },
  vm_memory_calculation_strategy: "rss",
  vm_memory_high_watermark_setting: { relative: 0.4 },
  vm_memory_high_watermark_limit: 10_000_000_000,
  disk_free_limit: 50_000_000,
  disk_free: 78_000_000_000,
  totals: { connection_count: 11, queue_count: 12, virtual_host_count: 3 },
  listeners: LISTENERS,
};
/** What the parts of a report ask for. */
const REPORTED: FakeAnswers = {
  environment: {},
  list_vhosts: [["shop"], ["/"]],
  command_line_arguments: { runtime: ["node"], arguments: [] },
};

/** Of the recording of memory_breakdown, back into bytes whose share comes out the same. */
function recordedMemory(): Readonly<Record<string, unknown>> {
  const lines = recordingOf("diag_memory_breakdown").out.matchAll(
    /^(\w+): ([\d.]+) gb \(([\d.]+)%\)$/gm,
  );
  const total = 208_050_000;
  const sizes = [...lines].map(([, name = "", gigabytes, share], nth) => {
    // Between what rounds to the size and what rounds to the share; those that are alike keep their order.
    const least = Math.max(
      (Number(gigabytes) - 5e-5) * 1e9,
      ((Number(share) - 5e-3) / 100) * total,
    );
    const most = Math.min((Number(gigabytes) + 5e-5) * 1e9, ((Number(share) + 5e-3) / 100) * total);
    return [name, (least + most) / 2 - nth * 1e-6] as const;
  });
  return { ...Object.fromEntries(sizes), total: { rss: total } };
}

const NO_SECRETS: Play = {
  differs: {
    because: "there are no encrypted values of the configuration",
    out: "",
    error:
      /^Error:\n\w+ is not supported by Leveret: encrypted configuration values are not supported/,
  },
};
const DOWN = {
  because: "there is no epmd: the diagnostics speak of the cluster port and the cookie",
  error:
    /^Error: unable to perform an operation on node 'nosuch@localhost'\. Please see diagnostics information and suggestions below\.\n/,
};

const UNKNOWN_NODE: Play = {
  connect: () => Promise.reject(new UnreachableError(["no connection"])),
};

const PLAYS: Readonly<Record<string, Play>> = {
  add_user_exists: refuses("add_user", "user_already_exists"),
  add_vhost: { args: ["add_vhost", "uxvh", "--description", "ux test", "--tags", "a,b"] },
  addv: { args: ["add_vhost", "v1", "--description", "a b", "--tags", "x,y"] },
  authenticate_user_bad: refuses("authenticate_user", "authentication_failed"),
  clear_policy_unknown: refuses("clear_policy", "no_such_policy", "Parameter does not exist"),
  clr_op: refuses("clear_operator_policy", "no_such_policy", "Parameter does not exist"),
  clrparam: refuses("clear_parameter", "no_such_parameter", "Parameter does not exist"),
  clrgp2: refuses("clear_global_parameter", "no_such_parameter", "Parameter does not exist"),
  close_all_connections_zero: { answers: { close_all_connections: 0 } },
  cluster_status: {
    answers: { cluster_status: CLUSTER },
    differs: {
      because: "we name our own version and runtime, and features that are always on",
      out: /^Cluster status of node rabbit@localhost \.\.\.\n.{4}Basics.{4}\n\nCluster name: rabbit@localhost\n\n.{4}Disk Nodes.{4}\n\nrabbit@localhost\n\n.{4}Running Nodes.{4}\n\nrabbit@localhost\n\n.{4}Versions.{4}\n\nrabbit@localhost: RabbitMQ 3\.13\.7 \(Leveret 0\.1\.0\) on Node\.js 20\.19\.0\n\n.{4}Maintenance status.{4}\n\nNode: rabbit@localhost, status: not under maintenance\n\n.{4}Alarms.{4}\n\n\(none\)\n\n.{4}Network Partitions.{4}\n\n\(none\)\n\n.{4}Listeners.{4}\n\nNode: rabbit@localhost, interface: \[::\], port: 25999, protocol: clustering, purpose: inter-node and CLI tool communication\n/,
    },
  },
  cluster_status_pretty: {
    answers: { cluster_status: CLUSTER },
    differs: {
      because:
        "we name our own version and runtime, our listeners, and features that are always on",
      out: sections([...CLUSTER_SECTIONS]),
    },
  },
  json_cluster_status: {
    answers: { cluster_status: CLUSTER },
    differs: {
      because: "the values are another node's: the keys are RabbitMQ's",
      out: jsonWithKeysOf("json_cluster_status"),
    },
  },
  delete_user_unknown: refuses("delete_user", "no_such_user"),
  delete_vhost_unknown: refuses("delete_vhost", "no_such_vhost"),
  err_set_perm_unknown_user: refuses("set_permissions", "no_such_user"),
  err_set_perm_unknown_vhost: refuses("set_permissions", "no_such_vhost"),
  err_node_down: {
    ...UNKNOWN_NODE,
    differs: {
      because: "there is no epmd: the diagnostics speak of the cluster port and the cookie",
      error:
        /^Error: unable to perform an operation on node 'nosuch@localhost'\. Please see diagnostics information and suggestions below\.\n\nMost common reasons for this are:\n\n( \* .*\n)+\nIn addition to the diagnostics info below:\n\n( \* .*\n)+\nDIAGNOSTICS\n===========\n\nattempted to contact: \[nosuch@localhost\]\n\nnosuch@localhost:\n {2}\* no connection\n {2}\* suggestion: start the node on localhost\n\nCurrent node details:\n( \* .*\n)+\n$/,
    },
  },
  err_node_down_json: { ...UNKNOWN_NODE, differs: DOWN },
  err_node_down_list: { ...UNKNOWN_NODE, differs: DOWN },
  err_unknown_command: {
    differs: { because: "the summaries are ours", error: helpLike("err_unknown_command", "error") },
  },
  help: { differs: { because: "the summaries are ours", out: helpLike("help", "out") } },
  no_args: {
    args: [],
    differs: { because: "the summaries are ours", error: helpLike("no_args", "error") },
  },
  help_list_queues: {
    differs: {
      because: "the descriptions are ours; there are columns of RabbitMQ 3.13, too",
      out: /^\n.{4}Usage.{4}\n\nrabbitmqctl \[--node <node>\] \[--longnames\] \[--quiet\] list_queues \[--vhost <vhost>\] \[--online\] \[--offline\] \[--local\] \[--no-table-headers\] \[<column>, \.\.\.\] \[--timeout <timeout>\]\n\n(.*\n)+.{4}Arguments and Options.{4}\n\n<column>\n\tmust be one of arguments, auto_delete, .*\n(.*\n)+.{4}General Options.{4}\n/,
    },
  },
  err_bad_formatter: {
    differs: {
      because: "a wrong word of the user is no crash of the tool",
      error: /^Error \(argument validation\): there is no formatter 'nope'; there are: table, /,
    },
  },
  encode: NO_SECRETS,
  list_ciphers: NO_SECRETS,
  list_hashes: NO_SECRETS,
  environment: {
    answers: { environment: { node: { name: NODE } } },
    differs: {
      because: "the configuration is that of a Leveret node, as a term all the same",
      out: /^Application environment of node rabbit@localhost \.\.\.\n\[\{leveret,\[\{node,\[\{name,<<"rabbit@localhost">>\}\]\}\]\}\]\n$/,
    },
  },
  export_definitions: {
    args: ["export_definitions", EXPORT_FILE],
    answers: { export_definitions: ["{}"] },
    differs: {
      because: "the file is another one",
      out: `Exporting definitions in JSON to a file at "${EXPORT_FILE}" ...\n`,
    },
  },
  list_feature_flags: {
    differs: {
      because: "those of features that are here",
      out: /^Listing feature flags \.\.\.\nname\tstate\nclassic_mirrored_queue_version\tenabled\n([a-z_]+\tenabled\n)*virtual_host_metadata\tenabled\n$/,
    },
  },
  status: {
    answers: { status: STATUS },
    differs: {
      because: "there is no Erlang, and no file that lists plugins",
      out: sections([
        ...["Runtime", "Plugins", "Data directory", "Config files", "Log file\\(s\\)", "Alarms"],
        ...["Memory", "File Descriptors", "Free Disk Space", "Totals", "Listeners"],
      ]),
    },
  },
  json_status: {
    answers: { status: STATUS },
    differs: {
      because: "there is no Erlang: its keys are missing, and the runtime is named",
      out: jsonWithKeysOf("json_status", [
        ...["active_plugins", "enabled_plugin_file", "erlang_version", "net_ticktime", "processes"],
        ...["raft_data_directory", "release_series_support_status", "run_queue"],
      ]),
    },
  },
  report: {
    answers: { status: STATUS, cluster_status: CLUSTER, ...REPORTED },
    differs: {
      because: "what the parts of it show differs as they do alone",
      out: inOrder([
        ...["Reporting server status of node rabbit@localhost ...", ""],
        ...["Status of node rabbit@localhost ...", "Cluster status of node rabbit@localhost ..."],
        ...["Application environment of node rabbit@localhost ...", "Listing connections ..."],
        ...["Listing channels ...", "Command line arguments of node rabbit@localhost ..."],
        "Listing RabbitMQ-specific environment variables defined on node rabbit@localhost...",
        ...["Timeout: 60.0 seconds ...", "Listing queues for vhost shop ..."],
        ...["Listing exchanges for vhost shop ...", "Listing bindings for vhost shop..."],
        ...['Listing permissions for vhost "shop" ...', 'Listing policies for vhost "shop" ...'],
        "Listing global runtime parameters ...",
        'Listing runtime parameters for vhost "shop" ...',
        "Listing queues for vhost / ...",
      ]),
    },
  },
  certs: {
    differs: {
      because: "RabbitMQ shows an Erlang term",
      out: "Certificates of node rabbit@localhost ...\n(none)\n",
    },
  },
  resolve: { answers: { resolve_hostname: ["127.0.0.1"] } },
  resolve6: {
    answers: { resolve_hostname: [] },
    differs: {
      because: "RabbitMQ names this family as it was written",
      out: "Asking node rabbit@localhost to resolve hostname localhost to IPv6 addresses...\n",
    },
  },
  resolvebad: { answers: { resolve_hostname: [] } },
  resolvefam: usageDiffers("resolvefam"),
  tlsv: { answers: { tls_info: TLS } },
  tlsvj: { answers: { tls_info: TLS } },
  logloc: { answers: { status: { log_files: ["/var/log/rabbitmq/rabbit@localhost.log"] } } },
  logtail: { answers: { log_tail: recordingOf("logtail").out.split("\n").slice(1, 3) } },
  discover: { answers: { discover_peers: [] } },
  effempty: usageDiffers("effempty", ["enable_feature_flag", ""]),
  protobad: {
    answers: {
      status: { listeners: [RECORDED_LISTENERS[4], RECORDED_LISTENERS[3]] },
    },
  },
  plall: {
    differs: {
      because: "what plugins do is built in",
      out: /^Listing plugins with pattern "\.\*" \.\.\.\n(rabbitmq_\w+\n)*rabbitmq_event_exchange\n/,
    },
  },
  plen: {
    differs: {
      because: "what plugins do is built in",
      out: /^Enabling plugins on node rabbit@localhost:\nrabbitmq_event_exchange\nThe following plugins have been configured:\n( {2}rabbitmq_\w+\n)+Applying plugin configuration to rabbit@localhost\.\.\.\nPlugin configuration unchanged\.\n$/,
    },
  },
  plisbad: {
    differs: {
      because: "what plugins do is built in",
      error:
        /^Error:\nPlugin rabbitmq_mqtt is not enabled on node rabbit@localhost\. Enabled plugins and dependencies: rabbitmq_/,
    },
  },
  pldis: {
    differs: {
      because: "what plugins do is built in",
      out: /^Disabling plugins on node rabbit@localhost:\nrabbitmq_mqtt\nThe following plugins have been configured:\n( {2}rabbitmq_\w+\n)+Applying plugin configuration to rabbit@localhost\.\.\.\nPlugin configuration unchanged\.\n$/,
    },
  },
  peekone: { answers: { peek_messages: [PEEKED] } },
  peekjson: {
    answers: { peek_messages: [PEEKED] },
    differs: {
      because: "the keys stand in another order",
      out: (text) => {
        expect(JSON.parse(text)).toEqual(JSON.parse(recordingOf("peekjson").out));
      },
    },
  },
  peekzero: usageDiffers("peekzero"),
  events: {
    answers: { event_stream: jsonLines("events") },
    differs: {
      because: "the end is no event: there is no empty line for it",
      out: (text) => expect(`${text}\n`).toBe(recordingOf("events").out),
    },
  },
  peeknone: refuses("peek_messages", "no_such_queue"),
  impnone: usageDiffers("impnone"),
  expnone: usageDiffers("expnone"),
  impfmt: usageDiffers("impfmt"),
  membmb: usageDiffers("membmb"),
  diag_check_local_alarms: { answers: { cluster_status: CLUSTER } },
  diag_check_port_connectivity: {
    answers: { status: { listeners: [] } },
    differs: {
      because: "nothing listens at the ports of the recording",
      out: /^Testing TCP connections to all active listeners on node rabbit@localhost \.\.\.\nSuccessfully connected to ports {2}on node rabbit@localhost\.\n$/,
    },
  },
  diag_check_port_listener_5672: { answers: { status: { listeners: RECORDED_LISTENERS } } },
  diag_check_port_listener_9: {
    answers: { status: { listeners: RECORDED_LISTENERS } },
    differs: {
      because: "ports stand in the order of the node's list",
      error:
        /^No listener for port 9 is active on node rabbit@localhost\. Found listeners that use the following ports: (\d+(, )?)+\n$/,
    },
  },
  diag_listeners: { answers: { status: { listeners: RECORDED_LISTENERS } } },
  diag_memory_breakdown: { answers: { status: { memory: recordedMemory() } } },
  queues_quorum_status: {
    answers: { quorum_status: [[NODE, "leader", 21982, 21982, 16434, 1, 2]] },
  },
  queues_check_if_node_is_quorum_critical: {
    answers: { check_if_node_is_quorum_critical: "single" },
  },
  queues_rebalance: { answers: { rebalance: [[NODE, 2, 0]] } },
  err_unknown_queue_delete: refuses("delete_queue", "no_such_queue"),
  err_unknown_queue_purge: refuses("purge_queue", "no_such_queue"),
  node_health_check: { answers: { cluster_status: CLUSTER } },
  health: { answers: { cluster_status: CLUSTER_ALARMED } },
  rename: {
    differs: {
      because: "names can change here without a tool, and the text says how",
      error: /^Error:\nDEPRECATED\. Members are told apart by numbers/,
    },
  },
  set_permissions_bad_regex: {
    answers: { set_permissions: new ControlError("invalid_regexp", "missing closing parenthesis") },
    differs: {
      because: "the refusal is a sentence, not an Erlang term; the tool does not log",
      error: "Error:\nmissing closing parenthesis\n",
    },
  },
  set_policy_bad_json: { args: ["set_policy", "-p", "shop", "bad", "^x", "{not json"] },
  set_policy_bad_key: refuses(
    "set_policy",
    "validation_failed",
    'Validation failed\n\n[{<<"not-a-key">>,1}] are not recognised policy settings\n',
  ),
  tagsunk: refuses("set_user_tags", "no_such_user"),
  chpw: refuses("change_password", "no_such_user"),
  clrpw: refuses("clear_password", "no_such_user"),
  list_user_limits: { answers: { list_user_limits: [["alice", { "max-channels": 20 }]] } },
  listlim: { answers: { list_user_limits: [["guest", { "max-connections": 5 }]] } },
  listlimu: refuses("list_user_limits", "no_such_user"),
  lucl: { answers: { list_user_limits: [["guest", {}]] } },
  setlimbad: refuses(
    "set_user_limits",
    "validation_failed",
    'Unrecognised terms [{<<"foo">>,5}] in user-limits',
  ),
  list_vhost_limits: { answers: { list_vhost_limits: [["/", {}]] } },
  vhlims: { answers: { list_vhost_limits: [["/", { "max-queues": 5 }]] } },
  vhlimsg: { answers: { list_vhost_limits: [["/", { "max-queues": 5 }]] } },
  vhlimsunk: refuses("list_vhost_limits", "no_such_vhost"),
  vhlimsunk2: refuses("set_vhost_limits", "no_such_vhost"),
  vhlimbad: refuses(
    "set_vhost_limits",
    "validation_failed",
    'Validation failed\n\nUnrecognised terms [{<<"foo">>,5}] in limits\n',
  ),
  setparam: refuses(
    "set_parameter",
    "validation_failed",
    "Validation failed\n\ncomponent foo not found\n",
  ),
  permunk: refuses("list_permissions", "no_such_vhost"),
  upermunk: refuses("list_user_permissions", "no_such_user"),
  clrperm: refuses("clear_permissions", "no_such_user"),
  clrperm2: refuses("clear_permissions", "no_such_vhost"),
  forgetunk: refuses("forget_cluster_node", "not_a_cluster_node"),
  sync: refuses("sync_queue", "no_such_queue"),
  csync: refuses("cancel_sync_queue", "no_such_queue"),
  csync1: { answers: { cancel_sync_queue: "not_syncing" } },
  sync1: refuses("sync_queue", "not_supported", "not_mirrored"),
  closecbad: refuses("close_connection", "invalid_pid"),
  await_online2: refuses("await_online_nodes", "timeout"),
  await_stopped: refuses("await_startup", "app_not_running"),
  status_stopped: { answers: STOPPED },
  lq_stopped: { answers: STOPPED },
  lu_stopped: { answers: STOPPED },
  addu_stopped: { answers: STOPPED },
  join_self: { answers: { ...STOPPED, join_cluster: new ControlError("itself", "") } },
  freset: { answers: STOPPED },
  typebad: { answers: STOPPED },
  type: {
    answers: STOPPED,
    differs: {
      because: "there are no ram nodes; asking for one does no harm, so it is no error",
      out: "Turning rabbit@localhost into a ram node\nLeveret has no ram nodes: the node stays a disc node\n",
      error: "",
    },
  },
  version: { differs: { because: "it is the version of this tool", out: "1.2.3\n" } },
  qadd: refuses("add_member", "no_such_queue"),
  add2: refuses("add_member", "unreachable"),
  add3: refuses("add_member", "not_supported"),
  del1: refuses("delete_member", "last_member"),
  qsc: refuses("quorum_status", "not_supported"),
  qs: { answers: { quorum_status: [[NODE, "leader", 2, 2, "undefined", 1, 2]] } },
  qsj: { answers: { quorum_status: [[NODE, "leader", 2, 2, "undefined", 1, 2]] } },
  reb: { answers: { rebalance: [[NODE, 1, 1]] } },
  qreb: {
    answers: { rebalance: [] },
    differs: {
      because: "RabbitMQ draws a table of nothing",
      out: "Re-balancing leaders of all queues...\n",
    },
  },
  shrink: {
    answers: { shrink: [["/", "q1", 1, "error: the last node cannot be removed"]] },
    differs: { because: "the tool does not log", error: "" },
  },
  qcrit: { answers: { check_if_node_is_quorum_critical: "single" } },
  qcritm: { answers: { check_if_node_is_mirror_sync_critical: "single" } },
  crit: { answers: { check_if_node_is_quorum_critical: "single" } },
  cha: { answers: { cluster_status: CLUSTER } },
  chl: { answers: { cluster_status: CLUSTER } },
  alrm: { answers: { cluster_status: CLUSTER } },
  lalarm: { answers: { cluster_status: CLUSTER_ALARMED } },
  lalarm2: { answers: { cluster_status: CLUSTER_ALARMED } },
  lalarm3: { answers: { cluster_status: CLUSTER_ALARMED } },
  lst: { answers: { status: { listeners: LISTENERS } } },
  chpl: { answers: { status: { listeners: LISTENERS } } },
  chproto: { answers: { status: { listeners: LISTENERS } } },
  chpl2: {
    answers: { status: { listeners: LISTENERS } },
    differs: {
      because: "ports stand in the order of the node's list",
      error:
        "No listener for port 1 is active on node rabbit@localhost. Found listeners that use the following ports: 25999, 15999\n",
    },
  },
  del_e: { answers: { delete_queue: 0 } },
  aj: {
    differs: {
      because: "all commands have one frame for JSON, with `result`",
      out: /^\{"message":"Done\. Don't forget to grant .*","node":"rabbit@localhost","result":"ok"\}\n$/,
    },
  },
  jerr: {
    answers: { delete_user: new ControlError("no_such_user", "") },
    differs: {
      because: "the tool does not log, and the message is that of the text",
      error:
        '{"message":"User \\"x\\" does not exist","node":"rabbit@localhost","result":"error"}\n',
    },
  },
  empty: { args: ["add_user", "", "abc"] },
  dead: UNKNOWN_NODE,
  json_list_connections: {
    differs: {
      because: "RabbitMQ shows the four numbers of an address of IPv4; a text is what people use",
    },
  },
  pretty_table_list_queues: { answers: { list_queues: prettyRows() } },
  erlang_list_queues: { answers: { list_queues: erlangRows() } },
  lver: {
    answers: {
      list_vhosts: [
        ["/", "Default virtual host", []],
        ["v1", "a b", "x,y"],
      ],
    },
  },
  lvcsv: {
    answers: {
      list_vhosts: [
        ["/", "Default virtual host", []],
        ["v1", "a b", "x,y"],
      ],
    },
  },
  upgrade_await_quorum_single: { answers: { await_online_quorum_plus_one: "single" } },
  upgrade_await_quorum_late: { answers: { await_online_quorum_plus_one: false } },
  upgrade_await_mirror: { answers: { await_online_synchronized_mirrors: true } },
};

/** Exit codes that are not RabbitMQ's. */
const CODES: Readonly<Record<string, { readonly code: number; readonly because: string }>> = {
  jerr: { code: 67, because: "the code of a refusal does not depend on the formatter" },
  err_bad_formatter: { code: 64, because: "a wrong word of the user is no crash of the tool" },
  encode: { code: 69, because: "see its text" },
  list_ciphers: { code: 69, because: "see its text" },
  list_hashes: { code: 69, because: "see its text" },
  rename: { code: 69, because: "it is not about a state of the node" },
  type: { code: 0, because: "see its text" },
};

describe("what RabbitMQ's tools were recorded to print", () => {
  afterAll(() => rmSync(EXPORT_FILE, { force: true }));

  test.each(recordings.map((recording) => [recording.name, recording] as const))(
    "%s",
    async (name, recording) => {
      const play = PLAYS[name] ?? {};
      const result = await runTool(argsOf(recording, play), {
        tool: recording.tool as Tool, // The recordings are of these tools.
        answers: { ...listedRows(recording), ...play.answers },
        ...(play.connect === undefined ? {} : { connect: play.connect }),
      });
      expect(result.code).toBe(CODES[name]?.code ?? recording.code);
      expectText(result.out, play.differs?.out ?? recording.out);
      expectText(result.error, play.differs?.error ?? recording.error);
    },
  );

  test("every play is of a recording", () => {
    const names = new Set(recordings.map(({ name }) => name));
    const stray = [...Object.keys(PLAYS), ...Object.keys(CODES)].filter((name) => !names.has(name));
    expect(stray).toEqual([]);
  });
});

function expectText(text: string, wanted: Expected): void {
  if (typeof wanted === "function") wanted(text);
  else if (typeof wanted === "string") expect(text).toBe(wanted);
  else expect(text).toMatch(wanted);
}

/** The first recordings were made with -n, which shows in errors. */
function argsOf({ args, error }: Recording, play: Play): readonly string[] {
  const hadNode = /^\t-n rabbit@localhost/m.test(error);
  return [...(hadNode ? ["-n", "rabbit@localhost"] : []), ...(play.args ?? args)];
}

/** Rows of a listing, so that only their form is under test. */
function listedRows(recording: Recording): FakeAnswers {
  const method = recording.args.find((text) => text.startsWith("list_"));
  if (method === undefined || recording.code !== 0) return {};
  return { [method]: rowsOf(recording) };
}

function prettyRows(): unknown[][] {
  const { out = "" } = recordings.find(({ name }) => name === "pretty_table_list_queues") ?? {};
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of the table
  const plain = out.replace(/\u001b\(0[a-z]+\u001b\(B/g, "|");
  const fields = [...plain.matchAll(/^\| (\S+) +\| (\d+) +\|$/gm)];
  return fields.map(([, name, messages]) => [name, Number(messages)]);
}

function erlangRows(): unknown[][] {
  const text = (key: string, value: string): unknown[] => [key, "longstr", value];
  const number = (key: string, value: number): unknown[] => [key, "signedint", value];
  const row = (name: string, messages: number, ...table: unknown[][]): unknown[] => [
    name,
    messages,
    { table },
  ];
  return [
    row("orders.dead", 1926),
    row("shard.2", 5755),
    row("unrouted.q", 2945),
    row("orders.paid", 0, text("x-queue-type", "quorum")),
    row("lazy.backlog", 2913, text("x-queue-mode", "lazy")),
    row(
      "audit.log",
      20332,
      text("x-queue-type", "stream"),
      number("x-max-length-bytes", 200000000),
    ),
    row("transient.q", 0),
    row("shard.1", 0),
    row("sac.q", 0, ["x-single-active-consumer", "bool", true]),
    row("shard.0", 0),
    row(
      "emails",
      5000,
      number("x-max-priority", 10),
      number("x-message-ttl", 600000),
      number("x-max-length", 5000),
      text("x-overflow", "reject-publish"),
    ),
    row(
      "orders.created",
      0,
      text("x-queue-type", "quorum"),
      text("x-dead-letter-exchange", "orders.dlx"),
      number("x-delivery-limit", 5),
    ),
  ];
}
