import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { checkTotalQueue, formatVerdict } from "@leveret/raft/history";
import { connect } from "amqplib";
import { Random } from "../../../../raft/src/core/random.ts";
import type { ClusterProcesses } from "./cluster-processes.ts";
import { KillConsumer } from "./consumer.ts";
import { KillHistory } from "./kill-history.ts";
import { KillPublisher } from "./publisher.ts";
import { until } from "./until.ts";

/** Classic queues are mirrored on all nodes by a policy, as are quorum queues by themselves. */
const QUEUES = [
  { name: "kill-mirrored", arguments: {} },
  { name: "kill-quorum", arguments: { "x-queue-type": "quorum" } },
] as const;
/** Confirms of each publisher between two kills: at least so many, and by chance some more. */
const LOAD_MIN = 100;
const LOAD_SPREAD = 400;
/** More than a publisher can have on the way: some of them were published after the kill. */
const GOES_ON_CONFIRMS = 100;

export interface KillTestOptions {
  readonly cluster: ClusterProcesses;
  readonly seed: number;
  /** Rounds between two moments at which the queues are drained and the history is checked. */
  readonly roundsPerCheck: number;
}

/** What a round did. Times in ms. */
export interface KillReport {
  readonly round: number;
  readonly victim: string;
  /** For whoever compares with the logs of the nodes. */
  readonly killedAt: Date;
  /** Queues that the victim led. */
  readonly queues: readonly string[];
  /** Longest time without a confirm for a publisher of one of these queues that is connected to a node that survived. */
  readonly gapMs: number;
  /** Of which queue, at which node. */
  readonly gapAt: string;
  /** Longest time for which this process, the clients', stood still meanwhile: so much of the gap may be its own. */
  readonly stallMs: number;
  /** From the start of the process until the node serves clients. */
  readonly readyMs: number;
  /** ... and until all clients are back there, and served. */
  readonly homeMs: number;
  /** Messages sent again so far, as their connection broke. */
  readonly resent: number;
  /** Operations that were checked; undefined: that comes later. */
  readonly checked: number | undefined;
}

/** A cluster whose leaders are killed again and again under load, and what it has promised is checked. */
export class KillTest {
  readonly #cluster: ClusterProcesses;
  readonly #options: KillTestOptions;
  readonly #random: Random;
  readonly #history = new KillHistory();
  readonly #stalls: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 });
  readonly #publishers: KillPublisher[] = [];
  readonly #consumers: KillConsumer[] = [];
  #round = 0;
  #ends: string[] = [];

