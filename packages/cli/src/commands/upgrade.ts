import { failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { type Command, type Input, NOTHING, type Output, type Tool } from "./command.ts";
import { rowsFrom } from "./listing.ts";

const TOOLS: readonly Tool[] = ["rabbitmq-upgrade"];
const GROUP = "Upgrade";
const AWAIT_TIMEOUT_MS = 120_000;
const SINGLE =
  "Target node seems to be the only one in a single node cluster, the command does not apply";
/** What the node may take longer than it was told, before the link is taken for dead. */
const GRACE_MS = 5000;

/** RabbitMQ's rabbitmq-upgrade: maintenance mode, and what to wait for before a node is stopped. */
export const UPGRADE_COMMANDS: readonly Command[] = [
  maintenance({
    name: "drain",
    summary: "Puts the node into maintenance mode: no clients, and other nodes lead",
    banner: ({ node }) =>
      `Will put node ${node} into maintenance mode. The node will no longer serve any client traffic!`,
  }),
  maintenance({
    name: "revive",
    summary: "Ends maintenance mode: the node serves clients again",
    banner: ({ node }) =>
      `Will put node ${node} back into regular operating mode. ` +
      "The node will again serve client traffic and host primary queue replicas.",
  }),
  maintenance({
    name: "suspend_listeners",
    summary: "Lets no more clients connect; those that are connected stay",
    banner: ({ node }) =>
      `Will suspend client connection listeners on node ${node}. The node will no longer accept client connections!`,
  }),
  maintenance({
    name: "resume_listeners",
    summary: "Lets clients connect again",
    banner: ({ node }) =>
      `Will resume client connection listeners on node ${node}. The node will now accept client connections`,
  }),
  awaiting({
    name: "await_online_quorum_plus_one",
    summary: "Waits until all quorum queues here would have a majority without this node",
    what: "a quorum + 1 of nodes to be online for all quorum queues",
    late: "time is up, no quorum + 1 online replicas came online for at least some quorum queues",
  }),
  awaiting({
    name: "await_online_synchronized_mirror",
    summary: "Waits until all mirrored queues led here have a mirror that is in step",
    what: "a synchronised mirror be online for all classic mirrored queues",
    late: "time is up, no synchronised mirror came online for at least some classic mirrored queues",
  }),
  {
    name: "post_upgrade",
    group: GROUP,
    tools: TOOLS,
    usage: "",
    summary: "After an upgrade of all nodes: spreads the leaders of queues evenly over them",
    count: [0, 0],
    needs: "running",
    banner: () => "Executing post upgrade tasks...\nRebalancing queue masters...\n",
    run: async (_input, caller): Promise<Output> => {
      const selection = { vhostPattern: ".*", queuePattern: ".*" };
      for await (const _ of rowsFrom(caller, "rebalance", { kind: "all", ...selection }));
      return NOTHING;
    },
  },
];

interface Texts {
  readonly name: string;
  readonly summary: string;
  readonly banner: (input: Input) => string;
}

/** Takes as long as the clients and the other nodes need. */
function maintenance({ name, summary, banner }: Texts): Command {
  return {
    name,
    group: GROUP,
    tools: name.endsWith("_listeners") ? ["rabbitmqctl", ...TOOLS] : TOOLS,
    usage: "",
    summary,
    count: [0, 0],
    needs: "running",
    banner,
    run: async (_input, caller) => {
      await caller.call(name, {}, { timeoutMs: Number.POSITIVE_INFINITY });
      return NOTHING;
    },
  };
}

function awaiting(texts: {
  readonly name: string;
  readonly summary: string;
  readonly what: string;
  readonly late: string;
}): Command {
  const { name, summary, what, late } = texts;
  const method = name.endsWith("_mirror") ? `${name}s` : name;
  const timeoutOf = ({ timeoutMs = AWAIT_TIMEOUT_MS }: Input): number => timeoutMs;
  return {
    name,
    group: GROUP,
    tools: TOOLS,
    usage: "",
    hasTimeout: true,
    summary,
    count: [0, 0],
    needs: "running",
    banner: (input) => `Will wait for ${what} for ${timeoutOf(input) / 1000} seconds...`,
    run: async (input, caller): Promise<Output> => {
      const timeoutMs = timeoutOf(input);
      const answer = await caller.call(method, { timeoutMs }, { timeoutMs: timeoutMs + GRACE_MS });
      if (answer === "single") return { kind: "text", text: SINGLE };
      if (answer === false) throw failed(EXIT.unavailable, late);
      return NOTHING;
    },
  };
}
