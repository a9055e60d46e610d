import { deepStrictEqual } from "node:assert/strict";
import { PendingProposals } from "../../src/host/pending-proposals.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

/** What the proposers at one replica hear, by the index of the proposal. */
class Proposers {
  readonly outcomes: string[] = [];
  readonly pending: PendingProposals = new PendingProposals({
    settle: (proposal, result) => this.outcomes.push(`${proposal.index} ${result.kind}`),
  });

  propose(index: number, term: number): void {
    this.pending.add({ index, term, size: 1, done: () => {} });
  }
}

/** What becomes of proposals when leaders change. */
export const OUTCOMES: readonly Scenario[] = [
  {
    name: "another leader's entry at the index of a proposal is not its success (checklist 37)",
    run() {
      const s = new Proposers();
      s.propose(12, 2);
      s.propose(13, 2);
      // A new leader replaced the second one and committed, before this replica noticed that it does not lead.
      s.pending.onApplied(12, 2);
      s.pending.onApplied(13, 3);
      s.pending.onDurable(13);
      deepStrictEqual(s.outcomes.sort(), ["12 applied", "13 unknown"]);
    },
  },
  {
    name: "a deposed leader does not know what becomes of what is not committed (checklist 86)",
    run() {
      const s = new Proposers();
      for (const index of [12, 13, 14]) s.propose(index, 2);
      s.pending.onLeaderLost(12, 0);
      deepStrictEqual(s.outcomes, ["13 unknown", "14 unknown"]);
      s.pending.onApplied(12, 2);
      s.pending.onDurable(12);
      deepStrictEqual(s.outcomes.slice(2), ["12 applied"]);
    },
  },
];
