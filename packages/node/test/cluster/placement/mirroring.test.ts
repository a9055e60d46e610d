import type { FieldTable } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import { leaderLocatorOf } from "../../../src/cluster/placement/leader-locator.ts";
import { type MirroredQueue, mirroringOf } from "../../../src/cluster/placement/mirroring.ts";
import type { JsonValue } from "../../../src/metadata/json-value.ts";
import type { PolicyRecord } from "../../../src/metadata/records.ts";

const NO_ARGS: FieldTable = new Map();

function queue(change: Partial<MirroredQueue> = {}): MirroredQueue {
  const plain = { type: "classic", durable: true, exclusiveOwner: undefined } as const;
  return { ...plain, arguments: NO_ARGS, ...change };
}

function policy(definition: Readonly<Record<string, JsonValue>>): PolicyRecord {
  return {
    vhost: "/",
    name: "p",
    pattern: "",
    applyTo: "all",
    priority: 0,
    definition: new Map(Object.entries(definition)),
  };
}

describe("the mirroring of a queue", () => {
  test.each([
    [{}, { mode: "none" }],
    [{ "ha-mode": "all" }, { mode: "all", sync: "manual" }],
    [
      { "ha-mode": "all", "ha-sync-mode": "automatic" },
      { mode: "all", sync: "automatic" },
    ],
    [
      { "ha-mode": "exactly", "ha-params": 2 },
      { mode: "exactly", count: 2, sync: "manual" },
    ],
    [
      { "ha-mode": "nodes", "ha-params": ["a@h", "b@h"] },
      { mode: "nodes", nodes: ["a@h", "b@h"], sync: "manual" },
    ],
  ])("is what its policy says: %j", (definition, expected) => {
    expect(mirroringOf(queue(), policy(definition), undefined)).toEqual(expected);
  });

  test("is none without a log that others could follow, nor for exclusive queues", () => {
    const all = policy({ "ha-mode": "all" });
    expect(mirroringOf(queue({ durable: false }), all, undefined)).toEqual({ mode: "none" });
    expect(mirroringOf(queue({ exclusiveOwner: 1 }), all, undefined)).toEqual({ mode: "none" });
  });

  test("of a quorum queue is its size, whatever policies say", () => {
    const all = policy({ "ha-mode": "all" });
    const sized = new Map([
      ["x-quorum-initial-group-size", { type: "signedint", value: 5 } as const],
    ]);
    expect(mirroringOf(queue({ type: "quorum" }), all, undefined)).toEqual({
      mode: "quorum",
      count: 3,
    });
    expect(mirroringOf(queue({ type: "quorum", arguments: sized }), all, undefined)).toEqual({
      mode: "quorum",
      count: 5,
    });
  });

  test.each([
    [{ "ha-mode": "nodes", "ha-params": ["a@h"] }, { "ha-mode": "all" }, { mode: "all" }],
    [{ "ha-mode": "all" }, { "ha-mode": "exactly", "ha-params": 2 }, { mode: "all" }],
    [
      { "ha-mode": "exactly", "ha-params": 2 },
      { "ha-mode": "exactly", "ha-params": 3 },
      { mode: "exactly", count: 3 },
    ],
    [
      { "ha-mode": "nodes", "ha-params": ["a@h"] },
      { "ha-mode": "exactly", "ha-params": 3 },
      { mode: "exactly", count: 3 },
    ],
    [
      { "ha-mode": "nodes", "ha-params": ["a@h"] },
      { "ha-mode": "nodes", "ha-params": ["b@h", "c@h"] },
      { mode: "nodes", nodes: ["b@h", "c@h"] },
    ],
  ])("merges policy %j and operator policy %j", (own, operators, expected) => {
    expect(mirroringOf(queue(), policy(own), policy(operators))).toMatchObject(expected);
    expect(mirroringOf(queue(), policy(operators), policy(own))).toMatchObject(expected);
  });

  test("takes the operator's way of synchronising", () => {
    const own = policy({ "ha-mode": "all", "ha-sync-mode": "manual" });
    const operators = policy({ "ha-mode": "all", "ha-sync-mode": "automatic" });
    expect(mirroringOf(queue(), own, operators)).toMatchObject({ sync: "automatic" });
  });
});

describe("the leader locator", () => {
  const argument = (key: string, value: string): FieldTable =>
    new Map([[key, { type: "longstr", value: Buffer.from(value) } as const]]);

  test("comes from the argument, then the policies, then the configuration", () => {
    const balanced = policy({ "queue-leader-locator": "balanced" });
    expect(leaderLocatorOf(NO_ARGS, [])).toBe("client-local");
    expect(leaderLocatorOf(NO_ARGS, [], "random")).toBe("random");
    expect(leaderLocatorOf(NO_ARGS, [undefined, balanced], "random")).toBe("balanced");
    const args = argument("x-queue-leader-locator", "client-local");
    expect(leaderLocatorOf(args, [balanced], "random")).toBe("client-local");
  });

  test("knows the words of classic queues", () => {
    expect(leaderLocatorOf(argument("x-queue-master-locator", "min-masters"), [])).toBe("balanced");
    expect(leaderLocatorOf(NO_ARGS, [policy({ "queue-master-locator": "random" })])).toBe("random");
  });
});
