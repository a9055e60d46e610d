import { describe, expect, test } from "vitest";
import { METADATA_FORWARDED_MAX, METADATA_WAITING_MAX } from "../../src/limits.ts";
import { encodeForwardAnswer, type ForwardAnswer } from "../../src/metadata/codec/answer-codec.ts";
import { encodeMetadataCommand } from "../../src/metadata/codec/command-codec.ts";
import { encodeMetadataEntry } from "../../src/metadata/codec/entry-codec.ts";
import type { MetadataEvent } from "../../src/metadata/events.ts";
import { MetadataStateMachine } from "../../src/metadata/metadata-state-machine.ts";
import { ReplicaRig } from "./replica-rig.ts";

const LEADERLESS =
  "store_unavailable: metadata cannot be changed: the cluster has no majority, or its metadata has no leader that answers";
const UNKNOWN = "store_unavailable: it is not known whether the change was stored";

/** A submission of vhost `name` by a node. */
function entryOf(
  name: string | undefined,
  { nodeId = 1, incarnation = 7, seq = 1 } = {},
): Uint8Array {
  const bytes =
    name === undefined ? new Uint8Array(0) : encodeMetadataCommand({ type: "addVhost", name });
  return encodeMetadataEntry({ nodeId, incarnation, seq }, bytes);
}

function refuse(rig: ReplicaRig, from: number, change: Partial<ForwardAnswer>): void {
  const answer = { incarnation: 7, seq: 1, kind: "busy", leader: 0, why: undefined } as const;
  rig.metadata.onAnswer(from, encodeForwardAnswer({ ...answer, ...change }));
  rig.timers.endTurn();
}

