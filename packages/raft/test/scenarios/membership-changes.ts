import { equal, notEqual, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

/** Three voters and two nodes to add. */
const WITH_SPARES = { voters: [1, 2, 3], spares: [4, 5], index: 10 };

/** Node 1 leads. */
export function led(options: ConstructorParameters<typeof Cluster>[0] = WITH_SPARES): Cluster {
  const s = new Cluster(options);
  s.elect(1);
  return s;
}

/** Simple and joint changes that go well. */
export const CHANGES: readonly Scenario[] = [
  {
    name: "one voter is added by a simple change and gets a snapshot that tells the members",
    run() {
      const s = led({ voters: [1], spares: [2], index: 10 });
      s.change(1, "v2");
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2], { conf: "1 2", commit: 12, applied: 12, leader: 1 });
      equal(s.progress(1, 2).match, 12);
      equal(s.progress(1, 2).state, "replicate");
    },
  },
  {
    name: "a change takes effect when it is applied, not when it is appended",
    run() {
      const s = led();
      s.change(1, "v4");
      s.ready(1);
      s.expect(1, { conf: "1 2 3", last: 12 });
      s.stabilize(1, 2);
      s.expect(1, { conf: "1 2 3 4" });
      s.expect(3, { conf: "1 2 3" });
      s.stabilize();
      s.expect(3, { conf: "1 2 3 4" });
    },
  },
  {
    name: "a new member hears from the leader as soon as the change is applied",
    run() {
      const s = led();
      s.change(1, "l4");
      s.ready(1);
      s.stabilize(2, 3);
      s.appends(1);
      s.deliver({ to: 1 });
      s.ready(1);
      equal(s.flights({ to: 4 }).length, 0);
      s.applies(1);
      s.ready(1);
      ok(s.flights({ to: 4 }).length > 0);
    },
  },
  {
    name: "what a smaller quorum suffices for is committed as soon as a voter is gone",
    run() {
      const s = led({ voters: [1, 2, 3, 4], index: 10 });
      s.change(1, "r4");
      s.ready(1);
      s.stabilize(2, 3);
      s.appends(1);
      s.propose(1, "a");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 2 });
      s.ready(2);
      s.appends(1, 2);
      s.deliver({ type: "AppendEntriesReply", to: 1 });
      s.ready(1);
      s.expect(1, { commit: 12, conf: "1 2 3 4" });
      s.applies(1);
      s.expect(1, { commit: 13, conf: "1 2 3" });
    },
  },
  {
    name: "a joint configuration is left by one entry, whatever else is applied meanwhile",
    run() {
      const s = led();
      s.change(1, "v4 v5");
      for (const command of ["a", "b", "c"]) s.propose(1, command);
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3, 4, 5], { conf: "1 2 3 4 5", last: 16, commands: ["a", "b", "c"] });
    },
  },
  {
    name: "a learner is added, catches up, and counts for nothing until it is promoted",
    run() {
      const s = led();
      s.change(1, "l4");
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3, 4], { conf: "1 2 3 learners 4", commit: 12 });
      s.isolate(2);
      s.isolate(3);
      s.propose(1, "a");
      s.stabilize();
      equal(s.progress(1, 4).match, 13);
      s.expect(1, { commit: 12 });
      s.heal();
      s.beat(1);
      s.beat(1);
      s.change(1, "v4");
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3, 4], { conf: "1 2 3 4", commands: ["a"] });
    },
  },
  {
    name: "a voter is demoted to learner and promoted again",
    run() {
      const s = led();
      s.change(1, "l3");
      s.stabilize();
      s.expectAll([1, 2, 3], { conf: "1 2 learners 3" });
      s.change(1, "v3");
      s.stabilize();
      s.expectAll([1, 2, 3], { conf: "1 2 3" });
    },
  },
  {
    name: "a joint change by choice stays joint until it is left by another",
    run() {
      const s = led();
      s.change(1, "v4", "joint-explicit");
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3, 4], { conf: "1 2 3 4 & 1 2 3" });
      s.beat(1);
      s.expect(1, { conf: "1 2 3 4 & 1 2 3" });
      notEqual(s.tryChange(1, "v5"), "", "only leaving is possible");
      s.change(1, "");
      s.stabilize();
      s.expectAll([1, 2, 3, 4], { conf: "1 2 3 4" });
    },
  },
  {
    name: "two changes at once go through a joint configuration that the leader leaves by itself",
    run() {
      const s = led();
      s.change(1, "v4 v5");
      s.ready(1);
      s.deliver({ type: "AppendEntries" });
      s.ready(2, 3);
      s.appends(1, 2, 3);
      s.deliver({ to: 1 });
      s.ready(1);
      s.applies(1);
      s.expect(1, { conf: "1 2 3 4 5 & 1 2 3 auto" });
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3, 4, 5], { conf: "1 2 3 4 5", commit: 13 });
    },
  },
  {
    name: "one voter may be added through a joint configuration, too, that is left by itself",
    run() {
      const s = led();
      s.change(1, "v4", "joint-implicit");
      s.ready(1);
      s.stabilize(2);
      s.appends(1);
      s.deliver({ to: 1 });
      s.ready(1);
      s.applies(1);
      s.expect(1, { conf: "1 2 3 4 & 1 2 3 auto" });
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3, 4], { conf: "1 2 3 4", commit: 13 });
    },
  },
  {
    name: "a snapshot taken in a joint configuration carries it, auto-leave included",
    run() {
      const s = led();
      s.change(1, "v4 l3");
      s.ready(1);
      s.deliver({ type: "AppendEntries" });
      s.ready(2, 3);
      s.appends(1, 2, 3);
      s.deliver({ to: 1 });
      s.ready(1);
      s.applies(1);
      s.expect(1, { conf: "1 2 4 & 1 2 3 next 3 auto" });
      s.compact(1);
      equal(s.snapshotConf(1), "1 2 4 & 1 2 3 next 3 auto");
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3, 4], { conf: "1 2 4 learners 3" });
    },
  },
  {
    name: "three at once, explicitly: add, remove and demote",
    run() {
      const s = led();
      s.change(1, "v4 v5 r2 l3", "joint-explicit");
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3, 4, 5], { conf: "1 4 5 & 1 2 3 next 3" });
      s.change(1, "");
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 3, 4, 5], { conf: "1 4 5 learners 3" });
    },
  },
  {
    name: "in a joint configuration the new majority alone commits nothing (checklist 46)",
    run() {
      const s = led();
      s.change(1, "v4 v5 r2 r3", "joint-explicit");
      s.stabilize();
      s.beat(1);
      s.expect(1, { conf: "1 4 5 & 1 2 3" });
      const { commit } = s.facts(1);
      s.isolate(2);
      s.isolate(3);
      s.propose(1, "a");
      s.stabilize();
      s.expect(1, { commit });
      s.heal();
      s.beat(1);
      s.beat(1);
      s.expect(1, { commit: commit + 1 });
      s.isolate(4);
      s.isolate(5);
      s.propose(1, "b");
      s.beat(1);
      s.beat(1);
      s.expect(1, { commit: commit + 1 });
      s.heal();
      s.beat(1);
      s.beat(1);
      s.expectAll([1, 4, 5], { commit: commit + 2 });
    },
  },
  {
    name: "in a joint configuration a candidate needs both majorities (checklist 46)",
    run() {
      const s = led();
      s.change(1, "v4 v5 r2 r3", "joint-explicit");
      s.stabilize();
      s.beat(1);
      s.crash(1);
      for (const node of [2, 3, 4, 5]) s.forgetLeader(node);
      s.isolate(4, [2, 3]);
      s.isolate(5, [2, 3]);
      s.campaign(4);
      s.campaign(2);
      s.stabilize();
      notEqual(s.facts(4).role, "leader");
      notEqual(s.facts(2).role, "leader");
      s.heal();
      s.timeout(4);
      s.stabilize();
      if (s.facts(4).role !== "leader") s.campaign(4);
      s.stabilize();
      s.expect(4, { role: "leader" });
    },
  },
];
