import { describe, expect, test } from "vitest";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import { MetadataMachine } from "../../src/metadata/metadata-machine.ts";
import { homeOf, replicasOf } from "../../src/metadata/queue-replicas.ts";
import { bind, brief, declareExchange, declareQueue, newMachine } from "./metadata-commands.ts";

const CHANGED = { ok: true, changed: true };
const UNCHANGED = { ok: true, changed: false };

function started(nodeId: number, name = `n${nodeId}@h`, address = `h:${nodeId}`): MetadataCommand {
  return { type: "memberStarted", nodeId, name, address };
}

function added(name: string): MetadataCommand {
  return { type: "addMember", name, address: "h:1" };
}

function queue(name: string, change: object): MetadataCommand {
  const command = declareQueue(name);
  return command.type === "declareQueue"
    ? { ...command, queue: { ...command.queue, ...change } }
    : command;
}

function softExchange(name: string): MetadataCommand {
  const command = declareExchange(name);
  return command.type === "declareExchange"
    ? { ...command, exchange: { ...command.exchange, durable: false } }
    : command;
}

function placed(name: string, ...replicas: number[]): MetadataCommand {
  return { type: "placeQueue", vhost: "/", name, replicas };
}

/** A machine as group 1 has it, with these nodes running. */
function cluster(...nodes: number[]): ReturnType<typeof newMachine> {
  const { events } = newMachine();
  const machine = new MetadataMachine((event) => events.push(event), 16);
  machine.apply({ type: "addVhost", name: "/" });
  for (const nodeId of nodes) machine.apply(started(nodeId));
  events.length = 0;
  return { machine, events };
}

describe("nodes of a cluster", () => {
  test("get numbers in order, and say when they run and stop", () => {
    const { machine, events } = cluster(1);
    expect(machine.apply(added("b@h"))).toEqual(CHANGED);
    const joining = { nodeId: 2, name: "b@h", address: "h:1", generation: 1, state: "joining" };
    expect(machine.memberNamed("b@h")).toEqual(joining);
    expect(machine.apply(started(2, "b@h", "h:9"))).toEqual(CHANGED);
    expect(machine.apply(started(2, "b@h", "h:9"))).toEqual(UNCHANGED);
    expect(machine.apply({ type: "memberStopping", nodeId: 2 })).toEqual(CHANGED);
    expect(machine.apply({ type: "memberStopping", nodeId: 2 })).toEqual(UNCHANGED);
    const stopped = { ...joining, address: "h:9", state: "stopped" };
    expect(machine.member(2)).toEqual(stopped);
    expect(machine.members().map(({ nodeId }) => nodeId)).toEqual([1, 2]);
    expect(events).toEqual([
      { type: "memberChanged", member: joining },
      { type: "memberChanged", member: { ...stopped, state: "running" } },
      { type: "memberChanged", member: stopped },
    ]);
  });

  test("that were removed never come back, nor does their number, but their name may", () => {
    const { machine, events } = cluster(1, 2);
    expect(machine.apply({ type: "removeMember", nodeId: 2 })).toEqual(CHANGED);
    expect(events).toMatchObject([{ type: "memberRemoved", nodeId: 2, member: { name: "n2@h" } }]);
    expect(machine.wasRemoved(2)).toBe(true);
    expect(machine.apply(started(2))).toMatchObject({ reason: "no_such_member" });
    const copy = MetadataMachine.fromSnapshot(machine.snapshot(), () => undefined);
    for (const one of [machine, copy]) {
      expect(one.apply(added("n2@h"))).toEqual(CHANGED);
      expect(one.memberNamed("n2@h")?.nodeId).toBe(3);
      expect(one.wasRemoved(2)).toBe(true);
    }
  });

  test.each<[string, MetadataCommand, object]>([
    ["a name without host", added("b"), { reason: "validation_failed" }],
    ["a name with a space", added("b @h"), { reason: "validation_failed" }],
    ["the name of a member", added("n1@h"), { reason: "member_already_exists" }],
    ["another's name at its start", started(2, "n1@h"), { reason: "member_already_exists" }],
    ["no address", started(2, "b@h", ""), { reason: "validation_failed" }],
    ["a number above all", started(65_536), { reason: "validation_failed" }],
    ["the number 0", started(0), { reason: "no_such_member" }],
    ["an end that never began", { type: "removeMember", nodeId: 9 }, { reason: "no_such_member" }],
    [
      "a stop that never began",
      { type: "memberStopping", nodeId: 9 },
      { reason: "no_such_member" },
    ],
    [
      "the end of the last",
      { type: "removeMember", nodeId: 1 },
      { text: expect.stringContaining("the last node of a cluster cannot be removed") },
    ],
  ])("with %s are refused", (_what, command, refusal) => {
    const { machine, events } = cluster(1);
    expect(machine.apply(command)).toMatchObject({ ok: false, ...refusal });
    expect(events).toEqual([]);
  });
});

