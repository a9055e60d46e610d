import type { Cluster } from "../../src/sim/scenario/cluster.ts";
import { ELECTION_TICKS } from "../../src/sim/scenario/start.ts";

/** Brings a node to candidate with the pre-votes of `helpers`; its RequestVotes are in flight. */
export function candidate(s: Cluster, node: number, helpers: readonly number[] = s.nodes): void {
  s.campaign(node);
  s.ready(node);
  for (const helper of helpers) {
    if (helper === node) continue;
    s.deliver({ type: "PreVote", from: node, to: helper });
    s.ready(helper);
    s.appends(helper);
  }
  s.drop({ type: "PreVote", from: node });
  s.deliver({ type: "PreVoteReply", to: node });
  s.ready(node);
  s.appends(node);
  s.expect(node, { role: "candidate" });
}

/** Ticks until a node asks for pre-votes again. */
export function ticksToAttempt(s: Cluster, node: number): number {
  for (let ticks = 1; ticks <= 3 * ELECTION_TICKS; ticks++) {
    s.tick(node);
    s.ready(node);
    if (s.drop({ type: "PreVote", from: node }) > 0) return ticks;
  }
  throw new Error("no election timeout");
}
