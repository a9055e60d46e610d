import { describe, expect, test } from "vitest";
import type { ProposalResult } from "../../src/host/node-options.ts";
import { type PendingProposal, PendingProposals } from "../../src/host/pending-proposals.ts";

interface Recorded {
  readonly pending: PendingProposals;
  /** "index:outcome" in the order of settling. */
  readonly settled: string[];
}

function proposals(...positions: readonly (readonly [index: number, term: number])[]): Recorded {
  const settled: string[] = [];
  const pending = new PendingProposals({
    settle(proposal: PendingProposal, result: ProposalResult): void {
      settled.push(`${proposal.index}:${result.kind}`);
    },
  });
  for (const [index, term] of positions) {
    pending.add({ index, term, size: 1, done: (): void => {} });
  }
  return { pending, settled };
}

describe("a pending proposal", () => {
  test("succeeds when its entry is applied and durable", () => {
    const { pending, settled } = proposals([5, 2], [6, 2]);
    pending.onApplied(5, 2);
    pending.onApplied(6, 2);
    expect(settled).toEqual([]);
    pending.onDurable(5);
    expect(settled).toEqual(["5:applied"]);
    pending.onDurable(9);
    expect(settled).toEqual(["5:applied", "6:applied"]);
    expect(pending.count).toBe(0);
  });

  test("is unknown when another leader's entry is applied at its index", () => {
    const { pending, settled } = proposals([5, 2], [6, 2]);
    pending.onApplied(5, 3);
    pending.onDurable(5);
    expect(settled).toEqual(["5:unknown"]);
    expect(pending.count).toBe(1);
  });

  test("is unknown when a snapshot passes over it", () => {
    const { pending, settled } = proposals([5, 2], [6, 2], [9, 2]);
    pending.onPassed(7);
    expect(settled).toEqual(["5:unknown", "6:unknown"]);
    pending.onApplied(9, 2);
    pending.onDurable(9);
    expect(settled).toEqual(["5:unknown", "6:unknown", "9:applied"]);
  });

  test("is kept when leadership ends if it is committed already, or applied", () => {
    const { pending, settled } = proposals([5, 2], [6, 2], [7, 2]);
    pending.onApplied(5, 2);
    pending.onLeaderLost(6, 0);
    expect(settled).toEqual(["7:unknown"]);
    pending.onApplied(6, 2);
    pending.onDurable(6);
    expect(settled).toEqual(["7:unknown", "5:applied", "6:applied"]);
  });

  test("is unknown when the same replica leads in another term", () => {
    const { pending, settled } = proposals([5, 2], [6, 4]);
    pending.onLeaderLost(4, 4);
    expect(settled).toEqual(["5:unknown"]);
    expect(pending.count).toBe(1);
  });

  test("is unknown when the group stops, even if it was applied", () => {
    const { pending, settled } = proposals([5, 2], [6, 2]);
    pending.onApplied(5, 2);
    pending.stop();
    expect(settled).toEqual(["5:unknown", "6:unknown"]);
    expect(pending.count).toBe(0);
  });

  test("is settled in order over many of them", () => {
    const { pending, settled } = proposals();
    for (let index = 1; index <= 5000; index++) {
      pending.add({ index, term: 1, size: 1, done: (): void => {} });
      if (index % 3 === 0) {
        for (let at = index - 2; at <= index; at++) pending.onApplied(at, 1);
      }
      if (index % 7 === 0) pending.onDurable(index - 4);
    }
    pending.onApplied(4999, 1);
    pending.onApplied(5000, 1);
    pending.onDurable(5000);
    expect(settled).toEqual(Array.from({ length: 5000 }, (_, at) => `${at + 1}:applied`));
  });
});
