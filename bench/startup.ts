import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runProgram } from "../test/clients/processes/child-program.ts";
import { startLeveret } from "../test/clients/processes/leveret-process.ts";
import { residentKb } from "./machine.ts";
import { median } from "./median.ts";

const PROGRAM: string = fileURLToPath(new URL("first-publish.mjs", import.meta.url));
const RUN_MAX_MS = 30_000;
/** Until the garbage of starting is collected, or not: what an idle broker takes. */
const IDLE_MS = 10_000;

/** Milliseconds of one fresh process, counted inside of it. */
interface Startup {
  /** `import("leveret")` */
  readonly importMs: number;
  /** From the call of startBroker() to the ack of the first message. */
  readonly startToPublishMs: number;
}

export interface StartupReport {
  readonly runs: readonly Startup[];
  readonly medianImportMs: number;
  readonly medianStartToPublishMs: number;
  /** Import, start and publish together. */
  readonly medianTotalMs: number;
  /** Resident memory of the process that `npm start` runs, ten seconds after it was ready. */
  readonly idleRssMb: number;
}

/** Starts `count` fresh processes, one after the other, and then an idle broker. */
export async function measureStartup(count: number): Promise<StartupReport> {
  const runs: Startup[] = [];
  for (let run = 0; run < count; run++) runs.push(await startOnce());
  return {
    runs,
    medianImportMs: median(runs.map((each) => each.importMs)),
    medianStartToPublishMs: median(runs.map((each) => each.startToPublishMs)),
    medianTotalMs: median(runs.map((each) => each.importMs + each.startToPublishMs)),
    idleRssMb: await idleRssMb(),
  };
}

async function startOnce(): Promise<Startup> {
  const lines = await runProgram({
    command: process.execPath,
    arguments: [PROGRAM],
    timeoutMs: RUN_MAX_MS,
  });
  const line = lines.find((each) => each.startsWith("{")) ?? "";
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed === "object" && parsed !== null) {
    if ("importMs" in parsed && "startToPublishMs" in parsed) {
      const { importMs, startToPublishMs } = parsed;
      if (typeof importMs === "number" && typeof startToPublishMs === "number") {
        return { importMs, startToPublishMs };
      }
    }
  }
  throw new Error(`unexpected output of ${PROGRAM}: ${line}`);
}

async function idleRssMb(): Promise<number> {
  const broker = await startLeveret();
  try {
    await delay(IDLE_MS);
    return (await residentKb(broker.pid)) / 1024;
  } finally {
    await broker.stop();
  }
}
