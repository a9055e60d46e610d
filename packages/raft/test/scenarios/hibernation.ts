import { equal, notEqual, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { ELECTION_TICKS } from "../../src/sim/scenario/start.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

/** Node 1 leads; all of the group sleep. */
function asleep(options: ConstructorParameters<typeof Cluster>[0] = THREE): Cluster {
  const s = new Cluster(options);
  s.elect(1);
  s.propose(1, "a");
  s.stabilize();
  s.beat(1);
  ok(s.replica(1).core.canHibernate(), "an idle group may sleep");
  s.replica(1).call((core) => core.hibernate());
  s.stabilize();
  return s;
}

function wake(s: Cluster, node: number): void {
  s.replica(node).call((core) => core.wake());
}

/** What keeps a group awake, and that asleep it sends nothing. */
const SLEEPING: readonly Scenario[] = [
  {
    name: "an idle group falls asleep together and sends nothing, however long it ticks",
    run() {
      const s = asleep();
      s.expectAll([1, 2, 3], { isHibernating: true, term: 2, leader: 1 });
      for (const node of s.nodes) s.tick(node, 10 * ELECTION_TICKS);
      equal(s.ready(...s.nodes), false);
      equal(s.network.flights.length, 0);
      s.expect(1, { role: "leader" });
    },
  },
  {
    name: "a group with entries not committed, not applied or not acknowledged stays awake",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.beat(1);
      s.propose(1, "a");
      equal(s.replica(1).core.canHibernate(), false);
      s.ready(1);
      s.stabilize(1, 2);
      s.expect(1, { commit: 12, applied: 12 });
      equal(s.replica(1).core.canHibernate(), false, "node 3 is alive and lacks an entry");
      s.stabilize();
      s.beat(1);
      equal(s.replica(1).core.canHibernate(), true);
    },
  },
  {
    name: "a dead member does not keep the group awake, and is brought up to date when it returns",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.crash(3);
      s.propose(1, "a");
      s.stabilize();
      s.beat(1);
      equal(s.replica(1).core.canHibernate(), true);
      s.replica(1).call((core) => core.hibernate());
      s.stabilize();
      s.expectAll([1, 2], { isHibernating: true });
      s.restart(3);
      wake(s, 1);
      s.beat(1);
      s.beat(1);
      s.expect(3, { commands: ["a"], leader: 1 });
      s.expect(1, { role: "leader", isHibernating: false });
    },
  },
  {
    name: "followers, candidates and leaders with a read, a transfer or a change on the way do not sleep",
    run() {
      const s = new Cluster(THREE);
      equal(s.replica(2).core.canHibernate(), false);
      s.elect(1);
      s.beat(1);
      equal(s.replica(2).core.canHibernate(), false);
      ok(s.readIndex(1, 1));
      equal(s.replica(1).core.canHibernate(), false);
      s.stabilize();
      s.beat(1);
      ok(s.transfer(1, 2));
      equal(s.replica(1).core.canHibernate(), false);
    },
  },
  {
    name: "a group in a joint configuration stays awake",
    run() {
      const s = new Cluster({ ...THREE, spares: [4] });
      s.elect(1);
      s.change(1, "v4", "joint-explicit");
      s.stabilize();
      s.beat(1);
      equal(s.replica(1).core.canHibernate(), false);
    },
  },
  {
    name: "a follower that does not agree with what the leader says stays awake",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.beat(1);
      s.inject("Hibernate", { from: 1, to: 2, term: 2, index: 12, logTerm: 2, commit: 12 });
      s.stabilize(2);
      s.expect(2, { isHibernating: false, commit: 11 });
      s.inject("Hibernate", { from: 1, to: 2, term: 1, index: 11, logTerm: 2, commit: 11 });
      s.expect(2, { isHibernating: false });
      s.inject("Hibernate", { from: 1, to: 2, term: 2, index: 11, logTerm: 2, commit: 11 });
      s.expect(2, { isHibernating: true });
    },
  },
];

