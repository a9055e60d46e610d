import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ChannelModel, connect } from "amqplib";
import { LeveretProcess } from "../test/clients/processes/leveret-process.ts";
import { runAmqpload } from "./amqpload.ts";
import { diskBytes, residentKb } from "./machine.ts";

const PREFIX = "boot";
const SIZE = 100;
const CONFIRMS = 1000;
/** amqpload's limit of routing keys. */
const KEYS_MAX = 250;
const DECLARE_MAX_S = 600;
const FILL_MAX_S = 600;
const READY_MAX_MS = 120_000;
const STOP_MAX_MS = 120_000;
/** Passive declares under way at a time. */
const ASKED_AT_ONCE = 200;
const ASKING_CHANNELS = 4;

/** How long a broker takes to come back; all from the start of its process, ms. */
interface DurableBootTimes {
  /** Until it says that it is ready. */
  readonly readyMs: number;
  /** Until a client has a channel. */
  readonly openMs: number;
  /** Until one queue, the last declared, has told how many messages it has. */
  readonly firstQueueMs: number;
  /** Until all queues have. */
  readonly allQueuesMs: number;
  /** Then. */
  readonly rssMb: number;
}

export interface DurableBootReport {
  readonly queues: number;
  readonly messages: number;
  readonly diskMb: number;
  readonly stopMs: number;
  readonly afterKill: DurableBootTimes;
  readonly afterStop: DurableBootTimes;
}

export interface DurableBootOptions {
  /** On the disk to measure. */
  readonly directory: string;
  readonly queues: number;
  /** Of 100 B, the same number in each queue. */
  readonly messages: number;
  readonly print: (line: string) => void;
}

/** Fills durable queues, and starts the broker again: after kill -9, and after a stop. */
export async function measureDurableBoot(options: DurableBootOptions): Promise<DurableBootReport> {
  const directory = await mkdtemp(join(options.directory, "durable-boot-"));
  const boots = new Boots(directory, options);
  try {
    return await boots.measure();
  } finally {
    await boots.end();
    await rm(directory, { recursive: true });
  }
}

class Boots {
  readonly #directory: string;
  readonly #options: DurableBootOptions;
  readonly #perQueue: number;
  #broker: LeveretProcess | undefined;

  constructor(directory: string, options: DurableBootOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#perQueue = Math.ceil(options.messages / options.queues);
  }

  async end(): Promise<void> {
    await this.#broker?.kill();
  }

  async measure(): Promise<DurableBootReport> {
    const { queues, print } = this.#options;
    const first = this.#start();
    await this.#fill(first);
    const diskMb = (await diskBytes(this.#data)) / 1e6;
    print(`${queues} queues with ${this.#perQueue} messages each take ${diskMb.toFixed(0)} MB`);
    await first.kill();
    const second = this.#start();
    const afterKill = await this.#timesOf(second);
    const stopMs = performance.now();
    await second.stop();
    const stoppedMs = performance.now() - stopMs;
    const third = this.#start();
    const afterStop = await this.#timesOf(third);
    await third.stop();
    const messages = queues * this.#perQueue;
    return { queues, messages, diskMb, stopMs: stoppedMs, afterKill, afterStop };
  }

  get #data(): string {
    return join(this.#directory, "data");
  }

  #startedMs = 0;

  #start(): LeveretProcess {
    this.#startedMs = performance.now();
    const limits = { readyMaxMs: READY_MAX_MS, stopMaxMs: STOP_MAX_MS };
    this.#broker = new LeveretProcess(this.#directory, { dataDirectory: this.#data, ...limits });
    return this.#broker;
  }

  async #fill(broker: LeveretProcess): Promise<void> {
    const { queues } = this.#options;
    const target = { pid: broker.pid, ...(await addressOf(broker)) };
    const durable = ["--durable", "--prefix", PREFIX];
    await runAmqpload(
      target,
      [
        ...["--mode", "queues", "--queues", String(queues), ...durable],
        ...["--duration", "0.1", "--max-time", String(DECLARE_MAX_S)],
      ],
      DECLARE_MAX_S * 1000,
    );
    for (let from = 0; from < queues; from += KEYS_MAX) {
      const count = Math.min(KEYS_MAX, queues - from);
      const keys = Array.from({ length: count }, (_unused, nth) => `${PREFIX}-${from + nth}`);
      await runAmqpload(
        target,
        [
          ...["--mode", "fill", "--no-declare", ...durable, "--routing-keys", keys.join()],
          ...["--messages", String(count * this.#perQueue), "--size", String(SIZE)],
          ...["--persistent", "--confirms", String(CONFIRMS), "--max-time", String(FILL_MAX_S)],
        ],
        FILL_MAX_S * 1000,
      );
    }
  }

  async #timesOf(broker: LeveretProcess): Promise<DurableBootTimes> {
    const startedMs = this.#startedMs;
    const { url } = await addressOf(broker);
    const readyMs = performance.now() - startedMs;
    const connection = await connect(url);
    const channel = await connection.createChannel();
    const openMs = performance.now() - startedMs;
    await channel.checkQueue(`${PREFIX}-${this.#options.queues - 1}`);
    const firstQueueMs = performance.now() - startedMs;
    await this.#countAll(connection);
    const allQueuesMs = performance.now() - startedMs;
    const rssMb = (await residentKb(broker.pid)) / 1024;
    await connection.close();
    return { readyMs, openMs, firstQueueMs, allQueuesMs, rssMb };
  }

  /** @throws Error if a queue has not all its messages */
  async #countAll(connection: ChannelModel): Promise<void> {
    const { queues } = this.#options;
    const channels = await Promise.all(
      Array.from({ length: ASKING_CHANNELS }, () => connection.createChannel()),
    );
    for (let from = 0; from < queues; from += ASKED_AT_ONCE) {
      const count = Math.min(ASKED_AT_ONCE, queues - from);
      await Promise.all(
        Array.from({ length: count }, async (_unused, nth) => {
          const channel = channels[nth % channels.length];
          const name = `${PREFIX}-${from + nth}`;
          const found = (await channel?.checkQueue(name))?.messageCount;
          if (found !== this.#perQueue) throw new Error(`${name} has ${found} messages`);
        }),
      );
    }
  }
}

async function addressOf(broker: LeveretProcess): Promise<{ amqpPort: number; url: string }> {
  const amqpPort = await broker.ready();
  return { amqpPort, url: `amqp://guest:guest@127.0.0.1:${amqpPort}/` };
}

/** Lines for people. */
export function formatDurableBoot(report: DurableBootReport): string {
  const { queues, messages, afterKill, afterStop, stopMs } = report;
  return [
    `${queues.toLocaleString("en")} queues, ${messages.toLocaleString("en")} messages:`,
    `the stop took ${seconds(stopMs)}`,
    formatTimes("a stop", afterStop),
    formatTimes("kill -9", afterKill),
  ].join("\n");
}

function formatTimes(what: string, times: DurableBootTimes): string {
  const { readyMs, openMs, firstQueueMs, allQueuesMs, rssMb } = times;
  const open = `ready after ${seconds(readyMs)}, AMQP open after ${seconds(openMs)}`;
  const queues = `one queue answers after ${seconds(firstQueueMs)}, all after ${seconds(allQueuesMs)}`;
  return `after ${what}: ${open}, ${queues}, RSS ${rssMb.toFixed(0)} MB`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
