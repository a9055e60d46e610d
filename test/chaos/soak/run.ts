import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect } from "amqplib";
import { Random } from "../../../packages/raft/src/core/random.ts";
import { currentCommit } from "../report/commit.ts";
import { until } from "../until.ts";
import { MIRRORED, QUORUM } from "../workloads/queue-names.ts";
import { Churn } from "./churn.ts";
import { SoakLedger } from "./soak-ledger.ts";
import { SoakConsumer, SoakPublisher } from "./soak-load.ts";
import { type OpenThings, SoakNodes } from "./soak-nodes.ts";
import { type SoakReport, type SoakRestart, soakPage, soakProblems } from "./soak-report.ts";
import type { LoadSample, NodeSample } from "./soak-sample.ts";

const USAGE = `usage: npm run soak -- [options]
Three nodes run from dist: npm run build before. Needs Linux.
  --minutes N        how long (default 30)
  --share N          of the most that they can do, in per cent (default 70)
  --restarts N       rolling restarts of all nodes (default: one each 8 minutes)
  --seed N           what is chosen by chance (default: the clock)
  --page FILE        the figures are written to it (default: they are printed)
  --json FILE        ... and all samples
  --remark TEXT      stands in the page: what else the machine had to do, for instance
  --from FILE        makes the page of such samples, and does nothing else
  --directory PATH   where the data go (default: the system's for temporary files)
  --main FILE        another main.js`;

const QUEUES = [
  { name: MIRRORED, arguments: {} },
  { name: QUORUM, arguments: { "x-queue-type": "quorum" } },
] as const;
const SAMPLE_MS = 5000;
const CALIBRATE_MS = 15_000;
const SETTLE_MS = 5000;
const RESTART_EVERY_MIN = 8;
/** A rate that nobody reaches. */
const UNBOUNDED = 1_000_000;
const CHURNS = 2;
const CONSUMERS_CHANGE_MS = 15_000;
const DRAIN_MAX_MS = 120_000;

