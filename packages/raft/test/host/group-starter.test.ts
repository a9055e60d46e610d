import { describe, expect, test } from "vitest";
import type { GroupHandle } from "../../src/host/group-handle.ts";
import { GroupStarter, type StarterHost, type StartState } from "../../src/host/group-starter.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import { DEFAULT_LIMITS } from "../../src/limits.ts";
import type { LoadedSnapshot, RecoveredGroup } from "../../src/store/log-store.ts";
import { confOf } from "../core/make.ts";
import { ListMachine } from "./list-machine.ts";

const RECOVERED: RecoveredGroup = {
  groupId: 1,
  epoch: 1,
  replicaId: 65537,
  hardState: { currentTerm: 1, votedFor: 0, commitIndex: 1 },
  snapshot: { index: 1, term: 1, conf: confOf([1]) },
  holes: [],
  isSnapshotDamaged: false,
  promise: undefined,
  forcedIndex: 0,
};

describe("the start of a replica", () => {
  test("that was stopped and started again meanwhile is given up, and the new one counts alone", () => {
    const loads: ((loaded: LoadedSnapshot) => void)[] = [];
    const runs: unknown[] = [];
    const handle = { groupId: 1, machine: new ListMachine() };
    const metrics = createHostMetrics();
    const host = {
      store: {
        loadSnapshot: (_id: number, done: (loaded: LoadedSnapshot) => void) => loads.push(done),
        recovered: () => RECOVERED,
      },
      limits: DEFAULT_LIMITS,
      metrics,
      priorityOf: () => 1,
      isWanted: () => true,
      run: (_handle: unknown, state: unknown) => runs.push(state),
      onNotStarted: (): void => {},
    };
    const starter = new GroupStarter(host as unknown as StarterHost);
    const group = { handle: handle as unknown as GroupHandle, recovered: RECOVERED };
    starter.add([group]);
    handle.machine = new ListMachine();
    starter.add([group]);
    for (const done of loads) done({ kind: "none" });
    expect([runs.length, metrics.groupsStarting]).toEqual([1, 0]);
  });

  test("goes by what the store knows of it at that moment, not by what was found at recovery", () => {
    const loads: ((loaded: LoadedSnapshot) => void)[] = [];
    const runs: StartState[] = [];
    const handle = { groupId: 1, machine: new ListMachine() };
    let known = RECOVERED;
    const host = {
      store: {
        loadSnapshot: (_id: number, done: (loaded: LoadedSnapshot) => void) => loads.push(done),
        recovered: () => known,
      },
      limits: DEFAULT_LIMITS,
      metrics: createHostMetrics(),
      priorityOf: () => 1,
      isWanted: () => true,
      run: (_handle: unknown, state: StartState) => runs.push(state),
      onNotStarted: (): void => {},
    };
    const starter = new GroupStarter(host as unknown as StarterHost);
    starter.add([{ handle: handle as unknown as GroupHandle, recovered: RECOVERED }]);
    // Compaction finds that the last entry cannot be read while the machine is being restored.
    known = { ...RECOVERED, holes: [{ first: 9, last: 9 }], promise: { term: 1, index: 9 } };
    for (const done of loads) done({ kind: "none" });
    expect(runs.map(({ init }) => [init.holes, init.promise])).toEqual([
      [[{ first: 9, last: 9 }], { term: 1, index: 9 }],
    ]);
  });
});
