import { equal, ok } from "node:assert/strict";
import { replicaIdOf } from "../../src/core/ids.ts";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { ELECTION_TICKS } from "../../src/sim/scenario/start.ts";
import { candidate } from "./campaigns.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

/** Who may win: learners, removed replicas, members that do not know their promotion. */
export const ELECTORATE: readonly Scenario[] = [
  {
    name: "a learner never campaigns, neither by timeout nor when told",
    run() {
      const s = new Cluster({ voters: [1, 2], learners: [3], index: 10 });
      s.timeout(3);
      s.campaign(3);
      s.ready(3);
      s.expect(3, { role: "follower", term: 1 });
      equal(s.flights({ from: 3 }).length, 0);
    },
  },
  {
    name: "a replica that waits to be added never campaigns",
    run() {
      const s = new Cluster({ voters: [1], spares: [2], index: 10 });
      s.timeout(2);
      s.campaign(2);
      s.ready(2);
      s.expect(2, { role: "follower", term: 0, conf: "" });
      equal(s.flights({ from: 2 }).length, 0);
    },
  },
  {
    name: "grants of learners and strangers are not counted (checklist 13)",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], learners: [4], spares: [5], index: 10 });
      candidate(s, 1, [1, 2, 3]);
      s.drop({});
      s.inject("RequestVoteReply", { from: 4, to: 1, term: 2 });
      s.inject("RequestVoteReply", { from: 5, to: 1, term: 2 });
      s.inject("RequestVoteReply", { from: 2, to: 1, term: 2 }, replicaIdOf(2, 9));
      s.expect(1, { role: "candidate", term: 2 });
    },
  },
  {
    name: "grants of a removed voter are not counted",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.change(1, "r3");
      s.stabilize();
      s.crash(2);
      for (let ticks = 0; s.facts(1).role === "leader"; ticks++) {
        ok(ticks < 2 * ELECTION_TICKS, "it steps down without a quorum");
        s.tick(1);
      }
      s.stabilize(1);
      s.expect(1, { role: "follower", conf: "1 2" });
      s.campaign(1);
      s.ready(1);
      s.inject("PreVoteReply", { from: 3, to: 1, term: 3 });
      s.ready(1);
      s.expect(1, { role: "pre-candidate" });
    },
  },
  {
    name: "a promoted learner that does not know it yet still answers a vote that decides",
    run() {
      const s = new Cluster({ voters: [1, 2], learners: [3], index: 10 });
      s.elect(1);
      s.isolate(3);
      s.change(1, "v3");
      s.stabilize();
      s.beat(1);
      s.expect(2, { conf: "1 2 3" });
      s.expect(3, { conf: "1 2 learners 3", last: 11 });
      s.crash(1);
      s.heal();
      s.forgetLeader(3);
      s.timeout(2);
      s.stabilize();
      s.expect(2, { role: "leader", term: 3 });
      s.expect(3, { conf: "1 2 3", leader: 2, term: 3 });
    },
  },
  {
    name: "nobody campaigns with a committed change of members that is not applied (checklist 18)",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], spares: [4], index: 10 });
      s.elect(1);
      s.change(1, "l4");
      s.ready(1);
      s.deliver({ type: "AppendEntries" });
      s.ready(2, 3);
      s.appends(1, 2, 3);
      s.deliver({ to: 1 });
      s.ready(1);
      s.deliver({ to: 2 });
      s.ready(2);
      s.expect(2, { commit: 12, applied: 11 });
      s.drop({});
      s.timeout(2);
      s.campaign(2);
      s.ready(2);
      s.expect(2, { role: "follower", term: 2 });
      s.applies(2);
      s.timeout(2);
      s.expect(2, { role: "pre-candidate" });
    },
  },
  {
    name: "an uncommitted change of members does not keep a follower from campaigning",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], spares: [4], index: 10 });
      s.elect(1);
      s.isolate(3);
      s.change(1, "l4");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 2 });
      s.ready(2);
      s.appends(2);
      s.crash(1);
      s.heal();
      s.timeout(3);
      s.timeout(2);
      s.stabilize();
      s.expect(2, { role: "leader", term: 3 });
      s.expectAll([2, 3], { conf: "1 2 3 learners 4", commit: 13 });
    },
  },
  {
    name: "a fresh member of an empty group does not elect itself before it was told to",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], index: 1 });
      s.timeout(1);
      s.ready(1);
      s.appends(1);
      s.expect(1, { role: "pre-candidate", term: 1 });
    },
  },
];
