import { Random } from "../../../src/sim/random.ts";
import type { ByteRange } from "./byte-classes.ts";
import type { Scene } from "./scene.ts";
import type { Damage } from "./trial.ts";

/** A byte to be damaged, and what it is for. */
export interface Position extends Damage {
  readonly kind: string;
}

/** Of each class of bytes: the first and the last one, and one at random in each of the first, middle and last third. */
export function samplesOf(scene: Scene, seed: number): Position[] {
  const random = new Random(seed);
  const samples: Position[] = [];
  for (const [kind, ranges] of byKind(scene.ranges)) {
    const [first] = ranges;
    const last = ranges.at(-1);
    if (first === undefined || last === undefined) continue;
    const chosen = [
      { range: first, position: first.start },
      ...[0, 1, 2].map((third) => pickIn(ranges, third, random)),
      { range: last, position: last.end - 1 },
    ];
    for (const { range, position } of chosen) {
      samples.push({ kind, ...damageAt(range, position, seed + samples.length) });
    }
  }
  return samples;
}

/** Every `step`-th byte of all files; of those that are always zero, which are all alike, every 64th of these. */
export function* everyPosition(scene: Scene, step: number): Generator<Position> {
  let number = 0;
  for (const range of scene.ranges) {
    const isZero = range.kind.endsWith("unused") || range.kind.endsWith("padding");
    const stride = isZero ? step * 64 : step;
    for (let position = range.start; position < range.end; position += stride) {
      yield { kind: range.kind, ...damageAt(range, position, number++) };
    }
  }
}

/** The number decides which bits are flipped, and who starts first. */
function damageAt(range: ByteRange, position: number, number: number): Damage {
  const mask = number % 3 === 0 ? 0xff : 1 << (number % 8);
  const first = number % 2 === 0 ? "lagging" : "others";
  return { path: range.path, position, mask, seed: number, first };
}

function pickIn(
  ranges: readonly ByteRange[],
  third: number,
  random: Random,
): { readonly range: ByteRange; readonly position: number } {
  const from = Math.floor((ranges.length * third) / 3);
  const to = Math.max(from + 1, Math.floor((ranges.length * (third + 1)) / 3));
  const range = ranges[from + random.below(to - from)] ?? ranges[0];
  if (range === undefined) throw new Error("no ranges");
  return { range, position: range.start + random.below(range.end - range.start) };
}

function byKind(ranges: readonly ByteRange[]): Map<string, ByteRange[]> {
  const kinds = new Map<string, ByteRange[]>();
  for (const range of ranges) {
    const known = kinds.get(range.kind);
    if (known === undefined) kinds.set(range.kind, [range]);
    else known.push(range);
  }
  return kinds;
}
