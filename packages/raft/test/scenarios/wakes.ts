import { deepStrictEqual } from "node:assert/strict";
import { replicaIdOf } from "../../src/core/ids.ts";
import { Random } from "../../src/core/random.ts";
import type { GroupHandle } from "../../src/host/group-handle.ts";
import { GroupWaker } from "../../src/host/group-waker.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import { DEFAULT_LIMITS } from "../../src/limits.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

/** Node 1 has a sleeping follower of a leader on node 2. */
class Sleeper {
  /** What its core was told. */
  readonly calls: string[] = [];
  readonly waker: GroupWaker;
  isLeaderAlive = true;
  #nowMs = 0;

  constructor() {
    const conf = {
      voters: [replicaIdOf(1, 1), replicaIdOf(2, 1)],
      votersOutgoing: [],
      learners: [],
    };
    const core = { role: "follower", leader: replicaIdOf(2, 1), conf };
    const call = (name: string): void => {
      this.calls.push(name);
      if (name === "campaign") core.role = "leader";
    };
    const runner = { groupId: 7, core, awakeAt: -1, isStopped: false, call };
    // The waker asks for nothing else of a group.
    const handle = { runner } as unknown as GroupHandle;
    this.waker = new GroupWaker({
      limits: DEFAULT_LIMITS,
      metrics: createHostMetrics(),
      random: new Random(1),
      nowMs: () => this.#nowMs,
      later: () => undefined,
      isNodeAlive: () => this.isLeaderAlive,
      handles: () => [handle],
      priorityOf: () => 1,
    });
    this.waker.onPeerUp(2, 100);
    this.#pass();
    this.calls.length = 0;
  }

  /** As long as a wake may be put off. */
  #pass(): void {
    this.#nowMs += DEFAULT_LIMITS.wakeJitterMaxMs + 1000;
    this.waker.tick(this.#nowMs);
  }

  after(event: () => void): readonly string[] {
    event();
    this.#pass();
    return this.calls;
  }
}

const ELECTION = ["wake", "forgetLeader", "campaign"];

/** Sleeping groups notice by their members' nodes alone that something happened (checklist 91). */
export const WAKES: readonly Scenario[] = [
  {
    name: "a sleeping follower campaigns when its leader's node is gone",
    run() {
      const s = new Sleeper();
      s.isLeaderAlive = false;
      deepStrictEqual(
        s.after(() => s.waker.onPeerDown(2)),
        ELECTION,
      );
    },
  },
  {
    name: "a sleeping follower does not campaign when its leader's node answers again in time",
    run() {
      const s = new Sleeper();
      deepStrictEqual(
        s.after(() => s.waker.onPeerSuspect(2)),
        [],
      );
    },
  },
  {
    name: "a sleeping follower campaigns when its leader's node has restarted, though it is alive",
    run() {
      const s = new Sleeper();
      deepStrictEqual(
        s.after(() => void s.waker.onPeerUp(2, 101)),
        ELECTION,
      );
    },
  },
];
