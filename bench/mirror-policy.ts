import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ControlClient } from "@leveret/control";
import { type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { CLUSTER_COOKIE, type LeveretNode, startLeveretNodes } from "./leveret-cluster.ts";
import { cpuSeconds } from "./machine.ts";

/** Of all publishers together: a load that leaves the nodes time for the replicas. */
const MESSAGES_PER_SECOND = 1000;
const MESSAGE_SIZE = 100;
/** Of one publisher: more wait for confirms. */
const WINDOW = 100;
const PACE_MS = 10;
const LOOK_MS = 250;
const STEP_MAX_MS = 300_000;
const DECLARES_AT_ONCE = 50;
/** Of one question about replicas. */
const GROUPS_AT_ONCE = 1000;
const QUEUE_PREFIX = "policy-";

/** From a change of the policy until the last replica is there, or gone. */
export interface PolicyStep {
  readonly name: string;
  readonly seconds: number;
  /** Of all nodes together. */
  readonly cpuSeconds: number;
  readonly confirmed: number;
  readonly refused: number;
  /** Longest time from a publish to its confirm. */
  readonly longestConfirmMs: number;
  /** Queues that had another leader in between, which nobody asked for. */
  readonly newTerms: number;
}

export interface MirrorPolicyReport {
  readonly queues: number;
  readonly steps: readonly PolicyStep[];
}

export interface MirrorPolicyOptions {
  readonly queues: number;
  readonly directory: string;
}

/** Mirrors all queues of three nodes by a policy, and takes the mirrors away again, while publishers of all nodes publish to all queues. */
export async function measureMirrorPolicy(
  options: MirrorPolicyOptions,
): Promise<MirrorPolicyReport> {
  const directory = await mkdtemp(join(options.directory, "leveret-mirror-policy-"));
  const { nodes, stop } = await startLeveretNodes(directory);
  const clients: ChannelModel[] = [];
  const tools: ControlClient[] = [];
  try {
    for (const { amqpPort } of nodes) {
      clients.push(await connect(`amqp://guest:guest@127.0.0.1:${amqpPort}`));
    }
    for (const node of nodes) tools.push(await tool(node));
    await declare(clients, options.queues);
    const cpu = async (): Promise<number> => {
      const each = await Promise.all(nodes.map(({ pid }) => cpuSeconds(pid)));
      return each.reduce((sum, seconds) => sum + seconds);
    };
    const steps = await walk(clients, tools, { queues: options.queues, cpu });
    return { queues: options.queues, steps };
  } finally {
    await Promise.allSettled(clients.map((client) => client.close()));
    for (const client of tools) client.close();
    await stop();
    await rm(directory, { recursive: true, force: true });
  }
}

export function formatPolicyStep(step: PolicyStep): string {
  const { name, seconds, confirmed, refused, longestConfirmMs } = step;
  const cpu = `${step.cpuSeconds.toFixed(1)} s of CPU on all nodes`;
  const rate = Math.round(confirmed / seconds);
  const traffic = `${rate} confirms/s, ${refused} refused, longest ${longestConfirmMs.toFixed(0)} ms, ${step.newTerms} new terms`;
  return `${name}: ${seconds.toFixed(1)} s (${cpu}; ${traffic})`;
}

function tool({ name, clusterPort }: LeveretNode): Promise<ControlClient> {
  return ControlClient.connect({
    host: "127.0.0.1",
    port: clusterPort,
    nodeName: "bench@localhost",
    nodeMeant: name,
    cookie: CLUSTER_COOKIE,
  });
}

/** Queues whose homes are all nodes in turn. */
async function declare(clients: readonly ChannelModel[], count: number): Promise<void> {
  const channels = await Promise.all(clients.map((client) => client.createChannel()));
  for (let at = 0; at < count; at += DECLARES_AT_ONCE) {
    const some = Array.from({ length: Math.min(DECLARES_AT_ONCE, count - at) }, (_, n) => at + n);
    const declared = channels.flatMap((channel, index) =>
      some
        .filter((number) => number % channels.length === index)
        .map((number) => channel.assertQueue(nameOf(number))),
    );
    await Promise.all(declared);
  }
}

async function walk(
  clients: readonly ChannelModel[],
  tools: readonly ControlClient[],
  { queues, cpu }: { readonly queues: number; cpu(): Promise<number> },
): Promise<PolicyStep[]> {
  const [first] = tools;
  if (first === undefined) throw new Error("no node");
  const groups = await groupsOf(first, queues);
  const traffic = new Traffic(
    await Promise.all(clients.map((client) => client.createConfirmChannel())),
    queues,
  );
  const setPolicy = (): Promise<unknown> =>
    first.call("set_policy", {
      vhost: "/",
      name: "bench",
      pattern: `^${QUEUE_PREFIX}`,
      definition: { "ha-mode": "all", "ha-sync-mode": "automatic" },
      priority: 1,
      applyTo: "queues",
    });
  const clearPolicy = (): Promise<unknown> =>
    first.call("clear_policy", { vhost: "/", name: "bench" });
  const step = async (
    name: string,
    change: () => Promise<unknown>,
    replicas: number,
  ): Promise<PolicyStep> => {
    traffic.begin();
    const startCpu = await cpu();
    const terms = await termsOf(tools, groups);
    const startMs = performance.now();
    await change();
    while ((await voterCounts(tools, groups)).some((count) => count !== replicas)) {
      if (performance.now() - startMs > STEP_MAX_MS) throw new Error(`${name}: not done in time`);
      await delay(LOOK_MS);
    }
    const seconds = (performance.now() - startMs) / 1000;
    const usedCpu = (await cpu()) - startCpu;
    const newTerms = (await termsOf(tools, groups)).filter((term, at) => term !== terms[at]).length;
    return { name, seconds, cpuSeconds: usedCpu, newTerms, ...traffic.counts };
  };
  try {
    return [
      await step("to ha-mode all", setPolicy, tools.length),
      await step("back to none", clearPolicy, 1),
    ];
  } finally {
    await traffic.stop();
  }
}

function nameOf(number: number): string {
  return `${QUEUE_PREFIX}${number}`;
}

/** Numbers of the queues' groups, which their pids name. */
async function groupsOf(client: ControlClient, queues: number): Promise<number[]> {
  const params = { vhost: "/", columns: ["name", "pid"] };
  const rows = (await client.call("list_queues", params)) as [string, string | null][];
  const groups = rows
    .filter(([name]) => name.startsWith(QUEUE_PREFIX))
    .map(([, pid]) => Number(/\.2\.(\d+)\.0>$/.exec(pid ?? "")?.[1]));
  if (groups.length !== queues || groups.some(Number.isNaN)) throw new Error("queues are missing");
  return groups;
}

interface ReplicaState {
  readonly role: string;
  readonly term: number;
}

/** How many replicas of each group vote; -1: some are there that do not, or do not any more. */
async function voterCounts(
  tools: readonly ControlClient[],
  groups: readonly number[],
): Promise<number[]> {
  const counts = groups.map(() => 0);
  for (const client of tools) {
    for (const [index, state] of (await statesOn(client, groups)).entries()) {
      const before = counts[index] ?? -1;
      if (state === null || before < 0) continue;
      counts[index] = state.role === "learner" ? -1 : before + 1;
    }
  }
  return counts;
}

/** The newest term of each group. */
async function termsOf(
  tools: readonly ControlClient[],
  groups: readonly number[],
): Promise<number[]> {
  const all = await Promise.all(tools.map((client) => statesOn(client, groups)));
  return groups.map((_, at) => Math.max(...all.map((states) => states[at]?.term ?? 0)));
}

/** The replica of each group on one node; null: it has none. */
async function statesOn(
  client: ControlClient,
  groups: readonly number[],
): Promise<(ReplicaState | null)[]> {
  const states: (ReplicaState | null)[] = [];
  for (let at = 0; at < groups.length; at += GROUPS_AT_ONCE) {
    const asked = { groups: groups.slice(at, at + GROUPS_AT_ONCE) };
    states.push(...((await client.call("peer.group_states", asked)) as (ReplicaState | null)[]));
  }
  return states;
}

/** Publishers at a fixed rate, each to all queues in turn. */
class Traffic {
  #confirmed = 0;
  #refused = 0;
  #longestConfirmMs = 0;
  /** Of each publisher. */
  readonly #underWay: number[];
  readonly #channels: readonly ConfirmChannel[];
  readonly #queues: number;
  readonly #content = Buffer.alloc(MESSAGE_SIZE);
  readonly #timer: NodeJS.Timeout;
  readonly #startMs: number = performance.now();
  #published = 0;

  constructor(channels: readonly ConfirmChannel[], queues: number) {
    this.#channels = channels;
    this.#queues = queues;
    this.#underWay = channels.map(() => 0);
    this.#timer = setInterval(() => this.#keepPace(), PACE_MS);
  }

  get counts(): Pick<PolicyStep, "confirmed" | "refused" | "longestConfirmMs"> {
    return {
      confirmed: this.#confirmed,
      refused: this.#refused,
      longestConfirmMs: this.#longestConfirmMs,
    };
  }

  begin(): void {
    this.#confirmed = 0;
    this.#refused = 0;
    this.#longestConfirmMs = 0;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    // Those that are refused were counted.
    await Promise.allSettled(this.#channels.map((channel) => channel.waitForConfirms()));
  }

  #keepPace(): void {
    const due = ((performance.now() - this.#startMs) / 1000) * MESSAGES_PER_SECOND;
    for (; this.#published < due; this.#published++) {
      const index = this.#published % this.#channels.length;
      const channel = this.#channels[index];
      if (channel !== undefined && (this.#underWay[index] ?? 0) < WINDOW) {
        this.#publish(channel, index);
      }
    }
  }

  #publish(channel: ConfirmChannel, index: number): void {
    const atMs = performance.now();
    this.#underWay[index] = (this.#underWay[index] ?? 0) + 1;
    const queue = nameOf(this.#published % this.#queues);
    channel.sendToQueue(queue, this.#content, { persistent: true }, (error: unknown) => {
      this.#underWay[index] = (this.#underWay[index] ?? 0) - 1;
      this.#longestConfirmMs = Math.max(this.#longestConfirmMs, performance.now() - atMs);
      if (error === null || error === undefined) this.#confirmed++;
      else this.#refused++;
    });
  }
}
