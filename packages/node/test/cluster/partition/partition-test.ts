import {
  checkLinearizability,
  checkTotalQueue,
  formatVerdict,
  HistoryRecorder,
  setModel,
  type Verdict,
} from "@leveret/raft/history";
import { connect } from "amqplib";
import { Random } from "../../../../raft/src/core/random.ts";
import { FIRST_QUEUE_GROUP_ID } from "../../../src/metadata/metadata-state-machine.ts";
import type { ClusterProcesses } from "../kill/cluster-processes.ts";
import { KillConsumer } from "../kill/consumer.ts";
import { KillPublisher } from "../kill/publisher.ts";
import { until } from "../kill/until.ts";
import { type Fault, type FaultKind, makeFault } from "./faults.ts";
import { LeaderWatch, METADATA_GROUP, type SeenReplica } from "./leader-watch.ts";
import { METADATA_PREFIX, type MetadataAnswer, MetadataClient } from "./metadata-client.ts";
import type { NetworkCuts } from "./network/network-cuts.ts";
import { NodeHistory, SessionNumbers } from "./node-history.ts";

/** Classic queues are mirrored on all nodes by a policy, as are quorum queues by themselves. */
const QUEUES = [
  { name: "cut-mirrored", arguments: {} },
  { name: "cut-quorum", arguments: { "x-queue-type": "quorum" } },
] as const;
/** The metadata, and these queues, which are declared before all others. */
const GROUPS: readonly number[] = [
  METADATA_GROUP,
  ...QUEUES.map((_, index) => FIRST_QUEUE_GROUP_ID + index),
];
/** Confirms of each publisher before a fault. */
const LOAD_MIN = 100;
/** More than a publisher can have on the way: some of them were published after the fault began. */
const GOES_ON_CONFIRMS = 100;
/** Nobody who waits so long calls it service. */
const SERVICE_MAX_MS = 30_000;

export interface PartitionTestOptions {
  readonly cluster: ClusterProcesses;
  readonly cuts: NetworkCuts;
  readonly seed: number;
  /** How long a fault of the network lasts, and one of a process. */
  readonly faultMs: number;
  readonly pauseMs: number;
  /** Rounds between two moments at which the queues are drained and the histories are checked. */
  readonly roundsPerCheck: number;
}

/** What a round did. Times in ms. */
export interface PartitionReport {
  readonly round: number;
  readonly kind: FaultKind;
  readonly text: string;
  /** What the node concerned led. */
  readonly led: readonly string[];
  /** Longest time, while the fault lasted, without a confirm for a publisher connected to a node that serves meanwhile. */
  readonly gapMs: number;
  /** Until each of these nodes answered a change of metadata asked for after the fault began. */
  readonly metadataMs: number;
  /** The change that was answered last of these. */
  readonly lastChange: string;
  /** From the end of the fault until all clients are served and all replicas have what the leaders have. */
  readonly healMs: number;
  /** Operations that were checked; undefined: that comes later. */
  readonly checked: number | undefined;
}

/** A cluster that is cut in parts, or stopped in part, again and again under load, and what it has promised is checked. */
export class PartitionTest {
  readonly #options: PartitionTestOptions;
  readonly #cluster: ClusterProcesses;
  readonly #random: Random;
  readonly #watch: LeaderWatch;
  readonly #histories: readonly NodeHistory[];
  readonly #publishers: KillPublisher[] = [];
  readonly #consumers: KillConsumer[] = [];
  readonly #metadata: readonly MetadataClient[];
  #metadataHistory = new HistoryRecorder();
  #round = 0;
  #rounds: string[] = [];

  constructor(options: PartitionTestOptions) {
    const { cluster } = options;
    this.#options = options;
    this.#cluster = cluster;
    this.#random = new Random(options.seed);
    this.#watch = new LeaderWatch(cluster);
    const numbers = new SessionNumbers();
    this.#histories = cluster.indices.map(() => new NodeHistory(numbers));
    this.#metadata = cluster.indices.map(
      (node) => new MetadataClient(cluster, node, this.#metadataHistory),
    );
  }

  /** Terms in which a leader was seen. */
  get termsSeen(): number {
    return this.#watch.seen;
  }

