import { notEqual, ok } from "node:assert/strict";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { led } from "./membership-changes.ts";

/** Leaders that are removed or replaced. */
export const REMOVAL: readonly Scenario[] = [
  {
    name: "a leader that removes itself steps down when that is applied, and the others elect a new one",
    run() {
      const s = led();
      s.change(1, "r1");
      s.stabilize();
      notEqual(s.facts(1).role, "leader");
      s.expectAll([1, 2, 3], { conf: "2 3", commit: 12 });
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.elect(2);
      s.propose(2, "a");
      s.stabilize();
      s.expectAll([2, 3], { commands: ["a"] });
    },
  },
  {
    name: "a leader that is being removed does not count itself for what commits its removal's successors (checklist 47)",
    run() {
      const s = led();
      s.change(1, "r1");
      s.propose(1, "a");
      s.ready(1);
      s.appends(1);
      s.stabilize(2);
      s.deliver({ to: 1 });
      s.ready(1);
      s.expect(1, { commit: 13 });
      s.applies(1);
      s.expect(1, { conf: "2 3" });
    },
  },
  {
    name: "a removed leader campaigns no more",
    run() {
      const s = led();
      s.change(1, "r1");
      s.stabilize();
      s.timeout(1);
      s.campaign(1);
      s.stabilize(1);
      s.expect(1, { role: "follower", term: 2 });
    },
  },
  {
    name: "a leader is replaced in one joint change and steps down when it is left",
    run() {
      const s = led();
      s.change(1, "r1 v4");
      s.stabilize();
      s.stabilize();
      s.expectAll([2, 3], { conf: "2 3 4" });
      notEqual(s.facts(1).role, "leader");
      s.timeout(1);
      s.campaign(1);
      s.ready(1);
      s.expect(1, { role: "follower" });
      for (const node of [2, 3, 4]) s.forgetLeader(node);
      s.elect(2, 2, 3, 4);
      s.beat(2, 2, 3, 4);
      s.expectAll([2, 3, 4], { conf: "2 3 4", leader: 2 });
    },
  },
  {
    name: "leadership is handed to a new voter while joint, and it leaves the joint configuration",
    run() {
      const s = led();
      s.change(1, "r1 v4", "joint-explicit");
      s.stabilize();
      s.beat(1);
      s.expect(1, { role: "leader", conf: "2 3 4 & 1 2 3" });
      s.expect(4, { conf: "2 3 4 & 1 2 3" });
      ok(s.transfer(1, 4));
      s.stabilize();
      s.expect(4, { role: "leader" });
      s.expect(1, { role: "follower", leader: 4 });
      s.change(4, "");
      s.stabilize();
      s.expectAll([2, 3, 4], { conf: "2 3 4", leader: 4 });
    },
  },
  {
    name: "a follower that was away while it was removed cannot disturb the others (checklist 48)",
    run() {
      const s = led();
      s.isolate(3);
      s.change(1, "r3");
      s.stabilize();
      s.heal();
      for (let round = 0; round < 5; round++) {
        s.timeout(3);
        s.stabilize();
        s.beat(1);
      }
      s.expect(1, { role: "leader", term: 2 });
      s.expect(2, { leader: 1, term: 2 });
    },
  },
  {
    name: "a new replica on a node whose former one was removed starts from nothing and takes part",
    run() {
      const s = led();
      s.propose(1, "a");
      s.stabilize();
      s.change(1, "r3");
      s.stabilize();
      s.addBlank(3);
      s.change(1, "v3");
      s.stabilize();
      s.beat(1);
      s.expect(3, { conf: "1 2 3", commands: ["a"], leader: 1 });
      s.crash(2);
      s.propose(1, "b");
      s.stabilize();
      s.expectAll([1, 3], { commands: ["a", "b"] });
    },
  },
  {
    name: "a voter added to a pair while one of them is away does not stop the group once it has caught up (checklist 49)",
    run() {
      const s = led({ voters: [1, 2], spares: [3], index: 10 });
      s.change(1, "l3");
      s.stabilize();
      s.beat(1);
      s.change(1, "v3");
      s.stabilize();
      s.crash(2);
      s.propose(1, "a");
      s.stabilize();
      s.expectAll([1, 3], { commands: ["a"] });
    },
  },
];
