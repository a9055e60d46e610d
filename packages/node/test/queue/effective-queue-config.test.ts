import { type FieldTable, type FieldValue, longstr } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import type { PolicyDefinition } from "../../src/metadata/records.ts";
import { effectiveQueueConfig } from "../../src/queue/effective-queue-config.ts";
import { CLASSIC } from "./machine-rig.ts";

function args(entries: Record<string, number | string | boolean>): FieldTable {
  return new Map(
    Object.entries(entries).map(([key, value]): [string, FieldValue] => {
      if (typeof value === "string") return [key, longstr(value)];
      if (typeof value === "boolean") return [key, { type: "bool", value }];
      return [key, { type: "long", value }];
    }),
  );
}

function policy(entries: Record<string, number | string>): PolicyDefinition {
  return new Map(Object.entries(entries));
}

describe("effectiveQueueConfig", () => {
  test("limits nothing by default", () => {
    expect(effectiveQueueConfig("classic", false, args({}), undefined, undefined)).toEqual(CLASSIC);
  });

  test.each([
    ["message-ttl", "messageTtlMs"],
    ["expires", "expiresMs"],
    ["max-length", "maxLength"],
    ["max-length-bytes", "maxLengthBytes"],
    ["delivery-limit", "deliveryLimit"],
  ] as const)("the smallest %s of argument, policy and operator policy wins", (key, field) => {
    const limitOf = (argument: number, some: number, operator: number): number | undefined =>
      effectiveQueueConfig(
        "quorum",
        false,
        args({ [`x-${key}`]: argument }),
        policy({ [key]: some }),
        policy({ [key]: operator }),
      )[field];
    expect([limitOf(1, 2, 3), limitOf(3, 1, 2), limitOf(2, 3, 1)]).toEqual([1, 1, 1]);
    const merged = effectiveQueueConfig("quorum", false, args({}), policy({ [key]: 4 }), undefined);
    expect(merged[field]).toBe(4);
  });

  test("an argument wins over the policy for everything else", () => {
    const some = policy({
      overflow: "reject-publish",
      "dead-letter-exchange": "policy",
      "dead-letter-routing-key": "policy",
    });
    const own = args({ "x-overflow": "drop-head", "x-dead-letter-exchange": "" });
    expect(effectiveQueueConfig("classic", true, own, some, undefined)).toMatchObject({
      autoDelete: true,
      overflow: "drop-head",
      deadLetterExchange: "",
      deadLetterRoutingKey: "policy",
    });
  });

  test("an operator policy sets limits only", () => {
    const operator = policy({
      overflow: "reject-publish",
      "dead-letter-exchange": "x",
      expires: 5,
    });
    const config = effectiveQueueConfig("classic", false, args({}), undefined, operator);
    expect(config).toEqual({ ...CLASSIC, expiresMs: 5 });
  });

  test("priorities and single active consumer come from arguments only", () => {
    const own = args({ "x-max-priority": 9, "x-single-active-consumer": true });
    const some = policy({ "max-priority": 3 });
    expect(effectiveQueueConfig("classic", false, own, some, undefined)).toMatchObject({
      maxPriority: 9,
      singleActiveConsumer: true,
    });
    expect(effectiveQueueConfig("classic", false, args({}), some, undefined)).toEqual(CLASSIC);
  });

  test("only quorum queues have a delivery limit, and a negative one is none", () => {
    const some = policy({ "delivery-limit": 3 });
    expect(
      effectiveQueueConfig("classic", false, args({}), some, undefined).deliveryLimit,
    ).toBeUndefined();
    const own = args({ "x-delivery-limit": -1 });
    expect(
      effectiveQueueConfig("quorum", false, own, undefined, undefined).deliveryLimit,
    ).toBeUndefined();
  });

  test("reject-publish-dlx drops heads in a quorum queue", () => {
    const own = args({ "x-overflow": "reject-publish-dlx" });
    const overflowOf = (type: "classic" | "quorum"): string =>
      effectiveQueueConfig(type, false, own, undefined, undefined).overflow;
    expect([overflowOf("classic"), overflowOf("quorum")]).toEqual([
      "reject-publish-dlx",
      "drop-head",
    ]);
  });
});
