import { type Entry, EntryType, entrySize } from "@leveret/raft";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeMetadataCommand } from "../../src/metadata/codec/command-codec.ts";
import { encodeMetadataEntry } from "../../src/metadata/codec/entry-codec.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import type { MetadataEvent } from "../../src/metadata/events.ts";
import {
  FIRST_QUEUE_GROUP_ID,
  MetadataStateMachine,
} from "../../src/metadata/metadata-state-machine.ts";
import { bind, declareExchange, declareQueue, setPolicy } from "./metadata-commands.ts";
import { commands } from "./random-commands.ts";

function entry(index: number, command: MetadataCommand): Entry {
  const data = encodeMetadataCommand(command);
  return { index, term: 1, type: EntryType.Command, data, crc: 0 };
}

/** What node 5 submitted as number `seq`; undefined: it gave it up. */
function submission(
  seq: number,
  command: MetadataCommand | undefined,
  { incarnation = 1, nodeId = 5 } = {},
): Entry {
  const bytes = command === undefined ? new Uint8Array(0) : encodeMetadataCommand(command);
  const data = encodeMetadataEntry({ nodeId, incarnation, seq }, bytes);
  return { index: 100, term: 1, type: EntryType.Command, data, crc: 0 };
}

function replay(machine: MetadataStateMachine, list: readonly MetadataCommand[], from = 1): void {
  for (const [at, command] of list.entries()) machine.apply(entry(from + at, command));
}

/** The pieces of a snapshot, each at most `maxBytes`. */
function pieces(machine: MetadataStateMachine, maxBytes: number): Uint8Array[] {
  const source = machine.snapshot();
  const all: Uint8Array[] = [];
  for (let piece = source.next(maxBytes); piece !== undefined; piece = source.next(maxBytes)) {
    expect(piece.length).toBeLessThanOrEqual(maxBytes);
    all.push(piece);
  }
  source.close();
  return all;
}

function restored(all: readonly Uint8Array[]): MetadataStateMachine {
  const machine = new MetadataStateMachine();
  const sink = machine.restore();
  for (const piece of all) sink.add(piece);
  sink.finish();
  return machine;
}

const SAMPLE: readonly MetadataCommand[] = [
  { type: "addVhost", name: "/" },
  {
    type: "addUser",
    name: "u",
    passwordHash: "AAAA",
    hashingAlgorithm: "rabbit_password_hashing_sha256",
    tags: ["management"],
  },
  { type: "setPermissions", user: "u", vhost: "/", configure: ".*", write: ".*", read: ".*" },
  declareExchange("x"),
  declareQueue("q"),
  bind("x", "q:q", "k"),
  setPolicy("p", "^q", { "max-length": 5 }),
  { type: "completeSetup" },
];

function sample(): MetadataStateMachine {
  const machine = new MetadataStateMachine();
  replay(machine, SAMPLE);
  return machine;
}