describe("a node that does not lead", () => {
  test("sends its changes to the leader, in order, and answers them when its own copy has them", () => {
    const rig = new ReplicaRig();
    rig.add("a", "b");
    expect(rig.taken()).toEqual(["2<1:a", "2<2:b"]);
    rig.commit(entryOf("other", { nodeId: 3 }));
    rig.commit(entryOf("a", { seq: 1 }));
    expect([rig.answers, rig.vhosts]).toEqual([["a: ok"], ["a", "other"]]);
    rig.commit(entryOf("b", { seq: 2 }));
    expect(rig.answers).toEqual(["a: ok", "b: ok"]);
    rig.submit("none", { type: "deleteVhost", name: "none" });
    rig.commit(...rig.link.sent.map(({ payload }) => payload));
    expect(rig.answers.at(-1)).toBe("none: no_such_vhost: Virtual host 'none' does not exist");
  });

  test("says where a queue is at home, and leaves its commands as they are otherwise", () => {
    const rig = new ReplicaRig();
    rig.add("/");
    rig.commit(entryOf("/"));
    rig.link.sent = [];
    const queue = {
      vhost: "/",
      name: "q",
      type: "classic",
      durable: true,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
    } as const;
    rig.submit("q", { type: "declareQueue", queue });
    rig.commit(...rig.link.sent.map(({ payload }) => payload));
    expect(rig.metadata.machine.queue("/", "q")).toMatchObject({
      home: 1,
      replicas: [{ nodeId: 1, generation: 1 }],
    });
  });

  test("sends all that is not applied again when the connection is there again", () => {
    const rig = new ReplicaRig();
    rig.add("a", "b");
    rig.commit(entryOf("a"));
    rig.taken();
    rig.link.isUp = false;
    rig.metadata.onPeerLost(2);
    rig.add("c");
    rig.timers.pass(500);
    expect(rig.taken()).toEqual([]);
    rig.link.isUp = true;
    rig.timers.pass(20);
    expect(rig.taken()).toEqual(["2<2:b", "2<3:c"]);
  });

  test("sends to the next leader what is not applied, and answers once what both put into the log", () => {
    const rig = new ReplicaRig();
    rig.add("a", "b");
    rig.group.leader = 3;
    rig.metadata.onLeaderChange(3);
    expect(rig.taken()).toEqual(["2<1:a", "2<2:b", "3<1:a", "3<2:b"]);
    for (const seq of [1, 2, 1, 2]) rig.commit(entryOf(seq === 1 ? "a" : "b", { seq }));
    expect(rig.answers).toEqual(["a: ok", "b: ok"]);
    rig.add("c");
    expect(rig.taken()).toEqual(["3<3:c"]);
  });

  test("sends to the same leader again when it leads in another term", () => {
    const rig = new ReplicaRig();
    rig.add("a");
    rig.metadata.onLeaderChange(2);
    expect(rig.taken()).toEqual(["2<1:a", "2<1:a"]);
  });

  test("that becomes the leader puts what is not applied into the log itself", () => {
    const rig = new ReplicaRig();
    rig.add("a", "b");
    rig.group.leader = 1;
    rig.metadata.onLeaderChange(1);
    rig.metadata.onLeaderChange(1);
    expect(rig.proposed).toEqual(["1:a", "2:b"]);
    rig.add("c");
    rig.group.commitAll();
    expect(rig.answers).toEqual(["a: ok", "b: ok", "c: ok"]);
  });

  test("that led before sends what became of nothing to the next leader", () => {
    const rig = new ReplicaRig();
    rig.group.leader = 1;
    rig.add("a", "b");
    expect(rig.proposed).toEqual(["1:a", "2:b"]);
    rig.group.loseLeadership(3);
    expect(rig.answers).toEqual([]);
    rig.timers.pass(20);
    expect(rig.taken()).toEqual(["3<1:a", "3<2:b"]);
    rig.commit(entryOf("a"));
    expect(rig.answers).toEqual(["a: ok"]);
  });

  test("that lost what it had put into the log puts it there again when it leads again", () => {
    const rig = new ReplicaRig();
    rig.group.leader = 1;
    rig.add("a", "b");
    rig.group.loseLeadership(1);
    rig.timers.pass(20);
    expect(rig.proposed).toEqual(["1:a", "2:b"]);
    rig.group.commitAll();
    expect(rig.answers).toEqual(["a: ok", "b: ok"]);
  });

  test("whose numbers came too early sends again from the first one", () => {
    const rig = new ReplicaRig();
    rig.group.leader = 1;
    rig.add("a", "b");
    const [a, b] = rig.group.proposals.splice(0);
    // The first one is lost, the second one stands in the log without it.
    rig.commit(b?.entry.data ?? new Uint8Array());
    a?.done({ kind: "unknown" });
    b?.done({ kind: "applied", index: 2, term: 1 });
    expect([rig.vhosts, rig.answers]).toEqual([[], []]);
    rig.timers.pass(20);
    expect(rig.proposed).toEqual(["1:a", "2:b"]);
    rig.group.commitAll();
    expect(rig.answers).toEqual(["a: ok", "b: ok"]);
  });

  test("knows its own by node and life", () => {
    const rig = new ReplicaRig();
    rig.add("a");
    rig.commit(entryOf("x", { nodeId: 2 }), entryOf("y", { incarnation: 6 }));
    expect([rig.answers, rig.vhosts]).toEqual([[], ["x", "y"]]);
    rig.commit(entryOf("a"));
    expect(rig.answers).toEqual(["a: ok"]);
  });

  test("sends again what the leader has dropped without a word", () => {
    const rig = new ReplicaRig();
    rig.add("a");
    rig.timers.pass(2000);
    expect(rig.taken()).toEqual(["2<1:a"]);
    rig.timers.pass(3000);
    expect(rig.taken()).toEqual(["2<1:a"]);
  });

  test("sends so many at once and no more", () => {
    const rig = new ReplicaRig();
    const names = Array.from({ length: METADATA_FORWARDED_MAX + 5 }, (_, at) => `v${at}`);
    rig.add(...names);
    expect(rig.link.sent).toHaveLength(METADATA_FORWARDED_MAX);
    const first = rig.link.sent.slice(0, 3).map(({ payload }) => payload);
    rig.commit(...first);
    expect(rig.link.sent).toHaveLength(METADATA_FORWARDED_MAX + 3);
    expect(rig.answers).toHaveLength(3);
  });

  test("takes so many and no more", () => {
    const rig = new ReplicaRig();
    rig.group.leader = 0;
    let refusals = 0;
    for (let count = 0; count < METADATA_WAITING_MAX + 1; count++) {
      rig.metadata.submit({ type: "completeSetup" }, (result) => {
        if (!result.ok) refusals++;
      });
    }
    expect(refusals).toBe(1);
  });

  test("shows only what is committed: nobody has to wait for it", () => {
    const rig = new ReplicaRig();
    rig.add("a");
    const told: unknown[] = [];
    rig.metadata.whenStored((failure) => told.push(failure));
    expect(told).toEqual([undefined]);
  });
});

