import { describe, expect, test } from "vitest";
import { whoIsAwaited } from "../../../src/cluster/members/boot-wait.ts";

const MEMBERS = [1, 2, 3].map((nodeId) => ({
  nodeId,
  name: `rabbit@c${nodeId}`,
  address: `c${nodeId}:25672`,
}));

/** c1, c2 and c3 stopped in this order: what each of them remembers. */
const SEEN = { 1: [1, 2, 3], 2: [2, 3], 3: [3] } as const;

describe("whom a starting node waits for", () => {
  test("the first that stopped waits for those that outlived it", () => {
    expect(awaited(1, SEEN[1], [])).toEqual({
      awaited: ["rabbit@c2", "rabbit@c3"],
      stoppedLast: ["rabbit@c2", "rabbit@c3"],
    });
  });

  test("the second knows that the first had stopped before", () => {
    expect(awaited(2, SEEN[2], [])).toEqual({
      awaited: ["rabbit@c3"],
      stoppedLast: ["rabbit@c3"],
    });
  });

  test("what others remember narrows it down", () => {
    expect(awaited(1, SEEN[1], [{ nodeId: 2, running: SEEN[2] }])).toEqual({
      awaited: ["rabbit@c3"],
      stoppedLast: ["rabbit@c3"],
    });
  });

  test("the last one waits for the others only if its replica needs them, and says that itself was the last", () => {
    expect(awaited(3, SEEN[3], [])).toEqual({
      awaited: ["rabbit@c1", "rabbit@c2"],
      stoppedLast: ["rabbit@c3"],
    });
  });

  test("after a crash of all nobody can tell who stopped last", () => {
    expect(awaited(1, [1, 2, 3], [{ nodeId: 2, running: [1, 2, 3] }])).toEqual({
      awaited: ["rabbit@c3"],
      stoppedLast: ["rabbit@c3"],
    });
    const all = [2, 3].map((nodeId) => ({ nodeId, running: [1, 2, 3] }));
    expect(awaited(1, [1, 2, 3], all)).toEqual({ awaited: [], stoppedLast: [] });
  });
});

function awaited(
  nodeId: number,
  running: readonly number[],
  others: readonly { nodeId: number; running: readonly number[] }[],
) {
  const reports = others.map((other) => ({ ...other, state: "waiting" }));
  return whoIsAwaited({ nodeId, members: MEMBERS, running, reports });
}
