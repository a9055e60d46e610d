import { ChannelError, type FieldTable, type FieldValue, longstr } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import type { QueueRecord } from "../../src/metadata/records.ts";
import {
  assertQueueEquivalence,
  type QueueProperties,
  queueTypeOf,
  validateQueueArguments,
} from "../../src/queue/queue-arguments.ts";
import type { QueueType } from "../../src/queue/queue-config.ts";

const TEXT = longstr("foo");
const DURABLE: QueueProperties = { durable: true, exclusive: false, autoDelete: false };

function byte(value: number): FieldValue {
  return { type: "byte", value };
}

function long(value: number): FieldValue {
  return { type: "long", value };
}

function bool(value: boolean): FieldValue {
  return { type: "bool", value };
}

function table(entries: Record<string, FieldValue>): FieldTable {
  return new Map(Object.entries(entries));
}

/** The reply text without its code; undefined: accepted. */
function refusalOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    expect(error.replyCode).toBe(406);
    return error.message.replace("PRECONDITION_FAILED - ", "");
  }
}

function refusalOfNew(
  type: QueueType,
  entries: Record<string, FieldValue>,
  properties: Partial<QueueProperties> = {},
): string | undefined {
  return refusalOf(() =>
    validateQueueArguments("/", "q", type, table(entries), { ...DURABLE, ...properties }),
  );
}

describe("validateQueueArguments (texts of RabbitMQ 3.10.8)", () => {
  test.each<[string, FieldValue, string]>([
    ["x-expires", TEXT, '"expected integer, got longstr"'],
    ["x-expires", byte(-1), "{value_negative,-1}"],
    ["x-expires", byte(0), "{value_zero,0}"],
    ["x-expires", long(315_360_000_001), "{value_too_large,315360000001}"],
    ["x-expires", { type: "timestamp", value: 5 }, '"expected integer, got timestamp"'],
    ["x-message-ttl", { type: "double", value: 1.5 }, '"expected integer, got double"'],
    ["x-message-ttl", { type: "void", value: null }, '"expected integer, got void"'],
    ["x-message-ttl", byte(-20), "{value_negative,-20}"],
    ["x-message-ttl", long(315_360_000_001), "{value_too_large,315360000001}"],
    ["x-max-length", byte(-1), "{value_negative,-1}"],
    ["x-max-length-bytes", bool(true), '"expected integer, got bool"'],
    ["x-max-priority", byte(-10), "{value_negative,-10}"],
    ["x-max-priority", { type: "short", value: 256 }, "{max_value_exceeded,256}"],
    ["x-dead-letter-routing-key", TEXT, "routing_key_but_no_dlx_defined"],
    ["x-dead-letter-routing-key", byte(1), "{unacceptable_type,byte}"],
    ["x-overflow", TEXT, "invalid_overflow"],
    ["x-overflow", byte(1), "{unacceptable_type,byte}"],
    ["x-queue-mode", TEXT, "\"unsupported queue mode 'foo'\""],
    ["x-queue-mode", bool(true), "{unacceptable_type,bool}"],
    ["x-queue-version", byte(3), "\"unsupported queue version '3'\""],
    ["x-queue-version", byte(-1), "{value_negative,-1}"],
    ["x-queue-version", TEXT, '"expected integer, got longstr"'],
    ["x-single-active-consumer", TEXT, "{unacceptable_type,longstr}"],
  ])("a classic queue refuses a wrong %s", (key, value, term) => {
    expect(refusalOfNew("classic", { [key]: value })).toBe(
      `invalid arg '${key}' for queue 'q' in vhost '/': ${term}`,
    );
  });

  test.each<[string, FieldValue, string]>([
    ["x-quorum-initial-group-size", byte(0), "{value_zero,0}"],
    ["x-dead-letter-strategy", TEXT, "invalid_dlx_strategy"],
    ["x-max-in-memory-length", byte(-1), "{value_negative,-1}"],
    ["x-queue-leader-locator", TEXT, "invalid_queue_locator_arg"],
    ["x-queue-leader-locator", byte(1), "{unacceptable_type,byte}"],
  ])("a quorum queue refuses a wrong %s", (key, value, term) => {
    expect(refusalOfNew("quorum", { [key]: value })).toBe(
      `invalid arg '${key}' for queue 'q' in vhost '/': ${term}`,
    );
  });

  test.each<[QueueType, string, FieldValue]>([
    ["classic", "x-expires", long(315_360_000_000)],
    ["classic", "x-message-ttl", byte(0)],
    ["classic", "x-max-priority", { type: "unsignedbyte", value: 255 }],
    ["classic", "x-overflow", longstr("reject-publish-dlx")],
    ["classic", "x-queue-mode", longstr("lazy")],
    ["classic", "x-dead-letter-exchange", longstr("")],
    ["classic", "x-unknown", TEXT],
    ["classic", "x-queue-leader-locator", longstr("client-local")], // Since 3.13.
    ["classic", "x-queue-master-locator", longstr("min-masters")],
    ["classic", "x-cancel-on-ha-failover", TEXT],
    ["quorum", "x-delivery-limit", TEXT],
    ["quorum", "x-overflow", longstr("reject-publish-dlx")],
    ["quorum", "x-queue-leader-locator", longstr("balanced")],
  ])("a %s queue accepts %s as RabbitMQ does", (type, key, value) => {
    expect(refusalOfNew(type, { [key]: value })).toBeUndefined();
  });

  test.each<[QueueType, string]>([
    ["classic", "x-delivery-limit"],
    ["classic", "x-max-age"],
    ["quorum", "x-max-priority"],
    ["quorum", "x-queue-mode"],
    ["quorum", "x-queue-master-locator"],
  ])("a %s queue refuses the argument %s of another type", (type, key) => {
    expect(refusalOfNew(type, { [key]: byte(1) })).toBe(
      `invalid arg '${key}' for queue 'q' in vhost '/' of queue type rabbit_${type}_queue`,
    );
  });

  test("a quorum queue refuses auto-delete, then exclusive, then transient", () => {
    const refused = [
      { autoDelete: true, exclusive: true, durable: false },
      { exclusive: true, durable: false },
      { durable: false },
    ].map((properties) => refusalOfNew("quorum", {}, properties));
    expect(refused).toEqual(
      ["auto-delete", "exclusive-owner", "non-durable"].map(
        (name) => `invalid property '${name}' for queue 'q' in vhost '/'`,
      ),
    );
  });

  test("the dead-letter exchange's type comes first, then values, foreign arguments, properties", () => {
    const faults = { "x-max-priority": byte(1), "x-max-length": byte(-1), "x-expires": byte(0) };
    expect(refusalOfNew("quorum", { ...faults, "x-dead-letter-exchange": byte(1) })).toBe(
      "invalid type 'byte' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'",
    );
    expect(refusalOfNew("quorum", faults)).toContain("'x-expires'");
    expect(refusalOfNew("quorum", { "x-max-priority": byte(1) }, { durable: false })).toContain(
      "'x-max-priority'",
    );
  });
});