describe("a leader that does not take a change", () => {
  test("because it is busy gets it again later, one at a time until it takes one", () => {
    const rig = new ReplicaRig();
    rig.add("a", "b", "c");
    rig.taken();
    refuse(rig, 2, { seq: 2, kind: "busy" });
    rig.commit(entryOf("a"));
    expect(rig.taken()).toEqual([]);
    rig.timers.pass(20);
    expect(rig.taken()).toEqual(["2<2:b", "2<3:c"]);
    refuse(rig, 2, { seq: 2, kind: "busy" });
    rig.timers.pass(20);
    expect(rig.taken()).toEqual(["2<2:b"]);
    rig.commit(entryOf("b", { seq: 2 }));
    expect(rig.taken()).toEqual(["2<3:c"]);
  });

  test("because it leads no more says who does", () => {
    const rig = new ReplicaRig();
    rig.add("a");
    rig.group.leader = 0;
    refuse(rig, 2, { kind: "not-leader", leader: 3 });
    rig.timers.pass(20);
    expect(rig.taken()).toEqual(["2<1:a", "3<1:a"]);
  });

  test("or has lost it gets it again", () => {
    const rig = new ReplicaRig();
    rig.add("a");
    refuse(rig, 2, { kind: "lost", leader: 2 });
    rig.timers.pass(20);
    expect(rig.taken()).toEqual(["2<1:a", "2<1:a"]);
  });

  test.each<[Partial<ForwardAnswer>, string]>([
    [{ kind: "no-space" }, "store_full: not enough disk space to store a change of metadata"],
    [
      { kind: "refused", why: "too-large" },
      "store_unavailable: the change cannot be stored: too-large",
    ],
  ])("for good (%j) ends it; its number is used up, and what follows goes on", (answer, text) => {
    const rig = new ReplicaRig();
    rig.add("a", "b");
    rig.taken();
    refuse(rig, 2, answer);
    expect(rig.answers).toEqual([`a: ${text}`]);
    expect(rig.taken()).toEqual(["2<1:-"]);
    rig.commit(entryOf(undefined));
    expect(rig.taken()).toEqual(["2<2:b"]);
    rig.commit(entryOf("b", { seq: 2 }));
    expect([rig.answers.slice(1), rig.vhosts]).toEqual([["b: ok"], ["b"]]);
  });

  test("for good, after another leader had it, leaves open what became of it", () => {
    const rig = new ReplicaRig();
    rig.add("a");
    rig.group.leader = 3;
    rig.metadata.onLeaderChange(3);
    refuse(rig, 3, { kind: "no-space" });
    expect(rig.answers).toEqual([`a: ${UNKNOWN}`]);
    rig.commit(entryOf("a"));
    expect([rig.answers.length, rig.vhosts]).toEqual([1, ["a"]]);
  });

  test("and does not even take nothing is asked again, and what waits hears of the disk", () => {
    const rig = new ReplicaRig();
    rig.add("a", "b");
    rig.taken();
    refuse(rig, 2, { kind: "no-space" });
    for (let count = 0; count < 1600; count++) {
      refuse(rig, 2, { kind: "no-space" });
      rig.timers.pass(20);
    }
    expect(rig.answers).toHaveLength(2);
    expect(rig.answers[1]).toContain("b: store_full");
    expect(new Set(rig.taken().slice(1))).toEqual(new Set(["2<1:-"]));
  });

  test("is not believed about what it was not sent, or in another life, or by another node", () => {
    const rig = new ReplicaRig();
    rig.add("a");
    rig.taken();
    refuse(rig, 3, { kind: "no-space" });
    refuse(rig, 2, { kind: "no-space", incarnation: 6 });
    refuse(rig, 2, { kind: "no-space", seq: 2 });
    rig.metadata.onAnswer(2, Uint8Array.of(1, 2, 3));
    rig.timers.pass(100);
    expect([rig.answers, rig.taken()]).toEqual([[], []]);
    expect(rig.log.lines).toContainEqual(expect.stringContaining("malformed"));
  });
});

