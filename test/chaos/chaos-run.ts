import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../../packages/raft/src/core/random.ts";
import type { RunHistory } from "./clients/run-history.ts";
import type { ChaosCluster } from "./cluster/chaos-cluster.ts";
import { type NemesisContext, namesOf } from "./nemesis/nemesis.ts";
import type { PlannedFault } from "./schedule.ts";
import { TimeoutError, until } from "./until.ts";
import type { Finding, Workload } from "./workloads/workload.ts";

const SERVED_MAX_MS = 60_000;
const SYNCED_MAX_MS = 90_000;
const SETTLED_MAX_MS = 90_000;
const DRAINED_MAX_MS = 120_000;
const READY_MAX_MS = 120_000;
const WATCH_MS = 250;
/** How far apart the two looks at an empty queue are. */
const EMPTY_PAUSE_MS = 300;

export interface ChaosRunParts {
  readonly context: NemesisContext;
  readonly history: RunHistory;
  readonly workloads: readonly Workload[];
  readonly tracks: readonly (readonly PlannedFault[])[];
  readonly seconds: number;
}

/** What became of a run, before its history is checked. Times in ms. */
export interface ChaosOutcome {
  readonly faults: number;
  /** From the end of the last fault until every node serves again. */
  readonly readyMs: number;
  /** ... and until every client is served. */
  readonly servedMs: number;
  /** ... and until all replicas are complete. */
  readonly syncedMs: number;
  /** How long it took to drain all queues. */
  readonly drainMs: number;
  /** What went wrong besides what the history shows. */
  readonly findings: readonly Finding[];
}

/** Workloads under faults: then everything heals, is served, is drained. */
export class ChaosRun {
  readonly #parts: ChaosRunParts;
  readonly #cluster: ChaosCluster;
  readonly #findings: Finding[] = [];
  #faults = 0;
  #isWatching = true;

  constructor(parts: ChaosRunParts) {
    this.#parts = parts;
    this.#cluster = parts.context.cluster;
  }

  async run(): Promise<ChaosOutcome> {
    const { workloads } = this.#parts;
    for (const workload of workloads) await workload.declare();
    for (const workload of workloads) await workload.start();
    for (const workload of workloads) workload.mark();
    await this.#served("at first");
    const watch = this.#watch();
    await this.#suffer();
    this.#isWatching = false;
    await watch;
    const times = await this.#heal();
    const drainMs = await this.#drain();
    await this.#finish();
    await Promise.all(workloads.map((workload) => workload.stop()));
    return { faults: this.#faults, ...times, drainMs, findings: this.#findings };
  }

  /** Nodes that end by themselves are started again, and told of. */
  async #watch(): Promise<void> {
    const { care, timeline } = this.#parts.context;
    while (this.#isWatching) {
      for (const node of care.crashed) {
        const text = `${namesOf(this.#cluster, [node])} has ended by itself`;
        timeline.note(text);
        this.#found("crashed", text);
        this.#cluster.spawn(node);
      }
      await delay(WATCH_MS);
    }
  }

  async #suffer(): Promise<void> {
    const { tracks, seconds } = this.#parts;
    const startMs = performance.now();
    const runs = tracks.map((track) => this.#runTrack(track, startMs));
    await Promise.all(runs);
    await delay(Math.max(0, seconds * 1000 - (performance.now() - startMs)));
  }