describe("what is transient on a node", () => {
  function withTransient(): ReturnType<typeof newMachine> {
    const { machine, events } = cluster(1, 2);
    for (const command of [
      softExchange("soft"),
      declareExchange("auto", true),
      queue("here", { durable: false, home: 1 }),
      queue("there", { durable: false, home: 2 }),
      queue("mine", { exclusiveOwner: 7, home: 2 }),
      queue("old", { durable: false }),
      queue("kept", { home: 2 }),
      bind("soft", "q:there", "1"),
      bind("auto", "q:there", "2"),
      bind("soft", "q:kept", "3"),
    ]) {
      expect(machine.apply(command)).toEqual(CHANGED);
    }
    events.length = 0;
    return { machine, events };
  }

  test("goes with it while others run; exchanges stay", () => {
    const { machine, events } = withTransient();
    expect(machine.hasTransient(2)).toBe(true);
    expect(machine.hasTransient(3)).toBe(false);
    expect(machine.apply({ type: "dropTransient", nodeId: 2 })).toEqual(CHANGED);
    expect(brief(events)).toEqual([
      "queueDeleted mine",
      "unbound auto>q:there 2",
      "unbound soft>q:there 1",
      "queueDeleted there",
      "exchangeDeleted auto",
    ]);
    expect(machine.hasTransient(2)).toBe(false);
    expect(machine.apply({ type: "dropTransient", nodeId: 2 })).toEqual(UNCHANGED);
    expect(machine.exchange("/", "soft")).toBeDefined();
    expect([...(machine.vhost("/")?.queues.keys() ?? [])]).toEqual(["here", "old", "kept"]);
  });

  test("goes with the exchanges when no other node runs", () => {
    const { machine } = withTransient();
    machine.apply({ type: "memberStopping", nodeId: 1 });
    machine.apply({ type: "dropTransient", nodeId: 2 });
    expect(machine.exchange("/", "soft")).toBeUndefined();
    // As after a start: a durable exchange is not deleted because its last binding went.
    expect(machine.exchange("/", "auto")).toBeDefined();
    expect([...(machine.vhost("/")?.queues.keys() ?? [])]).toEqual(["here", "old", "kept"]);
  });

  test("and has no home in its record, was declared on node 1", () => {
    const { machine } = withTransient();
    machine.apply({ type: "dropTransient", nodeId: 1 });
    expect([...(machine.vhost("/")?.queues.keys() ?? [])]).toEqual(["there", "mine", "kept"]);
  });

  test("goes when the node is removed", () => {
    const { machine, events } = withTransient();
    machine.apply({ type: "removeMember", nodeId: 2 });
    expect([...(machine.vhost("/")?.queues.keys() ?? [])]).toEqual(["here", "old", "kept"]);
    expect(events.at(-1)?.type).toBe("memberRemoved");
  });
});

describe("the place of a queue", () => {
  test("is where it was declared, or on the nodes that the declaration names", () => {
    const { machine } = cluster(1, 2);
    const named = [
      { nodeId: 2, generation: 9 },
      { nodeId: 5, generation: 1 },
    ] as const;
    for (const command of [
      queue("home", { home: 2 }),
      queue("named", { home: 1, replicas: named }),
      queue("memory", { home: 2, durable: false, replicas: named }),
      queue("old", {}),
    ]) {
      machine.apply(command);
    }
    const placeOf = (name: string): unknown => {
      const record = machine.queue("/", name);
      return record && [homeOf(record), replicasOf(record), record.nextGeneration];
    };
    expect(placeOf("home")).toEqual([2, [{ nodeId: 2, generation: 1 }], 2]);
    // Node 5 is no member.
    expect(placeOf("named")).toEqual([1, [{ nodeId: 2, generation: 1 }], 2]);
    expect(placeOf("memory")).toEqual([2, [], undefined]);
    expect(placeOf("old")).toEqual([1, [{ nodeId: 1, generation: 1 }], undefined]);
  });

  test("changes by command: who stays keeps the generation, who comes gets the next", () => {
    const { machine, events } = cluster(1, 2, 3);
    machine.apply(queue("q", { home: 1 }));
    events.length = 0;
    const previous = machine.queue("/", "q");
    expect(machine.apply(placed("q", 1, 2))).toEqual(CHANGED);
    expect(machine.apply(placed("q", 1, 2))).toEqual(UNCHANGED);
    const record = machine.queue("/", "q");
    expect(events).toEqual([{ type: "queuePlaced", queue: record, previous }]);
    machine.apply(placed("q", 2, 3));
    machine.apply(placed("q", 3, 1));
    expect(machine.queue("/", "q")).toMatchObject({
      groupId: 16,
      home: 1,
      replicas: [
        { nodeId: 3, generation: 3 },
        { nodeId: 1, generation: 4 },
      ],
      nextGeneration: 5,
    });
  });

  test("of a record older than clusters is the first replica of node 1", () => {
    const { machine } = cluster(1, 2);
    machine.apply(declareQueue("q"));
    expect(machine.apply(placed("q", 1))).toEqual(UNCHANGED);
    machine.apply(placed("q", 2, 1));
    expect(machine.queue("/", "q")?.replicas).toEqual([
      { nodeId: 2, generation: 2 },
      { nodeId: 1, generation: 1 },
    ]);
  });

  test.each<[string, MetadataCommand, string]>([
    ["nowhere", placed("q"), "validation_failed"],
    ["twice on a node", placed("q", 1, 1), "validation_failed"],
    ["on a stranger", placed("q", 1, 9), "no_such_member"],
    ["that is not there", placed("none", 1), "no_such_queue"],
    ["in memory", placed("memory", 1), "validation_failed"],
  ])("cannot be %s", (_what, command, reason) => {
    const { machine, events } = cluster(1);
    machine.apply(queue("q", { home: 1 }));
    machine.apply(queue("memory", { durable: false }));
    events.length = 0;
    expect(machine.apply(command)).toMatchObject({ ok: false, reason });
    expect(events).toEqual([]);
  });
});