describe("queueTypeOf", () => {
  test("is classic unless the argument says quorum", () => {
    expect(queueTypeOf(table({}), "q", "/")).toBe("classic");
    expect(queueTypeOf(table({ "x-queue-type": longstr("classic") }), "q", "/")).toBe("classic");
    expect(queueTypeOf(table({ "x-queue-type": longstr("quorum") }), "q", "/")).toBe("quorum");
  });

  test.each<[FieldValue, string]>([
    [TEXT, "\"unsupported queue type 'foo'\""],
    [byte(1), "{unacceptable_type,byte}"],
    [longstr("stream"), '"streams are not supported"'],
  ])("refuses other values with 406", (value, term) => {
    expect(refusalOf(() => queueTypeOf(table({ "x-queue-type": value }), "q", "/"))).toBe(
      `invalid arg 'x-queue-type' for queue 'q' in vhost '/': ${term}`,
    );
  });
});

describe("assertQueueEquivalence", () => {
  function record(
    entries: Record<string, FieldValue>,
    more: Partial<QueueRecord> = {},
  ): QueueRecord {
    return {
      vhost: "/",
      name: "q",
      type: "classic",
      durable: true,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: table(entries),
      ...more,
    };
  }

  function difference(existing: QueueRecord, requested: QueueRecord): string | undefined {
    return refusalOf(() => assertQueueEquivalence(existing, requested));
  }

  test("accepts the same again, in other integer types too", () => {
    const first = record({ "x-message-ttl": { type: "short", value: 1000 } });
    expect(difference(first, record({ "x-message-ttl": long(1000) }))).toBeUndefined();
  });

  test.each<[string, QueueRecord, QueueRecord, string]>([
    [
      "durable before all",
      record({}),
      record({ "x-expires": byte(1) }, { durable: false, autoDelete: true }),
      "'durable' for queue 'q' in vhost '/': received 'false' but current is 'true'",
    ],
    [
      "auto_delete",
      record({}),
      record({}, { autoDelete: true }),
      "'auto_delete' for queue 'q' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      "a value",
      record({ "x-max-length": byte(99) }),
      record({ "x-max-length": byte(10) }),
      "'x-max-length' for queue 'q' in vhost '/': received '10' but current is '99'",
    ],
    [
      "a missing argument",
      record({ "x-max-length": byte(99) }),
      record({}),
      "'x-max-length' for queue 'q' in vhost '/': received none but current is the value '99' of type 'byte'",
    ],
    [
      "the first in RabbitMQ's order",
      record({}),
      record({ "x-overflow": TEXT, "x-max-priority": byte(2) }),
      "'x-max-priority' for queue 'q' in vhost '/': received the value '2' of type 'byte' but current is none",
    ],
    [
      "the type",
      record({}),
      record({ "x-queue-type": longstr("quorum") }, { type: "quorum" }),
      "'x-queue-type' for queue 'q' in vhost '/': received the value 'quorum' of type 'longstr' but current is none",
    ],
  ])("tells of %s", (_what, existing, requested, text) => {
    expect(difference(existing, requested)).toBe(`inequivalent arg ${text}`);
  });

  test("does not compare unknown arguments, those of other types, nor an explicit classic type", () => {
    const odd = {
      "x-foo": byte(1),
      "x-delivery-limit": byte(3),
      "x-queue-type": longstr("classic"),
    };
    expect(difference(record({}), record(odd))).toBeUndefined();
    expect(difference(record(odd), record({}))).toBeUndefined();
  });

  test("ignores durable of an exclusive queue", () => {
    const mine = { exclusiveOwner: 7 };
    expect(difference(record({}, mine), record({}, { ...mine, durable: false }))).toBeUndefined();
  });
});
