import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LedQueue, leaderMoves } from "../../../src/cluster/placement/leader-balance.ts";

const NODES = [1, 2, 3, 4];

const anyQueues: fc.Arbitrary<LedQueue[]> = fc
  .array(fc.subarray(NODES, { minLength: 1 }), { maxLength: 40 })
  .chain((all) =>
    fc
      .tuple(...all.map((candidates) => fc.constantFrom(...candidates)))
      .map((leaders) =>
        all.map((candidates, at) => ({ key: `q${at}`, leader: leaders[at] ?? 1, candidates })),
      ),
  );

function counts(queues: readonly LedQueue[]): Map<number, number> {
  const found = new Map(NODES.map((nodeId): [number, number] => [nodeId, 0]));
  for (const { leader } of queues) found.set(leader, (found.get(leader) ?? 0) + 1);
  return found;
}

describe("the balance of leaders", () => {
  test("evens out what one node has", () => {
    const queues = Array.from({ length: 9 }, (_, at) => ({
      key: `q${at}`,
      leader: 1,
      candidates: [1, 2, 3],
    }));
    const moves = leaderMoves(queues, [1, 2, 3]);
    expect(moves.length).toBe(6);
    expect(moves.filter(({ to }) => to === 2).length).toBe(3);
    expect(leaderMoves(queues, [1, 2, 3], 2)).toEqual(moves.slice(0, 2));
  });

  test("leaves alone what nodes lead that do not run, and moves nothing there", () => {
    const queues = [1, 2, 3, 4].map((at) => ({ key: `q${at}`, leader: 3, candidates: [1, 2, 3] }));
    expect(leaderMoves(queues, [1, 2])).toEqual([]);
  });

  test("ends where no single move helps, moves each queue once, and only to a candidate", () => {
    fc.assert(
      fc.property(anyQueues, (queues) => {
        const moves = leaderMoves(queues, NODES);
        expect(leaderMoves([...queues].reverse(), [...NODES].reverse())).toEqual(moves);
        const byKey = new Map(moves.map((move) => [move.key, move]));
        expect(byKey.size).toBe(moves.length);
        const after = queues.map((queue) => {
          const move = byKey.get(queue.key);
          if (move === undefined) return queue;
          expect(queue.leader).toBe(move.from);
          expect(queue.candidates).toContain(move.to);
          return { ...queue, leader: move.to };
        });
        const spread = (of: Map<number, number>): number =>
          Math.max(...of.values()) - Math.min(...of.values());
        expect(spread(counts(after))).toBeLessThanOrEqual(spread(counts(queues)));
        const has = counts(after);
        for (const { key, leader, candidates } of after) {
          if (byKey.has(key)) continue;
          for (const to of candidates) {
            expect((has.get(leader) ?? 0) - (has.get(to) ?? 0)).toBeLessThan(2);
          }
        }
      }),
    );
  });
});