describe("a cluster without a leader", () => {
  test("refuses a change after 30 seconds; it will not be made", () => {
    const rig = new ReplicaRig();
    rig.group.leader = 0;
    rig.add("a");
    rig.timers.pass(28_000);
    rig.add("b");
    expect(rig.answers).toEqual([]);
    rig.timers.pass(3000);
    expect(rig.answers).toEqual([`a: ${LEADERLESS}`]);
    rig.group.leader = 2;
    rig.timers.pass(20);
    expect(rig.taken()).toEqual(["2<1:b"]);
  });

  test("refuses one that may be made yet, and uses up its number later", () => {
    const rig = new ReplicaRig();
    rig.add("a");
    rig.taken();
    rig.group.leader = 0;
    rig.metadata.onLeaderChange(undefined);
    rig.timers.pass(31_000);
    expect(rig.answers).toEqual([
      `a: ${LEADERLESS}; ${UNKNOWN.replace("store_unavailable: ", "")}`,
    ]);
    rig.add("b");
    rig.group.leader = 3;
    rig.metadata.onLeaderChange(3);
    expect(rig.taken()).toEqual(["3<1:-", "3<2:b"]);
    // The first leader's copy was committed after all.
    rig.commit(entryOf("a"), entryOf(undefined), entryOf("b", { seq: 2 }));
    expect([rig.answers.slice(1), rig.vhosts]).toEqual([["b: ok"], ["a", "b"]]);
  });

  test("or one that does not answer is asked again and again", () => {
    const rig = new ReplicaRig();
    rig.link.isUp = false;
    rig.add("a");
    rig.timers.pass(31_000);
    expect(rig.answers).toEqual([`a: ${LEADERLESS}`]);
    expect(rig.timers.pendingCount).toBeLessThanOrEqual(1);
  });
});

test("a replica that stops refuses what waits for it", () => {
  const rig = new ReplicaRig();
  rig.add("a");
  rig.group.leader = 0;
  rig.metadata.onLeaderChange(undefined);
  rig.add("b");
  rig.group.stoppedBecause = "hard state lost";
  rig.timers.pass(2000);
  expect(rig.answers).toEqual([
    `a: ${UNKNOWN}`,
    "b: store_unavailable: metadata cannot be changed now",
  ]);
});

test("a snapshot in place of entries leaves open how they ended, and tells that all is new", () => {
  const rig = new ReplicaRig();
  const events: MetadataEvent[] = [];
  rig.metadata.tellEvents((event) => events.push(event));
  const { machine } = rig.metadata;
  rig.add("a", "b", "c");
  const other = new MetadataStateMachine();
  for (const [at, name] of ["a", "b"].entries()) {
    const data = entryOf(name, { seq: at + 1 });
    other.apply({ index: at + 1, term: 1, type: 0, data, crc: 0 });
  }
  const sink = rig.group.machine.restore();
  sink.add(other.snapshot().next(1_000_000) ?? new Uint8Array());
  sink.finish();
  rig.timers.endTurn();
  expect(events).toEqual([{ type: "replaced" }]);
  expect(machine.vhosts().map(({ record }) => record.name)).toEqual(["a", "b"]);
  const text = "the change reached the cluster, but this node did not see whether it was refused";
  expect(rig.answers).toEqual([`a: store_unavailable: ${text}`, `b: store_unavailable: ${text}`]);
  rig.commit(entryOf("c", { seq: 3 }));
  expect(rig.answers.at(-1)).toBe("c: ok");
});

