import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Outcome } from "@leveret/raft/history";
import type { ClientParts } from "../clients/publisher.ts";
import { QueueWorkload, type QueueWorkloadOptions } from "./queue-workload.ts";
import type { WorkloadFigures } from "./workload.ts";

const PROGRAM: string = fileURLToPath(new URL("../clients/tx_publisher.py", import.meta.url));
/** Sessions of the Python program are numbered from here on. */
const FIRST_PROCESS = 1_000_000;
const OFFSET_LOOKS = 100;

export interface TransactionOptions {
  /** A Python that has pika. */
  readonly python: string;
  readonly seed: number;
  /** Messages a second. */
  readonly rate: number;
  readonly queue: string;
}

interface Line {
  readonly event: "invoke" | "complete" | "held";
  readonly id: number;
  readonly process: number;
  readonly input: { readonly message: string };
  readonly at: number;
  readonly outcome: Outcome;
}

/** Messages are published in transactions by pika (amqplib has none): all that is committed comes out, nothing rolled back. */
export class TransactionWorkload extends QueueWorkload {
  readonly #parts: ClientParts;
  readonly #options: TransactionOptions;
  /** The program's numbers of operations under way, with the history's. */
  readonly #open = new Map<number, { readonly id: number; readonly at: number }>();
  #program: ChildProcess | undefined;
  #isHeld = false;
  #markAt = Number.POSITIVE_INFINITY;
  #isServed = false;
  #published = 0;
  #committed = 0;
  #lastCommitAt: number | undefined;
  #longestGapMs = 0;

  constructor(parts: ClientParts, options: TransactionOptions, queues: QueueWorkloadOptions) {
    super(parts, queues);
    this.#parts = parts;
    this.#options = options;
  }

  override async start(): Promise<void> {
    await super.start();
    const { cluster } = this.#parts;
    const { python, seed, rate, queue } = this.#options;
    const urls = cluster.indices.map((node) => cluster.urlOf(node));
    const given = { urls: urls.join(","), queue, seed, rate, process: FIRST_PROCESS };
    const words = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const all = [PROGRAM, ...words, "--offset-ms", String(clockOffset())];
    const program = spawn(python, all, { stdio: ["pipe", "pipe", "inherit"] });
    this.#program = program;
    program.stdin.on("error", () => undefined);
    createInterface({ input: program.stdout }).on("line", (line) => this.#onLine(line));
  }

  override mark(): void {
    super.mark();
    this.#markAt = performance.now();
    this.#isServed = false;
  }

  override get unserved(): readonly string[] {
    return [...super.unserved, ...(this.#isServed ? [] : ["transactions"])];
  }

  override hold(): void {
    super.hold();
    this.#isHeld = false;
    this.#lastCommitAt = undefined;
    this.#tell("hold");
  }

  override release(): void {
    super.release();
    this.#isHeld = false;
    this.#tell("release");
  }

  override get isSettled(): boolean {
    return super.isSettled && this.#isHeld && this.#open.size === 0;
  }

  override async stop(): Promise<void> {
    await super.stop();
    const program = this.#program;
    if (program === undefined || program.exitCode !== null) return;
    program.kill("SIGKILL");
    await once(program, "exit");
  }

  override get figures(): WorkloadFigures {
    const own = { published: this.#published, confirmed: this.#committed };
    return { ...super.figures, ...own, longestGapMs: this.#longestGapMs };
  }

  #tell(word: string): void {
    this.#program?.stdin?.write(`${word}\n`);
  }

  #onLine(text: string): void {
    // The program writes nothing else.
    const line = JSON.parse(text) as Line;
    if (line.event === "held") this.#isHeld = true;
    else if (line.event === "invoke") this.#invoke(line);
    else this.#complete(line);
  }

  #invoke({ id, process, input, at }: Line): void {
    const { message } = input;
    const key = this.#options.queue;
    const own = this.#parts.history.invoke({
      process,
      kind: "enqueue",
      key,
      input: { message },
      at,
    });
    this.#published++;
    this.#open.set(id, { id: own, at });
  }

  #complete({ id, outcome, at }: Line): void {
    const known = this.#open.get(id);
    if (known === undefined) return;
    this.#open.delete(id);
    this.#parts.history.complete(known.id, outcome, at);
    if (outcome !== "ok") return;
    this.#committed++;
    if (known.at > this.#markAt) this.#isServed = true;
    const last = this.#lastCommitAt ?? at;
    this.#longestGapMs = Math.max(this.#longestGapMs, at - last);
    this.#lastCommitAt = at;
  }
}

/**
 * By how much the monotonic clock of the machine is ahead of `performance.now`, ms. This process may be held up between two looks: then it
 * seems to be less.
 */
function clockOffset(): number {
  const offsets = Array.from({ length: OFFSET_LOOKS }, () => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6 - performance.now();
  });
  return Math.max(...offsets);
}
