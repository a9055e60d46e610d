import { describe, expect, test } from "vitest";
import type { GroupRunner } from "../../src/host/group-runner.ts";
import { type Wake, WakeQueue } from "../../src/host/wake-queue.ts";

const PROBE: Wake = { kind: "probe" };
const ELECT: Wake = { kind: "elect", leaderNode: 2, isCertain: false, attempts: 0, term: 1 };

/** The queue only looks at the number of a group. */
function runner(groupId: number): GroupRunner {
  return { groupId } as GroupRunner;
}

function taken(queue: WakeQueue, nowMs: number): string[] {
  const names: string[] = [];
  queue.takeDue(nowMs, ({ groupId }, { kind }) => names.push(`${groupId}:${kind}`));
  return names;
}

describe("the queue of groups to wake", () => {
  test("gives out what is due: by priority, then by time", () => {
    const queue = new WakeQueue(1000, 0);
    queue.add({ runner: runner(1), priority: 2, dueMs: 5, wake: ELECT });
    queue.add({ runner: runner(2), priority: 1, dueMs: 9, wake: ELECT });
    queue.add({ runner: runner(3), priority: 1, dueMs: 7, wake: ELECT });
    queue.add({ runner: runner(4), priority: 0, dueMs: 50, wake: ELECT });
    expect(taken(queue, 10)).toEqual(["3:elect", "2:elect", "1:elect"]);
    expect(taken(queue, 40)).toEqual([]);
    expect(taken(queue, 50)).toEqual(["4:elect"]);
    expect(queue.count).toBe(0);
  });

  test("keeps to its rate, and saves up little", () => {
    const queue = new WakeQueue(100, 0);
    for (let groupId = 1; groupId <= 100; groupId++) {
      queue.add({ runner: runner(groupId), priority: 1, dueMs: 0, wake: ELECT });
    }
    expect(taken(queue, 10_000)).toHaveLength(10);
    expect(taken(queue, 10_050)).toHaveLength(5);
    expect(taken(queue, 10_050)).toHaveLength(0);
    expect(queue.count).toBe(85);
  });

  test("wakes a group once, and rather for an election than for a probe", () => {
    const queue = new WakeQueue(1000, 0);
    const group = runner(1);
    queue.add({ runner: group, priority: 1, dueMs: 0, wake: PROBE });
    queue.add({ runner: group, priority: 1, dueMs: 20, wake: ELECT });
    queue.add({ runner: group, priority: 1, dueMs: 0, wake: PROBE });
    expect(taken(queue, 10)).toEqual([]);
    expect(taken(queue, 20)).toEqual(["1:elect"]);
    expect(taken(queue, 30)).toEqual([]);
  });

  test("forgets an election for the loss of an earlier leader when a later one is lost, too", () => {
    const queue = new WakeQueue(1000, 0);
    const group = runner(1);
    const nodes: number[] = [];
    queue.add({ runner: group, priority: 1, dueMs: 5, wake: ELECT });
    queue.add({ runner: group, priority: 1, dueMs: 9, wake: { ...ELECT, leaderNode: 3 } });
    queue.takeDue(10, (_runner, wake) => {
      if (wake.kind === "elect") nodes.push(wake.leaderNode);
    });
    expect(nodes).toEqual([3]);
    expect(queue.count).toBe(0);
  });
});