  async #runTrack(track: readonly PlannedFault[], startMs: number): Promise<void> {
    const { context, workloads } = this.#parts;
    for (const { nemesis, fromMs, forMs, seed } of track) {
      await delay(Math.max(0, startMs + fromMs - performance.now()));
      const fault = nemesis.make(context, new Random(seed));
      try {
        await fault.begin();
        this.#faults++;
        await delay(forMs);
      } catch (error) {
        this.#found("nemesis", `${nemesis.name} could not begin: ${String(error)}`);
      }
      try {
        await fault.end();
      } catch (error) {
        this.#found("nemesis", `${nemesis.name} could not end: ${String(error)}`);
      }
      await Promise.all(workloads.map((workload) => workload.goHome()));
    }
  }

  async #heal(): Promise<Pick<ChaosOutcome, "readyMs" | "servedMs" | "syncedMs">> {
    const { workloads, context } = this.#parts;
    const { cuts, shims, links } = context;
    const startMs = performance.now();
    const passed = (): number => Math.round(performance.now() - startMs);
    cuts.heal();
    links?.heal();
    for (const shim of shims) shim.heal();
    for (const node of context.care.crashed) this.#cluster.spawn(node);
    await this.#bounded("not-ready", () => this.#ready());
    const readyMs = passed();
    for (const workload of workloads) workload.mark();
    await Promise.all(workloads.map((workload) => workload.goHome()));
    await this.#served("after the last fault");
    const servedMs = passed();
    await this.#bounded("not-synced", () => this.#synced());
    return { readyMs, servedMs, syncedMs: passed() };
  }

  #ready(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((_, reject) => {
      const error = new TimeoutError(`nodes are not ready after ${READY_MAX_MS} ms`);
      timer = setTimeout(() => reject(error), READY_MAX_MS);
    });
    const ready = Promise.all(this.#cluster.indices.map((node) => this.#cluster.ready(node)));
    return Promise.race([ready.then(() => undefined), late]).finally(() => clearTimeout(timer));
  }

  async #served(when: string): Promise<void> {
    const { workloads } = this.#parts;
    const unserved = (): string[] => workloads.flatMap((workload) => workload.unserved);
    const wait = { maxMs: SERVED_MAX_MS, explain: () => unserved().join(", ") };
    await this.#bounded("not-served", async () => {
      const startMs = performance.now();
      await until(`service ${when}`, () => unserved().length === 0, wait);
      const tookMs = Math.round(performance.now() - startMs);
      this.#parts.context.timeline.note(`all clients are served ${when}, after ${tookMs} ms`);
    });
  }

  async #synced(): Promise<void> {
    let obstacle: string | undefined;
    const isSynced = async (): Promise<boolean> => {
      obstacle = await this.#cluster.unsynced().catch(String);
      return obstacle === undefined;
    };
    await until("complete replicas", isSynced, {
      maxMs: SYNCED_MAX_MS,
      explain: () => obstacle ?? "",
    });
  }

  async #drain(): Promise<number> {
    const { workloads, context } = this.#parts;
    const startMs = performance.now();
    for (const workload of workloads) workload.hold();
    await this.#bounded("not-confirmed", () => settled(workloads));
    for (const workload of workloads) {
      for (const queue of workload.queues) {
        await this.#bounded("not-drained", () => this.#drainQueue(workload, queue));
      }
    }
    const drainMs = Math.round(performance.now() - startMs);
    context.timeline.note(`everything is drained, after ${drainMs} ms`);
    return drainMs;
  }

  async #drainQueue(workload: Workload, queue: string): Promise<void> {
    let seen: readonly unknown[] = [];
    const isEmpty = async (): Promise<boolean> => {
      const counts = this.#cluster.tellers.map(async (node) =>
        (await this.#cluster.counts(node)).get(queue),
      );
      seen = await Promise.all(counts).catch((error: unknown) => [error]);
      return seen.every((count) => count === 0) && workload.isIdle;
    };
    const wait = { maxMs: DRAINED_MAX_MS, explain: () => `${seen.join(", ")} messages` };
    await until(`an empty ${queue}`, isEmpty, wait);
    const from = performance.now();
    await delay(EMPTY_PAUSE_MS);
    await until(`${queue} to stay empty`, isEmpty, wait);
    this.#parts.history.drained(queue, from);
  }

  async #finish(): Promise<void> {
    for (const workload of this.#parts.workloads) {
      await this.#bounded(`${workload.name}-unfinished`, () => workload.finish());
    }
  }

  /** What takes too long is a finding, and the run goes on, as far as it can. */
  async #bounded(kind: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      const text = error instanceof TimeoutError ? error.message : String(error);
      this.#parts.context.timeline.note(text);
      this.#found(kind, text);
    }
  }

  #found(kind: string, text: string): void {
    this.#findings.push({ kind, count: 1, text });
  }
}

/** Nothing is on the way any more. @throws TimeoutError */
export function settled(workloads: readonly Workload[]): Promise<void> {
  const open = (): string[] => workloads.filter((each) => !each.isSettled).map(({ name }) => name);
  const wait = { maxMs: SETTLED_MAX_MS, explain: () => open().join(", ") };
  return until("confirms of everything", () => open().length === 0, wait);
}
