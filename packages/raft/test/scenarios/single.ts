import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

const ALONE = { voters: [1], spares: [2], index: 10, config: { appliesBeforeDurable: true } };

function led(): Cluster {
  const s = new Cluster(ALONE);
  s.elect(1);
  s.expect(1, { commit: 11, applied: 11, durable: 11 });
  return s;
}

/** A group of one that may apply before its entries are durable. */
export const SINGLE: readonly Scenario[] = [
  {
    name: "a lone replica applies at once, while its commit index follows the disk",
    run() {
      const s = led();
      s.propose(1, "a");
      s.propose(1, "b");
      s.ready(1);
      s.applies(1);
      s.expect(1, { applied: 13, commit: 11, durable: 11, commands: ["a", "b"] });
      s.appends(1);
      s.expect(1, { commit: 13, durable: 13 });
      s.ready(1);
      s.expect(1, { applied: 13, commands: ["a", "b"] });
    },
  },
  {
    name: "an append that is durable commits what it brought, not what is applied ahead of a later one",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      s.propose(1, "b");
      s.ready(1);
      s.applies(1);
      s.expect(1, { applied: 13, commit: 11 });
      s.appendOne(1);
      s.expect(1, { applied: 13, commit: 12, durable: 12 });
      s.appendOne(1);
      s.expect(1, { commit: 13, durable: 13 });
    },
  },
  {
    name: "without that setting it applies only what is durable",
    run() {
      const s = new Cluster({ ...ALONE, config: {} });
      s.elect(1);
      s.propose(1, "a");
      s.ready(1);
      s.applies(1);
      s.expect(1, { applied: 11 });
      s.appends(1);
      s.stabilize();
      s.expect(1, { applied: 12 });
    },
  },
  {
    name: "what was applied but not durable is gone after a crash, together with the state",
    run() {
      const s = led();
      s.propose(1, "a");
      s.stabilize(1);
      s.propose(1, "b");
      s.ready(1);
      s.applies(1);
      s.expect(1, { commands: ["a", "b"] });
      s.crash(1);
      s.restart(1);
      s.stabilize();
      s.elect(1);
      s.expect(1, { commands: ["a"] });
    },
  },
  {
    name: "entries behind a change of members wait until it is applied, durably",
    run() {
      const s = led();
      s.change(1, "v2");
      s.propose(1, "a");
      s.ready(1);
      s.applies(1);
      ok(s.facts(1).applied <= 12);
      deepStrictEqual(s.facts(1).commands, []);
    },
  },
  {
    name: "the setting ends by itself when the group gets a second voter",
    run() {
      const s = led();
      s.change(1, "v2");
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2], { conf: "1 2" });
      s.propose(1, "a");
      s.ready(1);
      s.appends(1);
      s.ready(1);
      s.applies(1);
      deepStrictEqual(s.facts(1).commands, [], "node 2 has not acknowledged it");
      s.stabilize();
      s.expectAll([1, 2], { commands: ["a"] });
    },
  },
  {
    name: "proposals taken just before a second voter is added are committed by both",
    run() {
      const s = led();
      s.propose(1, "before");
      s.change(1, "v2");
      s.propose(1, "behind");
      s.ready(1);
      s.applies(1);
      s.expect(1, { commands: ["before"] });
      s.stabilize();
      s.beat(1);
      s.beat(1);
      s.expectAll([1, 2], { commands: ["before", "behind"], conf: "1 2" });
    },
  },
  {
    name: "a learner is given only what is durable",
    run() {
      const s = led();
      s.change(1, "l2");
      s.stabilize();
      s.beat(1);
      s.propose(1, "a");
      s.ready(1);
      s.stabilize(2);
      s.deliver({ to: 1 });
      s.ready(1);
      equal(
        s.facts(2).commit < 13,
        true,
        "a learner learns no commit that a crash could take back",
      );
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2], { commands: ["a"], conf: "1 learners 2" });
    },
  },
  {
    name: "when the second voter is removed again the remaining one goes on alone",
    run() {
      const s = led();
      s.change(1, "v2");
      s.stabilize();
      s.beat(1);
      s.change(1, "r2");
      s.stabilize();
      s.expect(1, { conf: "1", role: "leader" });
      s.propose(1, "a");
      s.stabilize(1);
      s.expect(1, { commands: ["a"] });
    },
  },
  {
    name: "a restart of a lone replica applies what is committed on its disk and the rest once it leads",
    run() {
      const s = led();
      for (const command of ["a", "b"]) {
        s.propose(1, command);
        s.stabilize();
      }
      s.crash(1);
      s.restart(1);
      s.stabilize();
      s.elect(1);
      s.expect(1, { commands: ["a", "b"], commit: 14 });
    },
  },
  {
    name: "reads of a lone replica do not show what is not durable as committed",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      ok(s.readIndex(1, 1));
      s.ready(1);
      for (const read of s.replica(1).reads) ok(read.index <= s.facts(1).commit);
    },
  },
];