/** What wakes a group, by who died, who returned and what was lost. */
const WAKING: readonly Scenario[] = [
  {
    name: "a proposal wakes leader and followers",
    run() {
      const s = asleep();
      s.propose(1, "b");
      s.stabilize();
      s.expectAll([1, 2, 3], { isHibernating: false, commands: ["a", "b"] });
    },
  },
  {
    name: "a read wakes the leader and is answered",
    run() {
      const s = asleep();
      ok(s.readIndex(1, 3));
      s.stabilize();
      equal(s.replica(1).reads.length, 1);
    },
  },
  {
    name: "the leader's node dies: followers that wake and forget it elect at once (checklist 91)",
    run() {
      const s = asleep();
      s.crash(1);
      for (const node of [2, 3]) {
        wake(s, node);
        s.forgetLeader(node);
      }
      s.campaign(2);
      s.stabilize();
      s.expect(2, { role: "leader", term: 3 });
      s.expect(3, { leader: 2, isHibernating: false });
    },
  },
  {
    name: "the leader's node dies: a follower that wakes first gets the vote of one that still sleeps",
    run() {
      const s = asleep();
      s.crash(1);
      wake(s, 2);
      s.forgetLeader(2);
      s.campaign(2);
      s.stabilize();
      s.expect(2, { role: "leader", term: 3 });
      s.expect(3, { leader: 2, term: 3 });
    },
  },
  {
    name: "a sleeping follower whose leader's node is alive refuses pre-votes (stickiness by node)",
    run() {
      const s = asleep();
      wake(s, 2);
      s.isolate(1, [2]);
      s.forgetLeader(2);
      s.campaign(2);
      s.stabilize();
      notEqual(s.facts(2).role, "leader");
      s.expect(1, { role: "leader", term: 2 });
      s.expect(3, { term: 2 });
    },
  },
  {
    name: "a follower's node restarts: the leader probes it and finds it complete",
    run() {
      const s = asleep();
      s.crash(3);
      s.restart(3);
      wake(s, 1);
      s.beat(1);
      s.beat(1);
      s.expect(3, { leader: 1, commit: 12, commands: ["a"] });
      equal(s.progress(1, 3).match, 12);
      equal(s.replica(1).events.filter((event) => event.kind === "amnesia").length, 0);
    },
  },
  {
    name: "a follower restarts awake and asks for pre-votes: the sleeping group keeps its leader and takes it back",
    run() {
      const s = asleep();
      s.crash(3);
      s.restart(3, false);
      s.stabilize(3);
      s.timeout(3);
      s.stabilize();
      for (let beat = 0; beat < 3; beat++) {
        s.beat(1);
        s.stabilize();
      }
      s.expect(1, { role: "leader", term: 2 });
      s.expect(3, { leader: 1, term: 2, commit: 12 });
    },
  },
  {
    name: "the leader's node restarts unnoticed by the links: the group gets a leader again",
    run() {
      const s = asleep();
      s.crash(1);
      s.restart(1, false);
      for (let round = 0; round < 6 * ELECTION_TICKS; round++) {
        for (const node of s.nodes) s.tick(node);
        s.stabilize();
      }
      const leaders = s.nodes.filter((node) => s.facts(node).role === "leader");
      // The former leader, awake, cannot win while the others believe its node leads; waking them is the host's job.
      if (leaders.length === 0) {
        for (const node of [2, 3]) {
          wake(s, node);
          s.forgetLeader(node);
        }
        for (let round = 0; round < 4 * ELECTION_TICKS; round++) {
          for (const node of s.nodes) s.tick(node);
          s.stabilize();
        }
      }
      equal(s.nodes.filter((node) => s.facts(node).role === "leader").length, 1);
    },
  },
  {
    name: "a lost Hibernate leaves one follower awake; its pre-votes fail and it falls back into line",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.propose(1, "a");
      s.stabilize();
      s.beat(1);
      s.replica(1).call((core) => core.hibernate());
      s.ready(1);
      s.drop({ type: "Hibernate", to: 3 });
      s.stabilize();
      s.expect(3, { isHibernating: false });
      for (let round = 0; round < 4; round++) {
        s.timeout(3);
        s.stabilize();
      }
      for (let beat = 0; beat < 3; beat++) s.beat(1);
      s.expect(1, { role: "leader", term: 2 });
      s.expect(3, { leader: 1, term: 2 });
    },
  },
  {
    name: "a stepped-down leader says that it is gone, and sleepers wake (LeaderGone)",
    run() {
      const s = asleep();
      s.inject("LeaderGone", { from: 1, to: 2, term: 2 });
      s.expect(2, { leader: 0, isHibernating: false });
      s.inject("LeaderGone", { from: 3, to: 2, term: 2 });
      s.expect(2, { leader: 0 });
    },
  },
  {
    name: "LeaderGone of another than the leader, or of an earlier term, changes nothing",
    run() {
      const s = asleep();
      s.inject("LeaderGone", { from: 3, to: 2, term: 2 });
      s.expect(2, { leader: 1, term: 2 });
      s.inject("LeaderGone", { from: 1, to: 2, term: 1 });
      s.expect(2, { leader: 1, term: 2 });
    },
  },
  {
    name: "the leader awakes alone without losing office, as its followers answer",
    run() {
      const s = asleep();
      for (const node of s.nodes) s.tick(node, 5 * ELECTION_TICKS);
      wake(s, 1);
      for (let tick = 0; tick < 3 * ELECTION_TICKS; tick++) s.beat(1);
      s.expect(1, { role: "leader", term: 2 });
      s.expectAll([2, 3], { leader: 1 });
    },
  },
  {
    name: "a leader that wakes cut off from its followers steps down within two election timeouts",
    run() {
      const s = asleep();
      s.isolate(1);
      wake(s, 1);
      for (let tick = 0; tick < 2 * ELECTION_TICKS; tick++) s.beat(1);
      notEqual(s.facts(1).role, "leader");
    },
  },
  {
    name: "a message of a newer leader wakes a sleeper",
    run() {
      const s = asleep();
      s.inject("Heartbeat", { from: 2, to: 3, term: 5, commit: 11 });
      s.expect(3, { isHibernating: false, leader: 2, term: 5 });
    },
  },
];

/** Groups that sleep. */
export const HIBERNATION: readonly Scenario[] = [...SLEEPING, ...WAKING];
