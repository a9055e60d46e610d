import type { SampleRange, WindowName } from "@leveret/management";
import { type Retention, SampleRing } from "./sample-ring.ts";
import { SAMPLE_INTERVAL_MS, SHORT_RETENTIONS } from "./statistics-limits.ts";

/** Each has samples of its own (RabbitMQ: `msg_rates_age` and so on). */
export const WINDOW_NAMES: readonly WindowName[] = [
  "lengths",
  "msg_rates",
  "data_rates",
  "node_stats",
];

/** What is known of some figures: as they are, how fast they grow (per second), and as they were. */
export interface Reading {
  readonly values: readonly number[];
  readonly rates: readonly number[];
  /** For each window asked for: a row of all figures for each of its times, the newest first. */
  readonly samples: Readonly<Partial<Record<WindowName, readonly (readonly number[])[]>>>;
}

/**
 * The past of one object's figures. While nothing changes nothing is stored; what has not changed for as long as it remembers gives its
 * memory back.
 */
export class History {
  readonly #retentions: readonly Retention[];
  #rings: readonly SampleRing[] | undefined = undefined;
  /** As of the last look. */
  readonly #last: Float64Array;
  /** As of the look before it, while they differ. */
  readonly #before: Float64Array;
  #lastLookMs: number;
  #beforeLookMs: number;
  #lastChangeMs: number;
  /** How far back the rings go. */
  #spanMs = 0;

  /** `initial`: the figures up to now. The first retention is the finest. */
  constructor(retentions: readonly Retention[], initial: Float64Array, nowMs: number) {
    this.#retentions = retentions;
    this.#last = Float64Array.from(initial);
    this.#before = Float64Array.from(initial);
    this.#lastLookMs = nowMs;
    this.#beforeLookMs = nowMs - SAMPLE_INTERVAL_MS;
    this.#lastChangeMs = nowMs;
  }

  get byteLength(): number {
    let sum = 0;
    for (const ring of this.#rings ?? []) sum += ring.byteLength;
    return sum;
  }

  /** Notes the figures as they are now. `isShort`: there is no memory for more than the last minute. */
  look(figures: Float64Array, nowMs: number, isShort: boolean): void {
    this.#before.set(this.#last);
    this.#beforeLookMs = this.#lastLookMs;
    this.#lastLookMs = nowMs;
    if (!isEqual(figures, this.#last)) {
      this.#rings ??= this.#makeRings(this.#beforeLookMs, isShort);
      this.#last.set(figures);
      this.#lastChangeMs = nowMs;
    } else if (nowMs - this.#lastChangeMs > this.#spanMs) {
      this.#rings = undefined;
    }
    for (const ring of this.#rings ?? []) ring.push(figures, nowMs);
  }

  /** By how much each figure grew in a second, between the last two looks. */
  rates(): number[] {
    const seconds = (this.#lastLookMs - this.#beforeLookMs) / 1000;
    if (seconds <= 0) return Array.from(this.#last, () => 0);
    return Array.from(this.#last, (value, at) => (value - (this.#before[at] ?? 0)) / seconds);
  }

  /** Rows of figures, newest first. */
  samples({ endMs, ageMs, stepMs }: SampleRange): number[][] {
    const ring = this.#ringFor(ageMs, stepMs);
    const rows: number[][] = [];
    for (let back = 0; back <= ageMs; back += stepMs) {
      rows.push(Array.from(ring?.at(endMs - back) ?? this.#last));
    }
    return rows;
  }

  /** The finest one that goes back so far; if none does, the one that goes back furthest. */
  #ringFor(ageMs: number, stepMs: number): SampleRing | undefined {
    const rings = this.#rings ?? [];
    const fits = rings.find((ring) => ring.spanMs >= ageMs && ring.intervalMs <= stepMs);
    return fits ?? rings.find((ring) => ring.spanMs >= ageMs) ?? rings.at(-1);
  }

  #makeRings(nowMs: number, isShort: boolean): readonly SampleRing[] {
    const retentions = isShort ? SHORT_RETENTIONS : this.#retentions;
    const rings = retentions.map((retention) => new SampleRing(retention, this.#last, nowMs));
    this.#spanMs = Math.max(...rings.map(({ spanMs }) => spanMs));
    return rings;
  }
}

function isEqual(left: Float64Array, right: Float64Array): boolean {
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}