  /** Declares the queues, and starts clients on all nodes. */
  async start(): Promise<void> {
    const policy = { vhost: "/", name: "all", pattern: "^cut-", applyTo: "classic_queues" };
    const definition = { "ha-mode": "all" };
    await this.#cluster.call(0, "set_policy", { ...policy, definition, priority: 0 });
    for (const [index, queue] of QUEUES.entries()) await this.#declare(index, queue);
    for (const { name } of QUEUES) {
      for (const [home, history] of this.#histories.entries()) {
        const parts = { cluster: this.#cluster, history };
        this.#publishers.push(new KillPublisher(parts, name, home));
        this.#consumers.push(new KillConsumer(parts, name, home));
      }
    }
    this.#watch.start();
    for (const client of this.#clients()) client.start();
    await this.#getsInSync();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients().map((client) => client.stop()));
    await this.#watch.stop();
  }

  /** @throws Error saying what is wrong */
  async runRound(
    kind: FaultKind,
    { isLast = false, ofLeader = true } = {},
  ): Promise<PartitionReport> {
    const round = ++this.#round;
    await this.#underLoad();
    const victim = await this.#chooseVictim(ofLeader);
    const led = this.#ledBy(victim);
    const { cluster } = this;
    const fault = makeFault(kind, victim, {
      cluster,
      cuts: this.#options.cuts,
      random: this.#random,
    });
    this.#rounds.push(`round ${round} at ${now()} ms: ${fault.text}`);
    const times = await this.#suffer(fault, kind);
    const isDue = isLast || round % this.#options.roundsPerCheck === 0;
    const checked = isDue ? await this.#check() : undefined;
    this.#requireOneLeader();
    return { round, kind, text: fault.text, led, ...times, checked };
  }

  get cluster(): ClusterProcesses {
    return this.#cluster;
  }

  #clients(): readonly (KillPublisher | KillConsumer | MetadataClient)[] {
    return [...this.#publishers, ...this.#consumers, ...this.#metadata];
  }

  /** At a node of its own, where its leader is at first. */
  async #declare(index: number, queue: (typeof QUEUES)[number]): Promise<void> {
    const node = index % this.#cluster.indices.length;
    const connection = await connect(this.#cluster.urlOf(node));
    const channel = await connection.createChannel();
    await channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments });
    await connection.close();
  }

  async #underLoad(): Promise<void> {
    for (const { gap } of this.#publishers) gap.restart();
    await until("load", () => this.#publishers.every(({ gap }) => gap.count >= LOAD_MIN));
    for (const history of this.#histories) history.forgetRecent();
    for (const client of this.#metadata) client.forgetAnswers();
  }

  async #chooseVictim(ofLeader: boolean): Promise<number> {
    const group = GROUPS[this.#random.below(GROUPS.length)] ?? METADATA_GROUP;
    await until("a leader", () => this.#watch.leaderOf(group) !== undefined);
    const leader = this.#watch.leaderOf(group) ?? 0;
    if (ofLeader) return leader;
    const others = this.#cluster.indices.filter((node) => node !== leader);
    return others[this.#random.below(others.length)] ?? 0;
  }

  #ledBy(node: number): string[] {
    const names = ["metadata", ...QUEUES.map(({ name }): string => name)];
    return names.filter((_, index) => this.#watch.leaderOf(GROUPS[index] ?? 0) === node);
  }

  async #suffer(
    fault: Fault,
    kind: FaultKind,
  ): Promise<Pick<PartitionReport, "gapMs" | "metadataMs" | "lastChange" | "healMs">> {
    const { faultMs, pauseMs } = this.#options;
    const served = this.#publishers.filter(
      ({ at }) => at !== undefined && fault.served.includes(at),
    );
    for (const { gap } of this.#publishers) gap.restart();
    const beganMs = performance.now();
    fault.begin();
    const cutMs = performance.now();
    let endedMs = 0;
    try {
      const isOver = fault.last(kind === "sigstop" ? pauseMs : faultMs);
      await this.#goesOn(served, fault, cutMs);
      await isOver;
      await this.#stillServes(served);
    } finally {
      endedMs = performance.now();
      fault.end();
    }
    const gapMs = Math.max(...served.map(({ gap }) => gap.longestMs));
    const [last] = this.#answersAfter(fault, cutMs).sort((a, b) => b.answeredMs - a.answeredMs);
    const { text: lastChange, answeredMs } = last ?? NOT_ANSWERED;
    this.#requireSilence(fault, cutMs, endedMs);
    await this.#heals();
    const healMs = performance.now() - endedMs;
    return { gapMs, metadataMs: answeredMs - beganMs, lastChange, healMs };
  }

  /** Those who reach a majority are served. */
  async #goesOn(publishers: readonly KillPublisher[], fault: Fault, cutMs: number): Promise<void> {
    const isServed = (): boolean =>
      publishers.every(({ gap }) => gap.count >= GOES_ON_CONFIRMS) &&
      this.#answersAfter(fault, cutMs).every((answer) => answer !== NOT_ANSWERED);
    await until(`service while ${fault.text}`, isServed, SERVICE_MAX_MS).catch((error: unknown) => {
      const confirms = publishers.map(({ queue, at, gap }) => `${queue} at ${at}: ${gap.count}`);
      const answers = this.#answersAfter(fault, cutMs).map(({ text }) => text);
      throw new Error(`confirms ${confirms.join(", ")}; metadata ${answers.join(", ")}`, {
        cause: error,
      });
    });
  }

  async #stillServes(publishers: readonly KillPublisher[]): Promise<void> {
    const before = publishers.map(({ gap }) => gap.count);
    await until(
      "service at the end of a fault",
      () => publishers.every(({ gap }, nth) => gap.count > (before[nth] ?? 0)),
      SERVICE_MAX_MS,
    );
  }

  #answersAfter(fault: Fault, fromMs: number): MetadataAnswer[] {
    const clients = this.#metadata.filter(({ node }) => fault.served.includes(node));
    return clients.map((client) => client.answerAfter(fromMs) ?? NOT_ANSWERED);
  }

  #requireSilence({ cutOff, text }: Fault, fromMs: number, toMs: number): void {
    for (const node of cutOff) {
      const name = this.#cluster.nameOf(node);
      const confirmed = this.#histories[node]?.confirmedBetween(fromMs, toMs) ?? [];
      if (confirmed.length > 0) {
        throw new Error(`${confirmed.length} messages were confirmed by ${name} while ${text}`);
      }
      const { answeredMs } = this.#metadata[node]?.answerAfter(fromMs) ?? NOT_ANSWERED;
      if (answeredMs < toMs) throw new Error(`metadata were changed by ${name} while ${text}`);
    }
  }