  constructor(options: KillTestOptions) {
    this.#cluster = options.cluster;
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  /** Declares the queues, and starts clients on all nodes. */
  async start(): Promise<void> {
    const policy = { vhost: "/", name: "all", pattern: "^kill-", applyTo: "classic_queues" };
    const definition = { "ha-mode": "all" };
    await this.#cluster.call(0, "set_policy", { ...policy, definition, priority: 0 });
    await this.#declare();
    const parts = { cluster: this.#cluster, history: this.#history };
    for (const { name } of QUEUES) {
      for (const home of this.#cluster.indices) {
        this.#publishers.push(new KillPublisher(parts, name, home));
        this.#consumers.push(new KillConsumer(parts, name, home));
      }
    }
    for (const client of [...this.#publishers, ...this.#consumers]) client.start();
    this.#stalls.enable();
  }

  async stop(): Promise<void> {
    this.#stalls.disable();
    await Promise.all([...this.#publishers, ...this.#consumers].map((client) => client.stop()));
  }

  /** Kills a leader under load, and starts it again. @throws Error saying what is wrong */
  async runRound({ isLast = false } = {}): Promise<KillReport> {
    const round = ++this.#round;
    await this.#underLoad();
    const victim = await this.#chooseVictim();
    const queues = QUEUES.map(({ name }): string => name).filter(
      (name) => this.#cluster.leaderOf(name) === victim,
    );
    const watched = this.#publishers.filter((publisher) => publisher.at !== victim);
    for (const { gap } of this.#publishers) gap.restart();
    this.#ends.push(`round ${round}: ${this.#cluster.nameOf(victim)} killed at ${now()} ms`);
    const killedAt = new Date();
    this.#stalls.reset();
    await this.#cluster.kill(victim);
    await this.#goesOn(watched);
    const concerned = watched.filter(({ queue }) => queues.includes(queue));
    const gapMs = Math.max(...concerned.map(({ gap }) => gap.longestMs));
    const stallMs = this.#stalls.max / 1e6;
    const slowest = concerned.find(({ gap }) => gap.longestMs === gapMs);
    const times = await this.#restart(victim);
    const isDue = isLast || round % this.#options.roundsPerCheck === 0;
    const checked = isDue ? await this.#check() : undefined;
    const resent = this.#publishers.reduce((sum, publisher) => sum + publisher.resent, 0);
    const name = this.#cluster.nameOf(victim);
    const gapAt = `${slowest?.queue} by ${this.#cluster.nameOf(slowest?.at ?? 0)}`;
    const gap = { gapMs, gapAt, stallMs };
    return { round, victim: name, killedAt, queues, ...gap, ...times, resent, checked };
  }

  async #declare(): Promise<void> {
    const connection = await connect(this.#cluster.urlOf(0));
    const channel = await connection.createChannel();
    for (const queue of QUEUES) {
      await channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments });
    }
    await connection.close();
  }

  async #underLoad(): Promise<void> {
    const enough = LOAD_MIN + this.#random.below(LOAD_SPREAD);
    for (const { gap } of this.#publishers) gap.restart();
    await until("load", () => this.#publishers.every(({ gap }) => gap.count >= enough));
  }

  async #chooseVictim(): Promise<number> {
    const queue = QUEUES[this.#random.below(QUEUES.length)]?.name ?? "";
    await until("a leader", () => this.#cluster.leaderOf(queue) !== undefined);
    return this.#cluster.leaderOf(queue) ?? 0;
  }

  /** Publishers get confirms of what they publish now, and all consumers get messages. */
  async #goesOn(watched: readonly KillPublisher[]): Promise<void> {
    await until("confirms after the kill", () =>
      watched.every(({ gap }) => gap.count >= GOES_ON_CONFIRMS),
    );
    const before = this.#consumers.map(({ delivered }) => delivered);
    await until("deliveries after the kill", () =>
      this.#consumers.every(({ delivered }, nth) => delivered > (before[nth] ?? 0)),
    );
  }

  async #restart(victim: number): Promise<Pick<KillReport, "readyMs" | "homeMs">> {
    const startMs = performance.now();
    this.#cluster.spawn(victim);
    await this.#cluster.ready(victim);
    const readyMs = performance.now() - startMs;
    await this.#goHome();
    await this.#isOnline();
    return { readyMs, homeMs: performance.now() - startMs };
  }

  /** The clients of the node that is back connect to it again, and are served there. */
  async #goHome(): Promise<void> {
    const publishers = this.#publishers.filter(({ isHome }) => !isHome);
    for (const publisher of publishers) publisher.hold();
    await until("all confirms", () => publishers.every(({ hasOpen }) => !hasOpen));
    for (const publisher of publishers) await publisher.goHome();
    for (const consumer of this.#consumers) await consumer.goHome();
    const clients = [...this.#publishers, ...this.#consumers];
    await until("clients at home", () => clients.every(({ isHome }) => isHome));
    for (const publisher of publishers) publisher.release();
    await this.#goesOn(publishers);
  }

  /** All replicas are where they should be. */
  async #isOnline(): Promise<void> {
    const columns = ["name", "online"];
    const count = this.#cluster.indices.length;
    await until("all replicas", async () => {
      const rows = await this.#cluster.call(0, "list_queues", { vhost: "/", columns });
      return Array.isArray(rows) && rows.every((row) => lengthOf(row, 1) === count);
    });
  }

  /** @returns how many operations were checked. @throws Error with the verdict */
  async #check(): Promise<number> {
    for (const publisher of this.#publishers) publisher.hold();
    for (const consumer of this.#consumers) consumer.isHoarding = false;
    await until("all confirms", () => this.#publishers.every(({ hasOpen }) => !hasOpen));
    for (const { name } of QUEUES) await this.#drain(name);
    const operations = this.#history.takeOperations();
    const verdict = checkTotalQueue(operations, {});
    if (verdict.validity !== "valid") {
      throw new Error([formatVerdict(verdict), ...this.#ends].join("\n"));
    }
    this.#ends = [];
    for (const publisher of this.#publishers) publisher.release();
    for (const consumer of this.#consumers) consumer.isHoarding = true;
    return operations.length;
  }

  async #drain(queue: string): Promise<void> {
    const consumers = this.#consumers.filter((consumer) => consumer.queue === queue);
    const isIdle = async (): Promise<boolean> =>
      consumers.every((consumer) => consumer.isIdle) && (await this.#count(queue)) === 0;
    await until(`an empty ${queue}`, isIdle);
    const from = performance.now();
    await until(`${queue} to stay empty`, isIdle);
    this.#history.onDrained(queue, from, performance.now());
  }

  /** Ready and unacked. */
  async #count(queue: string): Promise<number> {
    const columns = ["name", "messages"];
    const rows = await this.#cluster.call(0, "list_queues", { vhost: "/", columns });
    if (!Array.isArray(rows)) throw new Error("list_queues gave no list");
    const row: unknown = rows.find((each) => Array.isArray(each) && each[0] === queue);
    return Array.isArray(row) && typeof row[1] === "number" ? row[1] : -1;
  }
}

function lengthOf(row: unknown, at: number): number {
  const cell: unknown = Array.isArray(row) ? row[at] : undefined;
  return Array.isArray(cell) ? cell.length : -1;
}

function now(): number {
  return Math.round(performance.now());
}

/** One line for people. */
export function formatKill(report: KillReport): string {
  const {
    round,
    victim,
    killedAt,
    queues,
    gapMs,
    gapAt,
    stallMs,
    readyMs,
    homeMs,
    resent,
    checked,
  } = report;
  const check = checked === undefined ? "" : `; drained, ${checked} operations checked`;
  const back = `back after ${Math.round(readyMs)} ms, served after ${Math.round(homeMs)} ms`;
  const time = killedAt.toISOString().slice(11, -1);
  const killed = `round ${round}: ${victim} killed at ${time}, which led ${queues.join(", ")}`;
  const gap = `gap ${Math.round(gapMs)} ms of ${gapAt} (stall of the clients ${Math.round(stallMs)} ms)`;
  return `${killed}; ${gap}; ${back}; ${resent} sent again so far${check}`;
}
