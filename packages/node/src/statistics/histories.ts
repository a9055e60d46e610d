import type { SampleRange, SampleWindows, WindowName } from "@leveret/management";
import { History, type Reading, WINDOW_NAMES } from "./history.ts";
import type { Retention } from "./sample-ring.ts";
import { HISTORY_BYTES_MAX } from "./statistics-limits.ts";

/** How the figures of one kind of object are read. */
export interface FigureSource<T extends object> {
  readonly width: number;
  readonly retentions: readonly Retention[];
  read(object: T, into: Float64Array): void;
}

/** The past of objects, for as long as those live: what never did anything has none. */
export class Histories {
  #histories = new WeakMap<object, History>();
  /** Memory of those that were looked at in this round, and in the last one. */
  #bytes = 0;
  #lastBytes = 0;
  readonly #scratch = new Map<number, Float64Array>();

  /** Memory for samples in the last complete round. */
  get byteLength(): number {
    return this.#lastBytes;
  }

  clear(): void {
    this.#histories = new WeakMap();
  }

  /** All objects are looked at from now on, each once. */
  beginRound(): void {
    this.#lastBytes = this.#bytes;
    this.#bytes = 0;
  }

  /** `isBaseline`: what it has now it had before anybody looked. */
  look<T extends object>(
    object: T,
    source: FigureSource<T>,
    nowMs: number,
    isBaseline: boolean,
  ): void {
    const figures = this.#figuresOf(object, source);
    let history = this.#histories.get(object);
    if (history === undefined) {
      if (isZero(figures)) return;
      const initial = isBaseline ? figures : new Float64Array(source.width);
      history = new History(source.retentions, initial, nowMs);
      this.#histories.set(object, history);
    }
    const isShort = Math.max(this.#bytes, this.#lastBytes) >= HISTORY_BYTES_MAX;
    history.look(figures, nowMs, isShort);
    this.#bytes += history.byteLength;
  }

  /** What is known of an object; its values are those of this moment. */
  reading<T extends object>(object: T, source: FigureSource<T>, windows: SampleWindows): Reading {
    const values = Array.from(this.#figuresOf(object, source));
    const history = this.#histories.get(object);
    const rates = history?.rates() ?? values.map(() => 0);
    const samples: Partial<Record<WindowName, number[][]>> = {};
    for (const name of WINDOW_NAMES) {
      const range = windows[name];
      if (range === undefined) continue;
      samples[name] = history?.samples(range) ?? zeroSamples(range, source.width);
    }
    return { values, rates, samples };
  }

  #figuresOf<T extends object>(object: T, source: FigureSource<T>): Float64Array {
    let figures = this.#scratch.get(source.width);
    if (figures === undefined) {
      figures = new Float64Array(source.width);
      this.#scratch.set(source.width, figures);
    }
    source.read(object, figures);
    return figures;
  }
}

function zeroSamples({ ageMs, stepMs }: SampleRange, width: number): number[][] {
  const rows: number[][] = [];
  for (let back = 0; back <= ageMs; back += stepMs) rows.push(new Array(width).fill(0));
  return rows;
}

function isZero(figures: Float64Array): boolean {
  for (const figure of figures) if (figure !== 0) return false;
  return true;
}