  async #heals(): Promise<void> {
    for (const { gap } of this.#publishers) gap.restart();
    const delivered = this.#consumers.map((consumer) => consumer.delivered);
    const fromMs = performance.now();
    await until("confirms everywhere", () =>
      this.#publishers.every(({ gap }) => gap.count >= GOES_ON_CONFIRMS),
    );
    await until("deliveries everywhere", () =>
      this.#consumers.every((consumer, nth) => consumer.delivered > (delivered[nth] ?? 0)),
    );
    await until("changes of metadata everywhere", () =>
      this.#metadata.every((client) => client.answerAfter(fromMs) !== undefined),
    );
    await this.#getsInSync();
  }

  async #getsInSync(): Promise<void> {
    let obstacle: string | undefined;
    await until("all replicas in sync", async () => {
      obstacle = (await this.#unseen()) ?? (await this.#lagging());
      return obstacle === undefined;
    }).catch((error: unknown) => {
      throw new Error(`not in sync: ${obstacle}`, { cause: error });
    });
  }

  /** A queue of which a node does not see all replicas. */
  async #unseen(): Promise<string | undefined> {
    const { indices } = this.#cluster;
    for (const node of indices) {
      const queues = await this.#list(node, "online");
      for (const { name } of QUEUES) {
        const online = queues.find((row) => row[0] === name)?.[1];
        if (Array.isArray(online) && online.length === indices.length) continue;
        return `${this.#cluster.nameOf(node)} sees ${name} on ${String(online)}`;
      }
    }
    return undefined;
  }

  /** A group whose replicas have not all what their leader had a moment ago. */
  async #lagging(): Promise<string | undefined> {
    const states = await this.#replicas();
    const later = await this.#replicas();
    const lags = (group: number): boolean => {
      const replicas = states.map((replicasOfNode) => replicasOfNode.get(group));
      const leaders = replicas.filter((replica) => replica?.role === "leader");
      const { term, commitIndex } = leaders[0] ?? { term: 0, commitIndex: 0 };
      const hasAll = later.every((replicasOfNode) => {
        const replica = replicasOfNode.get(group);
        return replica?.term === term && replica.commitIndex >= commitIndex;
      });
      return leaders.length !== 1 || !hasAll;
    };
    const group = GROUPS.find(lags);
    if (group === undefined) return undefined;
    const shown = [states, later].map((nodes) => nodes.map((found) => found.get(group)));
    return `group ${group}: ${JSON.stringify(shown)}`;
  }

  async #replicas(): Promise<readonly ReadonlyMap<number, SeenReplica>[]> {
    return Promise.all(this.#cluster.indices.map((node) => this.#watch.replicasOn(node)));
  }

  /** @returns how many operations were checked. @throws Error with the verdict */
  async #check(): Promise<number> {
    for (const client of [...this.#publishers, ...this.#metadata]) client.hold();
    for (const consumer of this.#consumers) consumer.isHoarding = false;
    await until("all confirms", () => this.#publishers.every(({ hasOpen }) => !hasOpen));
    await until("all answers", () => this.#metadata.every(({ isIdle }) => isIdle));
    for (const { name } of QUEUES) await this.#drain(name);
    const operations = this.#histories.flatMap((history) => history.takeOperations());
    this.#require(checkTotalQueue(operations, {}));
    await this.#checkMetadata();
    this.#rounds = [];
    for (const client of [...this.#publishers, ...this.#metadata]) client.release();
    for (const consumer of this.#consumers) consumer.isHoarding = true;
    return operations.length;
  }

  /** All nodes have the same queues, and those that they should. */
  async #checkMetadata(): Promise<void> {
    let lists: readonly (readonly string[])[] = [];
    await until("the same queues on all nodes", async () => {
      lists = await Promise.all(this.#cluster.indices.map((node) => this.#names(node)));
      return lists.every((list) => list.join() === lists[0]?.join());
    });
    const at = performance.now();
    const history = this.#metadataHistory;
    const keys = new Set(history.operations().map(({ key }) => key));
    for (const [node, list] of lists.entries()) {
      for (const key of keys) {
        const invocation = { process: node, kind: "contains", key, input: null, at };
        history.add(invocation, { outcome: "ok", output: list.includes(key), at });
      }
      for (const key of list) {
        if (!keys.has(key)) throw new Error(`queue ${key} was not declared`);
      }
    }
    this.#require(checkLinearizability(history.operations(), setModel));
  }

  #require(verdict: Verdict): void {
    if (verdict.validity === "valid") return;
    throw new Error([formatVerdict(verdict), ...this.#rounds].join("\n"));
  }

  #requireOneLeader(): void {
    const { problems } = this.#watch;
    if (problems.length > 0) throw new Error([...problems, ...this.#rounds].join("\n"));
  }

  async #drain(queue: string): Promise<void> {
    const consumers = this.#consumers.filter((consumer) => consumer.queue === queue);
    const isIdle = async (): Promise<boolean> =>
      consumers.every((consumer) => consumer.isIdle) && (await this.#isEmpty(queue));
    await until(`an empty ${queue}`, isIdle);
    const from = performance.now();
    await until(`${queue} to stay empty`, isIdle);
    this.#histories[0]?.onDrained(queue, from, performance.now());
  }

  /** Nothing ready or unacked, as each node says. */
  async #isEmpty(queue: string): Promise<boolean> {
    for (const node of this.#cluster.indices) {
      const row = (await this.#list(node, "messages")).find(([name]) => name === queue);
      if (row?.[1] !== 0) return false;
    }
    return true;
  }

  /** Of queues of metadata clients. */
  async #names(node: number): Promise<readonly string[]> {
    const rows = await this.#list(node, "durable");
    const names = rows.map(([name]) => String(name));
    return names.filter((name) => name.startsWith(METADATA_PREFIX)).sort();
  }

  /** All queues, with one more column. */
  async #list(node: number, column: string): Promise<readonly unknown[][]> {
    const columns = ["name", column];
    const rows = await this.#cluster.call(node, "list_queues", { vhost: "/", columns });
    return Array.isArray(rows) ? rows.filter((row) => Array.isArray(row)) : [];
  }
}

const NOT_ANSWERED: MetadataAnswer = {
  text: "nothing",
  askedMs: Number.POSITIVE_INFINITY,
  answeredMs: Number.POSITIVE_INFINITY,
};

function now(): number {
  return Math.round(performance.now());
}

/** One line for people. */
export function formatPartition(report: PartitionReport): string {
  const { round, kind, text, led, gapMs, metadataMs, lastChange, healMs, checked } = report;
  const what = led.length === 0 ? "which led nothing" : `which led ${led.join(", ")}`;
  const check = checked === undefined ? "" : `; drained, ${checked} operations checked`;
  const times = `gap ${Math.round(gapMs)} ms, metadata ${Math.round(metadataMs)} ms (${lastChange})`;
  return `round ${round}, ${kind}: ${text}, ${what}; ${times}; healed after ${Math.round(healMs)} ms${check}`;
}
