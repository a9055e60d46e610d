import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Random } from "../../../../raft/src/core/random.ts";
import type { LogStore, LogStoreListener } from "../../../../raft/src/store/log-store.ts";
import { NodeLogStore } from "../../../../raft/src/store/node-log-store.ts";
import { RealDisk } from "../../../src/runtime/real-disk.ts";
import { RealRaftClock } from "../../../src/runtime/real-raft-clock.ts";
import { CLUSTER_ID, NODE_ID } from "./content.ts";
import { parseJournal } from "./journal.ts";
import { StoreModel } from "./store-model.ts";
import { type VerifyCounts, verifyStore } from "./verify-store.ts";
import { WRITER_LIMITS } from "./writer-limits.ts";

const PROGRAM: string = fileURLToPath(new URL("writer-program.ts", import.meta.url));
/** Longest time that a writer is let run after it has opened its store, and after its start. */
const RUN_MAX_MS = 700;
const START_MAX_MS = 600;
/** Of a hundred rounds: killed at any moment after the start, so perhaps while it recovers. */
const EARLY_PERCENT = 15;
const OPEN_MAX_MS = 20_000;
/** Of recovering, verifying and closing. */
const STEP_MAX_MS = 60_000;

/** What a round did. */
export interface RoundReport extends VerifyCounts {
  readonly round: number;
  readonly wasOpen: boolean;
  /** Appends that were reported durable before the kill. */
  readonly durableAppends: number;
  readonly recoveryMs: number;
}

/** A data directory whose writers are killed, one after the other, and whose content is checked after each. */
export class KillTest {
  readonly #directory: string;
  readonly #random: Random;
  readonly #model = new StoreModel();
  #round = 0;

  constructor(directory: string, seed: number) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#random = new Random(seed);
  }

  /** Runs a writer, kills it at a random moment, and verifies. @throws Error saying what is wrong */
  async runRound(): Promise<RoundReport> {
    this.#round++;
    const before = this.#model.durableAppends;
    const journal = parseJournal(await this.#writeAndKill());
    for (const line of journal) this.#model.take(line);
    const startMs = performance.now();
    const store = await inTime("recovery", openStore(this.#directory));
    const recoveryMs = performance.now() - startMs;
    const counts = await inTime("verification", verifyStore(store, this.#model));
    const closed = new Promise<void>((resolve) => {
      store.close(resolve);
    });
    await inTime("close", closed);
    return {
      round: this.#round,
      wasOpen: journal.length > 0,
      durableAppends: this.#model.durableAppends - before,
      recoveryMs,
      ...counts,
    };
  }

  /** What the writer printed. */
  async #writeAndKill(): Promise<string> {
    const seed = String(this.#random.nextU32());
    const nextGroup = String(this.#model.nextGroup);
    const loader = ["--conditions=@leveret/source", "--import", "tsx"];
    const child = spawn(process.execPath, [...loader, PROGRAM, this.#directory, seed, nextGroup], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const closed = once(child, "close");
    const chunks: Buffer[] = [];
    const opened = new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        resolve();
      });
    });
    const isEarly = this.#random.below(100) < EARLY_PERCENT;
    if (!isEarly) {
      await Promise.race([opened, closed, delay(OPEN_MAX_MS, undefined, { ref: false })]);
    }
    await delay(this.#random.below(isEarly ? START_MAX_MS : RUN_MAX_MS));
    child.kill("SIGKILL");
    const [code] = await closed;
    // With SIGKILL there is no code: a writer that ended by itself has found something wrong.
    if (code !== null) throw new Error(`round ${this.#round}: the writer exited with ${code}`);
    if (!isEarly && chunks.length === 0) throw new Error("the writer did not open its store");
    return Buffer.concat(chunks).toString();
  }
}

/** A callback that never comes is an error as any other. */
async function inTime<T>(what: string, result: Promise<T>): Promise<T> {
  const timeout = delay(STEP_MAX_MS, "timeout" as const, { ref: false });
  const first = await Promise.race([result.then((value) => ({ value })), timeout]);
  if (first === "timeout") throw new Error(`${what} does not end`);
  return first.value;
}

function openStore(directory: string): Promise<LogStore> {
  const clock = new RealRaftClock();
  const options = { nodeId: NODE_ID, clusterId: CLUSTER_ID, limits: WRITER_LIMITS };
  return new Promise((resolve, reject) => {
    const listener = failingListener(reject);
    NodeLogStore.open(new RealDisk(directory), clock, clock, options, listener, (error, store) => {
      if (error === undefined) resolve(store);
      else reject(error);
    });
  });
}

/** For a store that is only read. */
function failingListener(fail: (error: Error) => void): LogStoreListener {
  return {
    onAppended: () => fail(new Error("nothing was appended here")),
    onBatchEnd: () => {},
    onFatal: fail,
    onSpaceChange: () => {},
    onDamage: (groupId) => fail(new Error(`damage in group ${groupId}`)),
  };
}