describe("the newest state", () => {
  function readOf(rig: ReplicaRig): (string | undefined)[] {
    const told: (string | undefined)[] = [];
    rig.metadata.readLatest((failure) => told.push(failure?.text));
    rig.timers.endTurn();
    return told;
  }

  test("is there when the leader has said so", () => {
    const rig = new ReplicaRig();
    expect(readOf(rig)).toEqual([undefined]);
    rig.group.readOutcome = { kind: "unknown" };
    const told = readOf(rig);
    rig.timers.pass(1000);
    expect(told).toEqual([]);
    rig.group.readOutcome = { kind: "ready", index: 9 };
    rig.timers.pass(20);
    expect(told).toEqual([undefined]);
    expect(rig.timers.pendingCount).toBe(0);
  });

  test("is not waited for for ever", () => {
    const rig = new ReplicaRig();
    rig.group.readOutcome = { kind: "not-leader", leader: 0 };
    const told = readOf(rig);
    rig.timers.pass(30_000);
    expect(told).toEqual([LEADERLESS.replace("store_unavailable: ", "")]);
    rig.timers.pass(100);
    expect(rig.timers.pendingCount).toBe(0);
  });

  test("does not come where the group does not run", () => {
    const rig = new ReplicaRig();
    rig.group.readOutcome = { kind: "stopped" };
    expect(readOf(rig)).toEqual(["metadata cannot be changed now"]);
  });
});

describe("a start", () => {
  function start(rig: ReplicaRig): (string | undefined)[] {
    const told: (string | undefined)[] = [];
    rig.metadata.start((failure) => told.push(failure?.message));
    rig.timers.endTurn();
    return told;
  }

  test("waits for a leader as long as it takes, and needs not be it", () => {
    const rig = new ReplicaRig();
    rig.group.readOutcome = { kind: "not-leader", leader: 0 };
    const told = start(rig);
    rig.timers.pass(100_000);
    expect(told).toEqual([]);
    rig.group.readOutcome = { kind: "ready", index: 1 };
    rig.timers.pass(20);
    expect(told).toEqual([undefined]);
  });

  test("ends what was transient on this node, and nothing else", () => {
    const rig = new ReplicaRig();
    rig.add("/");
    const transient = (name: string, home: number): void => {
      const queue = {
        vhost: "/",
        name,
        type: "classic",
        durable: false,
        autoDelete: false,
        exclusiveOwner: undefined,
        arguments: new Map(),
        home,
      } as const;
      rig.submit(name, { type: "declareQueue", queue });
    };
    transient("here", 1);
    transient("there", 2);
    rig.commit(...rig.link.sent.map(({ payload }) => payload));
    rig.taken();
    const told = start(rig);
    expect([told, rig.link.sent.length]).toEqual([[], 1]);
    rig.commit(...rig.link.sent.map(({ payload }) => payload));
    expect(told).toEqual([undefined]);
    expect([...(rig.metadata.machine.vhost("/")?.queues.keys() ?? [])]).toEqual(["there"]);
    rig.link.sent = [];
    expect([start(rig), rig.taken()]).toEqual([[undefined], []]);
  });

  test("fails where the group does not run", () => {
    const rig = new ReplicaRig();
    rig.group.stoppedBecause = "hard state lost";
    expect(start(rig)).toEqual(["the metadata cannot be used: hard state lost"]);
  });
});

test("a store that is closed answers all, takes nothing more and has no timers", () => {
  const rig = new ReplicaRig();
  rig.add("a");
  rig.group.leader = 0;
  rig.metadata.onLeaderChange(undefined);
  rig.add("b");
  rig.metadata.close();
  rig.add("c");
  expect(rig.answers).toEqual([
    `a: ${UNKNOWN}`,
    "b: store_unavailable: metadata cannot be changed now",
    "c: store_unavailable: metadata cannot be changed now",
  ]);
  rig.commit(entryOf("a"));
  expect([rig.answers.length, rig.timers.pendingCount]).toEqual([3, 0]);
});

