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
      nowMs: () => 0,
      isWanted: () => true,
      isSettling: () => false,
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
      nowMs: () => 0,
      isWanted: () => true,
      isSettling: () => false,
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

/** A starter of groups that count as started when the test says so. */
class StarterFixture {
  readonly metrics = createHostMetrics();
  readonly started: number[] = [];
  readonly starter: GroupStarter;
  nowMs = 0;
  readonly #settling = new Set<unknown>();
  readonly #handles = new Map<number, GroupHandle>();

  constructor(options: { readonly urgent?: readonly number[]; readonly startsAtOnce: number }) {
    const host = {
      store: {
        loadSnapshot: (groupId: number, done: (loaded: LoadedSnapshot) => void) => {
          this.started.push(groupId);
          done({ kind: "none" });
        },
        recovered: (groupId: number) => ({ ...RECOVERED, groupId }),
      },
      limits: { ...DEFAULT_LIMITS, startsAtOnce: options.startsAtOnce, startSettleMs: 1000 },
      metrics: this.metrics,
      priorityOf: (groupId: number) => (options.urgent?.includes(groupId) === true ? 0 : 1),
      nowMs: () => this.nowMs,
      isWanted: () => true,
      isSettling: (handle: unknown) => this.#settling.has(handle),
      run: (handle: unknown) => this.#settling.add(handle),
      onNotStarted: (): void => {},
    };
    this.starter = new GroupStarter(host as unknown as StarterHost);
  }

  add(...groupIds: number[]): void {
    const groups = groupIds.map((groupId) => {
      const handle = { groupId, machine: new ListMachine() } as unknown as GroupHandle;
      this.#handles.set(groupId, handle);
      return { handle, recovered: { ...RECOVERED, groupId } };
    });
    this.starter.add(groups);
  }

  /** The group leads. */
  settle(groupId: number): void {
    const handle = this.#handles.get(groupId);
    if (handle === undefined) throw new Error(`no group ${groupId}`);
    this.#settling.delete(handle);
    this.starter.settled(handle);
  }

  /** The group turns out to be unable to lead. */
  giveUp(groupId: number): void {
    this.#settling.delete(this.#handles.get(groupId));
  }
}

describe("the order of starting", () => {
  test("goes on when one of those at work leads, and not before", () => {
    const fixture = new StarterFixture({ startsAtOnce: 2 });
    fixture.add(1, 2, 3, 4);
    expect(fixture.started).toEqual([1, 2]);
    fixture.settle(2);
    expect(fixture.started).toEqual([1, 2, 3]);
    expect(fixture.metrics.groupsStarting).toBe(3);
    for (const groupId of [1, 3, 4]) fixture.settle(groupId);
    expect([fixture.started, fixture.metrics.groupsStarting]).toEqual([[1, 2, 3, 4], 0]);
  });

  test("puts a group that is asked for before those that nobody wants, in the order of asking", () => {
    const fixture = new StarterFixture({ startsAtOnce: 1 });
    fixture.add(1, 2, 3, 4, 5);
    for (const groupId of [4, 3, 4, 1, 77]) fixture.starter.prefer(groupId);
    // One of them at once, though somebody is at work.
    expect(fixture.started).toEqual([1, 4]);
    for (const groupId of [1, 4, 3, 2, 5]) fixture.settle(groupId);
    expect(fixture.started).toEqual([1, 4, 3, 2, 5]);
  });

  test("lets nothing start before the urgent groups lead, not even what is asked for", () => {
    const fixture = new StarterFixture({ urgent: [7], startsAtOnce: 4 });
    fixture.add(1, 2, 7);
    fixture.starter.prefer(2);
    expect(fixture.started).toEqual([7]);
    fixture.settle(7);
    expect(fixture.started).toEqual([7, 2, 1]);
  });

  test("does not wait for one that cannot lead, nor long for one that is slow", () => {
    const fixture = new StarterFixture({ startsAtOnce: 2 });
    fixture.add(1, 2, 3, 4, 5);
    fixture.giveUp(1);
    fixture.starter.tick(50);
    expect(fixture.started).toEqual([1, 2, 3]);
    fixture.nowMs = 999;
    fixture.starter.tick(999);
    expect(fixture.started).toEqual([1, 2, 3]);
    fixture.starter.tick(1000);
    expect(fixture.started).toEqual([1, 2, 3, 4, 5]);
    // That they lead at last means nothing any more.
    fixture.settle(2);
    expect(fixture.metrics.groupsStarting).toBe(2);
  });
});