function readArguments() {
  return parseArgs({
    options: {
      minutes: { type: "string", default: "30" },
      share: { type: "string", default: "70" },
      restarts: { type: "string" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      page: { type: "string" },
      json: { type: "string" },
      remark: { type: "string", default: "" },
      from: { type: "string" },
      directory: { type: "string", default: tmpdir() },
      main: { type: "string" },
      help: { type: "boolean", default: false },
    },
  }).values;
}

type Arguments = ReturnType<typeof readArguments>;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** All clients, and what they and the nodes do. */
class Soak {
  readonly #nodes: SoakNodes;
  readonly #random: Random;
  readonly #ledger = new SoakLedger();
  readonly #publishers: SoakPublisher[] = [];
  readonly #consumers: SoakConsumer[] = [];
  readonly #samples: NodeSample[] = [];
  readonly #load: LoadSample[] = [];
  readonly #restarts: SoakRestart[] = [];
  #isOver = false;

  constructor(nodes: SoakNodes, seed: number) {
    this.#nodes = nodes;
    this.#random = new Random(seed);
  }

  async run(options: {
    readonly minutes: number;
    readonly share: number;
    readonly restarts: number;
  }): Promise<SoakReport> {
    const startedAt = new Date().toISOString();
    await this.#startClients();
    const maxRate = await this.#calibrate();
    const targetRate = (maxRate * options.share) / 100;
    for (const publisher of this.#publishers) {
      publisher.rate = targetRate / this.#publishers.length;
    }
    print(`${Math.round(maxRate)} confirms/s at most; load: ${Math.round(targetRate)}/s`);
    await delay(SETTLE_MS);
    const openBefore = await this.#nodes.open();
    const churned = await this.#soak(options);
    await this.#drain();
    const openAfter = await this.#openAgain(openBefore);
    return {
      commit: currentCommit(),
      startedAt,
      minutes: options.minutes,
      maxRate,
      targetRate,
      nodes: this.#samples,
      load: this.#load,
      restarts: this.#restarts,
      confirmed: this.#ledger.confirmed,
      delivered: this.#ledger.delivered,
      lost: this.#ledger.awaited,
      duplicated: this.#ledger.duplicated,
      churned,
      openBefore,
      openAfter,
    };
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#publishers, ...this.#consumers].map((client) => client.stop()));
  }

  async #startClients(): Promise<void> {
    const { cluster } = this.#nodes;
    const connection = await connect(cluster.urlOf(0));
    const channel = await connection.createChannel();
    for (const queue of QUEUES) {
      await channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments });
    }
    await connection.close();
    for (const { name } of QUEUES) {
      for (const home of cluster.indices) {
        const options = { queue: name, home, rate: UNBOUNDED };
        this.#publishers.push(new SoakPublisher(cluster, this.#ledger, options));
        this.#consumers.push(new SoakConsumer(cluster, this.#ledger, options));
      }
    }
    for (const client of [...this.#publishers, ...this.#consumers]) client.start();
  }

  /** Confirms a second, as fast as possible, in the second half of the time. */
  async #calibrate(): Promise<number> {
    await delay(CALIBRATE_MS / 2);
    const before = this.#ledger.confirmed;
    const startMs = performance.now();
    await delay(CALIBRATE_MS / 2);
    return ((this.#ledger.confirmed - before) * 1000) / (performance.now() - startMs);
  }

  /** Returns how many clients came and went. */
  async #soak(options: { readonly minutes: number; readonly restarts: number }): Promise<number> {
    const churns = Array.from({ length: CHURNS }, (_, nth) => {
      const random = new Random(this.#random.nextU32());
      return new Churn(this.#nodes.cluster, random, `soak-churn-${nth}`);
    });
    for (const churn of churns) churn.start();
    const endMs = performance.now() + options.minutes * 60_000;
    const sampling = this.#sample();
    const changing = this.#changeConsumers();
    const everyMs = (options.minutes * 60_000) / (options.restarts + 1);
    for (let nth = 1; nth <= options.restarts; nth++) {
      await delay(Math.max(0, endMs - (options.restarts + 1 - nth) * everyMs - performance.now()));
      await this.#restartAll();
    }
    await delay(Math.max(0, endMs - performance.now()));
    this.#isOver = true;
    await Promise.all([sampling, changing]);
    await Promise.all(churns.map((churn) => churn.stop()));
    const rounds = churns.map(({ counts }) => counts.rounds);
    return rounds.reduce((sum, each) => sum + each, 0);
  }

  async #sample(): Promise<void> {
    this.#ledger.takeLatencies();
    let { confirmed, delivered } = this.#ledger;
    let lastMs = performance.now();
    while (!this.#isOver) {
      await delay(SAMPLE_MS);
      const now = performance.now();
      const seconds = (now - lastMs) / 1000;
      this.#load.push({
        atS: this.#nodes.elapsedS,
        confirmsPerS: (this.#ledger.confirmed - confirmed) / seconds,
        deliveriesPerS: (this.#ledger.delivered - delivered) / seconds,
        ...this.#ledger.takeLatencies(),
        loadAverage: loadavg()[0] ?? 0,
      });
      ({ confirmed, delivered } = this.#ledger);
      lastMs = now;
      this.#samples.push(...(await this.#nodes.sample()));
    }
  }

  async #changeConsumers(): Promise<void> {
    while (!this.#isOver) {
      await delay(CONSUMERS_CHANGE_MS / this.#consumers.length);
      const consumer = this.#consumers[this.#random.below(this.#consumers.length)];
      await consumer?.reconnect();
    }
  }

  async #restartAll(): Promise<void> {
    for (const node of this.#nodes.cluster.indices) {
      const atS = this.#nodes.elapsedS;
      const times = await this.#nodes.restart(node);
      this.#restarts.push({ atS, node, ...times });
      print(
        `${Math.round(atS)} s: node ${node + 1} stopped after ${times.stopMs} ms, serves after ${times.readyMs} ms`,
      );
      const clients = [...this.#publishers, ...this.#consumers];
      await Promise.all(clients.map((client) => client.goHome()));
    }
  }

  /** Everything confirmed has come, or never will. */
  async #drain(): Promise<void> {
    for (const publisher of this.#publishers) publisher.rate = 0;
    const isDone = (): boolean =>
      this.#ledger.awaited === 0 && this.#publishers.every(({ hasOpen }) => !hasOpen);
    await until("all messages", isDone, { maxMs: DRAIN_MAX_MS }).catch((error: unknown) =>
      print(String(error)),
    );
  }

  /** What clients have left is taken away a moment later. */
  async #openAgain(before: OpenThings): Promise<OpenThings> {
    let after = await this.#nodes.open();
    const isSame = async (): Promise<boolean> => {
      after = await this.#nodes.open();
      return JSON.stringify(after) === JSON.stringify(before);
    };
    await until("what was open before", isSame).catch(() => undefined);
    return after;
  }
}

async function tell(values: Arguments, report: SoakReport): Promise<number> {
  const page = soakPage(report, values.remark);
  if (values.page === undefined) print(page);
  else await writeFile(values.page, page);
  const problems = soakProblems(report);
  for (const problem of problems) print(`FOUND: ${problem}`);
  print(`soak of ${report.minutes} minutes: ${problems.length === 0 ? "pass" : "fail"}`);
  return problems.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const values: Arguments = readArguments();
  if (values.help) {
    print(USAGE);
    return 0;
  }
  if (values.from !== undefined) {
    // A soak has written it.
    const report = JSON.parse(await readFile(values.from, "utf8")) as SoakReport;
    return tell(values, report);
  }
  const minutes = Number(values.minutes);
  const restarts = Number(values.restarts ?? Math.floor(minutes / RESTART_EVERY_MIN));
  print(`seed ${values.seed}`);
  const directory = await mkdtemp(join(values.directory, "soak-"));
  const nodes = await SoakNodes.start(directory, values.main);
  const soak = new Soak(nodes, Number(values.seed));
  try {
    const report = await soak.run({ minutes, share: Number(values.share), restarts });
    await soak.stop();
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(report));
    return await tell(values, report);
  } finally {
    await nodes.close();
    await rm(directory, { recursive: true, force: true });
  }
}

// Clients may be in the middle of something.
process.exit(await main());