describe("MetadataStateMachine", () => {
  test("has one state, answers and events after snapshot and tail as after full replay", () => {
    fc.assert(
      fc.property(commands, commands, fc.integer({ min: 1, max: 300 }), (before, after, size) => {
        const whole = new MetadataStateMachine();
        replay(whole, before);
        const half = restored(pieces(whole, size));
        expect(half.digest()).toBe(whole.digest());
        expect(half.machine.snapshot()).toEqual(whole.machine.snapshot());
        const told: MetadataEvent[][] = [[], []];
        for (const [at, machine] of [whole, half].entries()) {
          machine.machine.onEvent = (event) => told[at]?.push(event);
          replay(machine, after, before.length + 1);
        }
        expect(half.digest()).toBe(whole.digest());
        expect(half.machine.snapshot()).toEqual(whole.machine.snapshot());
        expect(told[1]).toEqual(told[0]);
      }),
      { numRuns: 60 },
    );
  });

  test("tells different states apart by their digests", () => {
    const digests = SAMPLE.map((_command, count) => {
      const machine = new MetadataStateMachine();
      replay(machine, SAMPLE.slice(0, count + 1));
      return machine.digest();
    });
    expect(new Set(digests).size).toBe(SAMPLE.length);
  });

  test("has a digest that does not depend on the order of declarations", () => {
    const [first, second] = [new MetadataStateMachine(), new MetadataStateMachine()];
    replay(first, [...SAMPLE, declareExchange("y"), declareExchange("z")]);
    replay(second, [...SAMPLE, declareExchange("z"), declareExchange("y")]);
    expect(second.digest()).toBe(first.digest());
  });

  test("shows the state at the moment the snapshot was begun", () => {
    const machine = sample();
    const source = machine.snapshot();
    const before = machine.digest();
    const first = source.next(64) ?? new Uint8Array();
    replay(machine, [{ type: "deleteVhost", name: "/" }], 100);
    const all = [first];
    for (let piece = source.next(64); piece !== undefined; piece = source.next(64)) all.push(piece);
    expect(restored(all).digest()).toBe(before);
  });

  test("is the same machine for its readers after a restore", () => {
    const target = new MetadataStateMachine();
    const { machine } = target;
    replay(target, [{ type: "addVhost", name: "gone" }]);
    const sink = target.restore();
    for (const piece of pieces(sample(), 1000)) sink.add(piece);
    expect(machine.vhost("gone")).toBeDefined();
    sink.finish();
    expect(target.machine).toBe(machine);
    expect(machine.vhost("gone")).toBeUndefined();
    expect(machine.queue("/", "q")).toMatchObject({ name: "q" });
    expect(machine.isSetUp).toBe(true);
  });

  test("allots groups to durable queues that are not exclusive, and never twice", () => {
    const machine = sample();
    const of = (name: string): number | undefined => machine.machine.queue("/", name)?.groupId;
    const variant = (name: string, change: object): MetadataCommand => {
      const command = declareQueue(name);
      return command.type === "declareQueue"
        ? { ...command, queue: { ...command.queue, ...change } }
        : command;
    };
    replay(machine, [
      variant("transient", { durable: false }),
      variant("exclusive", { exclusiveOwner: 1 }),
      variant("told", { groupId: 999 }),
      declareQueue("q"),
      { type: "deleteQueue", vhost: "/", name: "told" },
      declareQueue("next"),
    ]);
    expect([of("q"), of("transient"), of("exclusive"), of("told"), of("next")]).toEqual([
      FIRST_QUEUE_GROUP_ID,
      undefined,
      undefined,
      undefined,
      FIRST_QUEUE_GROUP_ID + 2,
    ]);
    const later = restored(pieces(machine, 1000));
    replay(later, [declareQueue("last")]);
    expect(later.machine.queue("/", "last")?.groupId).toBe(FIRST_QUEUE_GROUP_ID + 3);
  });

  test("counts the log that a snapshot would free", () => {
    const machine = new MetadataStateMachine();
    const entries = SAMPLE.map((command, at) => entry(at + 1, command));
    for (const one of entries) machine.apply(one);
    const sum = entries.reduce((bytes, one) => bytes + entrySize(one), 0);
    expect(machine.reclaimableBytes).toBe(sum);
    const all = pieces(machine, 1000);
    expect(machine.reclaimableBytes).toBe(0);
    expect(restored(all).reclaimableBytes).toBe(0);
  });

  test("stops at a command it does not know", () => {
    const machine = sample();
    const data = Uint8Array.of(0x92, 0x01, 0x63); // [1, 99]
    const unknown = { index: 9, term: 1, type: EntryType.Command, data, crc: 0 };
    expect(() => machine.apply(unknown)).toThrow(/unknown type 99/);
  });
});

