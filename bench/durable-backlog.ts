import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  type BrokerProcess,
  type LeveretOptions,
  startLeveret,
} from "../test/clients/processes/leveret-process.ts";
import { runAmqpload } from "./amqpload.ts";
import { diskBytes, residentKb } from "./machine.ts";

const CONFIRMS = 1000;
const PREFETCH = 1000;
const ACK_EVERY = 100;
const RUN_MAX_S = 7200;
const STOP_MAX_MS = 120_000;
const SAMPLE_MS = 200;
/** Files are given back in the background. */
const SHRINK_MAX_MS = 60_000;
const SHRINK_POLL_MS = 500;

/** One fill and drain of one queue. */
interface BacklogFigures {
  readonly messages: number;
  readonly fillPerSecond: number;
  readonly drainPerSecond: number;
  /** Highest resident memory while filling and while draining. */
  readonly fillRssMb: number;
  readonly drainRssMb: number;
  /** Broker CPU for each message. */
  readonly fillCpuUs: number;
  readonly drainCpuUs: number;
}

export interface DurableBacklogReport {
  readonly size: number;
  readonly durable: BacklogFigures;
  readonly inMemory: BacklogFigures;
  /** What the data takes when everything was published, right after the drain, and at its smallest in the minute after. */
  readonly fullDiskMb: number;
  readonly drainedDiskMb: number;
  readonly settledDiskMb: number;
}

export interface DurableBacklogOptions {
  /** On the disk to measure. */
  readonly directory: string;
  readonly messages: number;
  /** Of the broker that stores nothing. */
  readonly inMemoryMessages: number;
  readonly size: number;
}

/** Fills one durable queue with persistent messages, drains it, and does the same with a broker that stores nothing. */
export async function measureDurableBacklog(
  options: DurableBacklogOptions,
): Promise<DurableBacklogReport> {
  const { size } = options;
  const inMemory = await withBroker({}, (broker) =>
    fillAndDrain(broker, options.inMemoryMessages, size, async () => {}),
  );
  const directory = await mkdtemp(join(options.directory, "durable-backlog-"));
  try {
    const dataDirectory = join(directory, "data");
    return await withBroker({ dataDirectory, stopMaxMs: STOP_MAX_MS }, async (broker) => {
      let fullDiskMb = 0;
      const durable = await fillAndDrain(broker, options.messages, size, async () => {
        fullDiskMb = (await diskBytes(dataDirectory)) / 1e6;
      });
      const drainedDiskMb = (await diskBytes(dataDirectory)) / 1e6;
      const settledDiskMb = await smallestDiskMb(dataDirectory);
      return { size, durable, inMemory, fullDiskMb, drainedDiskMb, settledDiskMb };
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function withBroker<T>(
  options: LeveretOptions,
  use: (broker: BrokerProcess) => Promise<T>,
): Promise<T> {
  const broker = await startLeveret(options);
  try {
    return await use(broker);
  } finally {
    await broker.stop();
  }
}

async function fillAndDrain(
  broker: BrokerProcess,
  messages: number,
  size: number,
  onFull: () => Promise<void>,
): Promise<BacklogFigures> {
  const common = ["--durable", "--size", String(size), "--max-time", String(RUN_MAX_S)];
  const filling = ["--mode", "fill", "--messages", String(messages), "--persistent"];
  const fill = await withRss(broker, () =>
    runAmqpload(broker, [...filling, "--confirms", String(CONFIRMS), ...common], RUN_MAX_S * 1000),
  );
  await onFull();
  const draining = ["--mode", "drain", "--prefetch", String(PREFETCH), "--verify"];
  const drain = await withRss(broker, () =>
    runAmqpload(
      broker,
      [...draining, "--ack-every", String(ACK_EVERY), ...common],
      RUN_MAX_S * 1000,
    ),
  );
  return {
    messages,
    fillPerSecond: fill.result.publishesPerSecond,
    drainPerSecond: drain.result.messagesPerSecond,
    fillRssMb: fill.rssMb,
    drainRssMb: drain.rssMb,
    fillCpuUs: fill.result.brokerCpuUs,
    drainCpuUs: drain.result.brokerCpuUs,
  };
}

/** Samples the broker's memory while something runs. */
async function withRss<T>(
  { pid }: BrokerProcess,
  run: () => Promise<T>,
): Promise<{ result: T; rssMb: number }> {
  let highestKb = await residentKb(pid);
  const done = new AbortController();
  const sampling = (async (): Promise<void> => {
    while (!done.signal.aborted) {
      highestKb = Math.max(highestKb, await residentKb(pid));
      await delay(SAMPLE_MS);
    }
  })();
  try {
    const result = await run();
    return { result, rssMb: highestKb / 1024 };
  } finally {
    done.abort();
    await sampling;
  }
}

async function smallestDiskMb(directory: string): Promise<number> {
  let smallest = Number.POSITIVE_INFINITY;
  for (let waitedMs = 0; waitedMs < SHRINK_MAX_MS; waitedMs += SHRINK_POLL_MS) {
    smallest = Math.min(smallest, (await diskBytes(directory)) / 1e6);
    await delay(SHRINK_POLL_MS);
  }
  return smallest;
}

/** Lines for people. */
export function formatDurableBacklog(report: DurableBacklogReport): string {
  const { durable, inMemory, fullDiskMb, drainedDiskMb, settledDiskMb } = report;
  const ratio = inMemory.drainPerSecond / durable.drainPerSecond;
  return [
    formatFigures(`durable, ${report.size} B`, durable),
    formatFigures(`in memory, ${report.size} B`, inMemory),
    `in memory it drains ${ratio.toFixed(2)} times as fast`,
    `disk: ${mb(fullDiskMb)} full, ${mb(drainedDiskMb)} after the drain, ${mb(settledDiskMb)} a minute later`,
  ].join("\n");
}

function formatFigures(what: string, figures: BacklogFigures): string {
  const { messages, fillPerSecond, drainPerSecond, fillRssMb, drainRssMb } = figures;
  const fill = `filled at ${perSecond(fillPerSecond)} with up to ${mb(fillRssMb)} and ${figures.fillCpuUs.toFixed(2)} us`;
  const drain = `drained at ${perSecond(drainPerSecond)} with up to ${mb(drainRssMb)} and ${figures.drainCpuUs.toFixed(2)} us`;
  return `${what}, ${messages.toLocaleString("en")} messages: ${fill}; ${drain}`;
}

function perSecond(rate: number): string {
  return `${Math.round(rate).toLocaleString("en")}/s`;
}

function mb(figure: number): string {
  return `${figure.toFixed(0)} MB`;
}
