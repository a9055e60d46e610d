import { deepStrictEqual, equal } from "node:assert/strict";
import { EMPTY_CONF } from "../../src/core/conf-state.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { RaftCore } from "../../src/core/raft-core.ts";
import { GroupApplier } from "../../src/host/group-applier.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import type { StateMachine } from "../../src/host/state-machine.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { startEntry } from "../../src/sim/scenario/start.ts";

/** A machine that notes the indexes of what it is given, and what feeds it. */
class Feeding {
  readonly applied: number[] = [];
  readonly reported: number[] = [];
  readonly applier: GroupApplier;
  readonly #core: RaftCore;

  constructor() {
    // The applier only tells the core how far it got.
    this.#core = { onApplied: (index: number) => this.reported.push(index) } as unknown as RaftCore;
    // Nor does it ask this machine for anything but to apply.
    const machine = { apply: ({ index }: Entry) => this.applied.push(index) };
    const start = { index: 10, term: 1, forcedIndex: 0 };
    const host = { metrics: createHostMetrics(), observer: undefined };
    this.applier = new GroupApplier(machine as unknown as StateMachine, start, host);
  }

  give(first: number, last: number): void {
    const entries: Entry[] = [];
    for (let index = first; index <= last; index++) entries.push(startEntry(index, 2));
    this.applier.enqueue(entries);
  }

  slice(entries: number, isUsedUp = false): void {
    this.applier.applySlice(this.#core, undefined, { entries, isUsedUp: () => isUsedUp });
  }

  replaced(index: number): void {
    this.applier.replaced({ index, term: 2, conf: EMPTY_CONF });
  }
}

function indexes(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/** How committed entries reach the machine of a group. */
export const APPLYING: readonly Scenario[] = [
  {
    name: "slices of any size give the machine every entry once, in order",
    run() {
      for (const size of [1, 2, 15, 16, 17, 100]) {
        const s = new Feeding();
        s.give(11, 40);
        s.give(41, 60);
        for (let count = 0; count < 100 && s.applier.hasWork; count++) {
          s.slice(size, count % 2 === 0);
        }
        deepStrictEqual(s.applied, indexes(11, 60));
        equal(s.reported.at(-1), 60);
      }
    },
  },
  {
    name: "nothing is applied while a snapshot replaces the state",
    run() {
      const s = new Feeding();
      s.applier.startReplacing();
      s.give(14, 15);
      equal(s.applier.hasWork, false);
      equal(s.applier.isIdle, false);
      s.replaced(13);
      s.slice(10);
      deepStrictEqual(s.applied, [14, 15]);
    },
  },
  {
    name: "what a snapshot holds is not applied once more after it (checklist 82)",
    run() {
      const s = new Feeding();
      s.give(11, 12);
      s.applier.startReplacing();
      s.give(13, 16);
      s.replaced(14);
      s.slice(10);
      deepStrictEqual(s.applied, [15, 16]);
    },
  },
];
