import { Random } from "../../packages/raft/src/core/random.ts";
import type { Nemesis } from "./nemesis/nemesis.ts";

export interface PlannedFault {
  readonly nemesis: Nemesis;
  /** Since the run began, ms. */
  readonly fromMs: number;
  readonly forMs: number;
  /** Of what the fault decides by chance. */
  readonly seed: number;
}

/** Load before the first fault. */
const FIRST_MIN_MS = 1500;
const FIRST_SPREAD_MS = 2500;
const FAULT_MIN_MS = 3000;
const PAUSE_MIN_MS = 2000;
const SPREAD_MS = 8000;
/** In short runs faults are shorter, so that there are some. */
const FULL_SECONDS = 60;

/** Faults of each nemesis one after the other, those of several at the same time; the same for the same seed. */
export function planFaults(
  nemeses: readonly Nemesis[],
  seconds: number,
  seed: number,
): readonly (readonly PlannedFault[])[] {
  const random = new Random(seed);
  return nemeses.map((nemesis) => planTrack(nemesis, seconds, random));
}

function planTrack(nemesis: Nemesis, seconds: number, random: Random): PlannedFault[] {
  const scale = Math.min(1, seconds / FULL_SECONDS);
  const faults: PlannedFault[] = [];
  let atMs = FIRST_MIN_MS + random.below(FIRST_SPREAD_MS);
  for (;;) {
    const forMs = FAULT_MIN_MS + random.below(SPREAD_MS * scale);
    const pauseMs = PAUSE_MIN_MS + random.below(SPREAD_MS * scale);
    const fault = { nemesis, fromMs: atMs, forMs, seed: random.nextU32() };
    if (atMs + forMs > seconds * 1000 && faults.length > 0) return faults;
    faults.push(fault);
    if (nemesis.isOnce === true) return faults;
    atMs += forMs + pauseMs;
  }
}
