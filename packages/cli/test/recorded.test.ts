import { ControlError } from "@leveret/control";
import { describe, expect, test } from "vitest";
import { UnreachableError } from "../src/caller.ts";
import type { Tool } from "../src/commands/command.ts";
import type { FakeAnswers } from "./fake-caller.ts";
import { type Recording, readRecordings, rowsOf } from "./recording.ts";
import { runTool, type ToolOptions } from "./run-tool.ts";

/** How a recorded case is played to ours. */
interface Play {
  /** Where splitting at blanks does not give them back. */
  readonly args?: readonly string[];
  readonly answers?: FakeAnswers;
  readonly connect?: ToolOptions["connect"];
  /** What ours does otherwise, and why. What is not named is the same. */
  readonly differs?: {
    readonly because: string;
    readonly out?: string | RegExp;
    readonly error?: string | RegExp;
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
};

/** Exit codes that are not RabbitMQ's. */
const CODES: Readonly<Record<string, { readonly code: number; readonly because: string }>> = {
  jerr: { code: 67, because: "the code of a refusal does not depend on the formatter" },
  rename: { code: 69, because: "it is not about a state of the node" },
  type: { code: 0, because: "see its text" },
};

describe("what RabbitMQ's tools were recorded to print", () => {
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

function expectText(text: string, wanted: string | RegExp): void {
  if (typeof wanted === "string") expect(text).toBe(wanted);
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