describe("a leader", () => {
  function leading(): ReplicaRig {
    const rig = new ReplicaRig();
    rig.group.leader = 1;
    return rig;
  }

  test("puts the changes of other nodes into the log beside its own", () => {
    const rig = leading();
    rig.metadata.onForwarded(2, entryOf("x", { nodeId: 2 }));
    rig.add("a");
    rig.metadata.onForwarded(2, entryOf("y", { nodeId: 2, seq: 2 }));
    expect(rig.proposed).toEqual(["1:x", "1:a", "2:y"]);
    rig.group.commitAll();
    expect([rig.vhosts, rig.answers]).toEqual([["a", "x", "y"], ["a: ok"]]);
    expect(rig.link.answers).toEqual([]);
    // Sent again though it is applied.
    rig.metadata.onForwarded(2, entryOf("y", { nodeId: 2, seq: 2 }));
    expect(rig.proposed).toEqual([]);
  });

  test("keeps nothing of the bytes it is given", () => {
    const rig = leading();
    const payload = entryOf("x", { nodeId: 2 });
    rig.metadata.onForwarded(2, payload);
    payload.fill(0);
    expect(rig.proposed).toEqual(["1:x"]);
  });

  test("lets nothing into the log that a replica could not apply, or that is not the sender's", () => {
    const rig = leading();
    const changed = entryOf("x", { nodeId: 2 });
    changed[16] = 0;
    for (const payload of [
      changed,
      new Uint8Array(0),
      encodeMetadataCommand({ type: "addVhost", name: "x" }),
      entryOf("x", { nodeId: 3 }),
    ]) {
      rig.metadata.onForwarded(2, payload);
    }
    expect(rig.proposed).toEqual([]);
    expect(rig.log.lines.filter((line) => line.includes("malformed"))).toHaveLength(4);
  });

  test("that is busy says so once, and passes over what follows until the first comes again", () => {
    const rig = leading();
    rig.group.refusal = { kind: "busy" };
    rig.metadata.onForwarded(2, entryOf("x", { nodeId: 2 }));
    rig.group.refusal = undefined;
    rig.metadata.onForwarded(2, entryOf("y", { nodeId: 2, seq: 2 }));
    rig.timers.endTurn();
    expect(rig.link.answers).toEqual([
      { to: 2, answer: { incarnation: 7, seq: 1, kind: "busy", leader: 1, why: undefined } },
    ]);
    rig.metadata.onForwarded(2, entryOf("x", { nodeId: 2 }));
    rig.metadata.onForwarded(2, entryOf("y", { nodeId: 2, seq: 2 }));
    expect(rig.proposed).toEqual(["1:x", "2:y"]);
  });

  test("starts afresh with a node whose connection was lost", () => {
    const rig = leading();
    rig.group.refusal = { kind: "busy" };
    rig.metadata.onForwarded(2, entryOf("x", { nodeId: 2, seq: 5 }));
    rig.group.refusal = undefined;
    rig.metadata.onPeerLost(2);
    rig.metadata.onForwarded(2, entryOf("y", { nodeId: 2, seq: 6 }));
    expect(rig.proposed).toEqual(["6:y"]);
  });

  test("that is none any more says who is, and what it has lost", () => {
    const rig = leading();
    rig.metadata.onForwarded(2, entryOf("x", { nodeId: 2 }));
    rig.group.loseLeadership(3);
    rig.metadata.onForwarded(2, entryOf("y", { nodeId: 2, seq: 2 }));
    rig.timers.endTurn();
    expect(
      rig.link.answers.map(({ answer }) => [answer?.kind, answer?.seq, answer?.leader]),
    ).toEqual([
      ["lost", 1, 3],
      ["not-leader", 2, 3],
    ]);
  });
});