describe("submissions of nodes", () => {
  const addVhost = (name: string): MetadataCommand => ({ type: "addVhost", name });

  /** What is told, in short: "5.1:2 ok". */
  function watched(): { readonly machine: MetadataStateMachine; readonly told: string[] } {
    const machine = new MetadataStateMachine();
    const told: string[] = [];
    machine.watcher = {
      onApplied: ({ nodeId, incarnation, seq }, result) =>
        told.push(`${nodeId}.${incarnation}:${seq} ${result.ok ? "ok" : result.reason}`),
      onReplaced: () => told.push("replaced"),
    };
    return { machine, told };
  }

  function namesOf({ machine }: MetadataStateMachine): string[] {
    return machine.vhosts().map(({ record }) => record.name);
  }

  test("are applied once and in order, whatever else comes", () => {
    const { machine, told } = watched();
    machine.apply(submission(2, addVhost("early")));
    machine.apply(submission(1, addVhost("a")));
    machine.apply(submission(1, addVhost("again")));
    machine.apply(submission(1, addVhost("other"), { nodeId: 6 }));
    machine.apply(submission(2, { type: "deleteVhost", name: "none" }));
    machine.apply(submission(4, addVhost("gap")));
    machine.apply(submission(3, addVhost("b")));
    expect(namesOf(machine)).toEqual(["a", "b", "other"]);
    expect(told).toEqual(["5.1:1 ok", "6.1:1 ok", "5.1:2 no_such_vhost", "5.1:3 ok"]);
  });

  test("start again in a new life of the node, and those of an earlier one are over", () => {
    const { machine } = watched();
    machine.apply(submission(1, addVhost("a"), { incarnation: 4 }));
    machine.apply(submission(2, addVhost("gap"), { incarnation: 7 }));
    machine.apply(submission(2, addVhost("b"), { incarnation: 4 }));
    machine.apply(submission(1, addVhost("c"), { incarnation: 7 }));
    machine.apply(submission(3, addVhost("late"), { incarnation: 4 }));
    expect(namesOf(machine)).toEqual(["a", "b", "c"]);
    const { origins } = machine;
    expect([3, 4, 7, 8].map((incarnation) => origins.applied({ nodeId: 5, incarnation }))).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      1,
      0,
    ]);
  });

  test("that were given up use their number", () => {
    const { machine, told } = watched();
    machine.apply(submission(1, undefined));
    machine.apply(submission(1, addVhost("late")));
    machine.apply(submission(2, addVhost("a")));
    expect(namesOf(machine)).toEqual(["a"]);
    expect(told).toEqual(["5.1:1 ok", "5.1:2 ok"]);
  });

  test("of a removed node count no more", () => {
    const { machine, told } = watched();
    for (const nodeId of [1, 5]) {
      const name = `n${nodeId}@h`;
      machine.apply(entry(nodeId, { type: "memberStarted", nodeId, name, address: "h:1" }));
    }
    machine.apply(submission(1, addVhost("a")));
    machine.apply(submission(1, { type: "removeMember", nodeId: 5 }, { nodeId: 1 }));
    machine.apply(submission(2, addVhost("b")));
    machine.apply(submission(1, addVhost("c"), { incarnation: 2 }));
    expect(namesOf(machine)).toEqual(["a"]);
    expect(told).toEqual(["5.1:1 ok", "1.1:1 ok"]);
    expect(machine.origins.records().map(({ nodeId }) => nodeId)).toEqual([1]);
  });

  test("are part of snapshot and digest", () => {
    const { machine } = watched();
    machine.apply(submission(1, addVhost("a")));
    const digest = machine.digest();
    machine.apply(submission(2, addVhost("a")));
    expect(machine.digest()).not.toBe(digest);
    const { machine: copy, told } = watched();
    const sink = copy.restore();
    for (const piece of pieces(machine, 7)) sink.add(piece);
    const events: string[] = [];
    copy.machine.onEvent = ({ type }) => events.push(type);
    sink.finish();
    expect(events).toEqual(["replaced"]);
    expect(copy.digest()).toBe(machine.digest());
    copy.apply(submission(2, addVhost("again")));
    copy.apply(submission(3, addVhost("b")));
    expect(namesOf(copy)).toEqual(["a", "b"]);
    expect(told).toEqual(["replaced", "5.1:3 ok"]);
  });

  test("with a head that is cut or of another version stop the replica", () => {
    const { data } = submission(1, addVhost("a"));
    const machine = new MetadataStateMachine();
    for (let size = 1; size < data.length; size++) {
      if (size === 16) continue; // That one was given up.
      const cut = { ...submission(1, undefined), data: data.subarray(0, size) };
      expect(() => machine.apply(cut), `cut at ${size}`).toThrow(
        expect.objectContaining({ name: "MetadataCodecError" }),
      );
    }
    const other = data.slice();
    other[1] = 9;
    expect(() => machine.apply({ ...submission(1, undefined), data: other })).toThrow(
      "a metadata entry has version 9; this program knows 1",
    );
  });
});

describe("a damaged snapshot", () => {
  const bytes = (): Uint8Array => Buffer.concat(pieces(sample(), 1000));

  test("that ends anywhere is refused, and the state stays", () => {
    const whole = bytes();
    for (let size = 0; size < whole.length; size++) {
      const machine = sample();
      const before = machine.digest();
      expect(() => {
        const sink = machine.restore();
        sink.add(whole.subarray(0, size));
        sink.finish();
      }, `cut at ${size}`).toThrow();
      expect(machine.digest()).toBe(before);
    }
  });

  test("with changed bytes is refused, or is a state as good as any", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), (at, value) => {
        const copy = bytes().slice();
        copy[at % copy.length] = value;
        try {
          restored(pieces(restored([copy]), 1000));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each<[string, RegExp, (list: Uint8Array[]) => Uint8Array[]]>([
    ["goes on behind its end", /behind its end/, (list) => [...list, ...list.slice(-1)]],
    ["lacks a record", /records instead of/, (list) => [...list.slice(0, 3), ...list.slice(4)]],
    ["is something else", /should be one of leveret metadata/, (list) => list.slice(1)],
    ["has bindings without their vhost", /does not start with a vhost/, withoutVhost],
    ["has a thing twice", /and once/, (list) => twice(list)],
  ])("that %s is refused", (_what, text, change) => {
    expect(() => restored(change(records(bytes())))).toThrow(text);
  });

  function withoutVhost(list: Uint8Array[]): Uint8Array[] {
    return [...list.slice(0, 1), ...list.slice(2)];
  }

  /** A record in the place of the one before it: the number is right. */
  function twice(list: Uint8Array[]): Uint8Array[] {
    const at = list.findIndex((record) => Buffer.from(record).includes("amq.direct"));
    const [record] = list.slice(at, at + 1);
    return record === undefined ? list : [...list.slice(0, at - 1), record, ...list.slice(at)];
  }

  function records(all: Uint8Array): Uint8Array[] {
    const list: Uint8Array[] = [];
    for (let rest = Buffer.from(all); rest.length > 0; ) {
      const end = 4 + rest.readUInt32LE(0);
      list.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    return list;
  }
});
