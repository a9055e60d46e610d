import { readdir, readFile } from "node:fs/promises";
import {
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";
import { DELAY_LOOKS, DELAY_RESOLUTION_MS, SAMPLE_INTERVAL_MS } from "./statistics-limits.ts";

const NANO = 1e-9;
const MILLI = 1e-3;

/** V8's collections by kind. */
export const GC_KINDS = ["minor", "major", "incremental", "weakcb"] as const;
export type GcKind = (typeof GC_KINDS)[number];

export interface GcFigures {
  count: number;
  seconds: number;
}

/** How much later than due the event loop came to its work in the last minute, seconds. */
export interface LoopDelay {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const NO_DELAY: LoopDelay = { mean: 0, p50: 0, p99: 0, max: 0 };

/** Figures of the process: descriptors, collector, event loop. Those that need watching are there from `start` on. */
export class ProcessFigures {
  /** Open file descriptors as of the last look; undefined: the system does not tell. */
  openFiles: number | undefined = undefined;
  /** How many there may be; undefined: the system does not tell. */
  maxFiles: number | undefined = undefined;
  readonly gc: Readonly<Record<GcKind, GcFigures>> = {
    minor: { count: 0, seconds: 0 },
    major: { count: 0, seconds: 0 },
    incremental: { count: 0, seconds: 0 },
    weakcb: { count: 0, seconds: 0 },
  };
  #delays: LoopDelay[] = [];
  #histogram: IntervalHistogram | undefined;
  #observer: PerformanceObserver | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Repeatable. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#histogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
    this.#histogram.enable();
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#noteCollection(entry);
    });
    this.#observer.observe({ entryTypes: ["gc"] });
    this.#timer = setInterval(() => void this.look(), SAMPLE_INTERVAL_MS);
    this.#timer.unref();
    void this.look();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#histogram?.disable();
    this.#observer?.disconnect();
  }

  /** Resolves when the figures that the system is asked for are those of now. */
  async look(): Promise<void> {
    this.#noteDelay();
    this.openFiles = await openFiles();
    this.maxFiles ??= await maxFiles();
  }

  /** Since the process started, ms: how long the event loop worked, and how long it waited. */
  get loop(): EventLoopUtilization {
    return performance.eventLoopUtilization();
  }

  get delay(): LoopDelay {
    const delays = this.#delays;
    if (delays.length === 0) return NO_DELAY;
    return {
      mean: delays.reduce((sum, { mean }) => sum + mean, 0) / delays.length,
      p50: Math.max(...delays.map(({ p50 }) => p50)),
      p99: Math.max(...delays.map(({ p99 }) => p99)),
      max: Math.max(...delays.map(({ max }) => max)),
    };
  }

  #noteDelay(): void {
    const histogram = this.#histogram;
    if (histogram === undefined || histogram.count === 0) return;
    // The histogram has the time from one call to the next; what is beyond the resolution is delay.
    const beyond = (nanoseconds: number): number =>
      Math.max(0, nanoseconds * NANO - DELAY_RESOLUTION_MS * MILLI);
    this.#delays.push({
      mean: beyond(histogram.mean),
      p50: beyond(histogram.percentile(50)),
      p99: beyond(histogram.percentile(99)),
      max: beyond(histogram.max),
    });
    if (this.#delays.length > DELAY_LOOKS) this.#delays.shift();
    histogram.reset();
  }

  #noteCollection(entry: PerformanceEntry): void {
    const { duration } = entry;
    // Node's types leave it out.
    const { detail } = entry as { readonly detail?: unknown };
    const figures = this.gc[gcKindOf(detail)];
    figures.count++;
    figures.seconds += duration * MILLI;
  }
}

/** V8 numbers them as flags: scavenge 1, mark-sweep 4, incremental 8, weak callbacks 16 (node: performance.constants). */
function gcKindOf(detail: unknown): GcKind {
  const kind =
    typeof detail === "object" && detail !== null && "kind" in detail ? detail.kind : undefined;
  if (kind === 4) return "major";
  if (kind === 8) return "incremental";
  return kind === 16 ? "weakcb" : "minor";
}

async function openFiles(): Promise<number | undefined> {
  try {
    const names = await readdir("/proc/self/fd");
    return names.length;
  } catch {
    return undefined; // Not Linux, or not allowed.
  }
}

async function maxFiles(): Promise<number | undefined> {
  try {
    const limits = await readFile("/proc/self/limits", "utf8");
    const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined; // Not Linux, or not allowed.
  }
}
