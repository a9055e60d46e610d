import { type Case, type Group, onChannel } from "../script/session.ts";
import { type FieldTable, typed } from "../wire/field-value.ts";

function declared(name: string, table: FieldTable, durable = false): Case {
  return onChannel("3.5", `argument ${name}`, async (ch, n) => {
    await ch.queue(n("q"), { durable, arguments: table });
  });
}

const QUORUM: FieldTable = { "x-queue-type": "quorum" };

function quorum(name: string, table: FieldTable = {}, flags: object = {}): Case {
  return onChannel("3.5", `quorum queue: ${name}`, async (ch, n) => {
    await ch.queue(n("q"), { durable: true, arguments: { ...QUORUM, ...table }, ...flags });
  });
}

const NUMERIC = [
  "x-expires",
  "x-message-ttl",
  "x-max-length",
  "x-max-length-bytes",
  "x-max-priority",
];

/** Validation of the arguments of queue.declare. */
export const queueArguments: Group = {
  name: "queue-arguments",
  cases: [
    ...NUMERIC.map((key) => declared(`${key}: a string is refused`, { [key]: "10" })),
    ...NUMERIC.map((key) => declared(`${key}: a negative value is refused`, { [key]: -10 })),
    ...NUMERIC.map((key) => declared(`${key}: zero`, { [key]: 0 })),
    ...NUMERIC.map((key) => declared(`${key}: a double is refused`, { [key]: typed("d", 10) })),
    ...["x-expires", "x-message-ttl"].map((key) =>
      declared(`${key}: more than ten years is refused`, { [key]: typed("l", 315360000001) }),
    ),
    ...["x-expires", "x-message-ttl"].map((key) =>
      declared(`${key}: ten years are accepted`, { [key]: typed("l", 315360000000) }),
    ),
    declared("x-message-ttl: a boolean is refused", { "x-message-ttl": true }),
    declared("x-message-ttl: void is refused", { "x-message-ttl": null }),
    declared("x-message-ttl: a table is refused", { "x-message-ttl": {} }),
    declared("x-message-ttl: an array is refused", { "x-message-ttl": [] }),
    declared("x-message-ttl: a timestamp is refused", { "x-message-ttl": typed("T", 10) }),
    declared("x-message-ttl: a float is refused", { "x-message-ttl": typed("f", 10) }),
    declared("x-message-ttl: bytes are refused", { "x-message-ttl": typed("x", "10") }),
    declared("x-max-priority: 255 is accepted", { "x-max-priority": 255 }),
    declared("x-max-priority: 256 is refused", { "x-max-priority": 256 }),
    declared("x-dead-letter-exchange: a number is refused", { "x-dead-letter-exchange": 5 }),
    declared("x-dead-letter-exchange: a byte is refused", {
      "x-dead-letter-exchange": typed("b", 5),
    }),
    declared("x-dead-letter-exchange: a missing exchange is fine", {
      "x-dead-letter-exchange": "nosuch",
    }),
    declared("x-dead-letter-routing-key: a number is refused", {
      "x-dead-letter-exchange": "a",
      "x-dead-letter-routing-key": 5,
    }),
    declared("x-dead-letter-routing-key: refused without an exchange", {
      "x-dead-letter-routing-key": "k",
    }),
    declared("x-overflow: an unknown value is refused", { "x-overflow": "zzz" }),
    declared("x-overflow: a number is refused", { "x-overflow": 1 }),
    ...["drop-head", "reject-publish", "reject-publish-dlx"].map((value) =>
      declared(`x-overflow: ${value} is accepted`, { "x-overflow": value }),
    ),
    declared("x-single-active-consumer: a string is refused", {
      "x-single-active-consumer": "yes",
    }),
    declared("x-single-active-consumer: a number is refused", { "x-single-active-consumer": 1 }),
    declared("x-queue-type: an unknown value is refused", { "x-queue-type": "foo" }),
    declared("x-queue-type: a number is refused", { "x-queue-type": 5 }),
    declared("x-queue-mode: an unknown value is refused", { "x-queue-mode": "zzz" }),
    declared("x-queue-mode: lazy is accepted", { "x-queue-mode": "lazy" }),
    declared("x-queue-mode: a number is refused", { "x-queue-mode": 5 }),
    declared("x-queue-version: 3 is refused", { "x-queue-version": 3 }),
    declared("x-queue-version: a string is refused", { "x-queue-version": "2" }),
    declared("x-queue-master-locator: an unknown value is refused", {
      "x-queue-master-locator": "zzz",
    }),
    declared("x-queue-master-locator: min-masters is accepted", {
      "x-queue-master-locator": "min-masters",
    }),
    declared("x-queue-leader-locator: an unknown value is refused", {
      "x-queue-leader-locator": "zzz",
    }),
    ...[
      "x-delivery-limit",
      "x-quorum-initial-group-size",
      "x-max-age",
      "x-stream-max-segment-size-bytes",
      "x-max-in-memory-length",
    ].map((key) => declared(`${key}: refused on a classic queue`, { [key]: 5 })),
    declared("unknown x-arguments are accepted", { "x-foo": "bar", other: 5 }),
    quorum("declared"),
    quorum("not durable is refused", {}, { durable: false }),
    quorum("exclusive is refused", {}, { exclusive: true }),
    quorum("auto-delete is refused", {}, { autoDelete: true }),
    ...[
      "x-max-priority",
      "x-queue-mode",
      "x-queue-version",
      "x-queue-master-locator",
      "x-max-age",
    ].map((key) => quorum(`${key} is refused`, { [key]: key === "x-queue-mode" ? "lazy" : 2 })),
    quorum("overflow reject-publish-dlx is refused", { "x-overflow": "reject-publish-dlx" }),
    quorum("overflow reject-publish is accepted", { "x-overflow": "reject-publish" }),
    quorum("a negative delivery limit is refused", { "x-delivery-limit": -1 }),
    quorum("a delivery limit that is a string is refused", { "x-delivery-limit": "x" }),
    quorum("an initial group size of 0 is refused", { "x-quorum-initial-group-size": 0 }),
    quorum("an unknown dead letter strategy is refused", { "x-dead-letter-strategy": "zzz" }),
    quorum("dead letter strategy at-most-once is accepted", {
      "x-dead-letter-strategy": "at-most-once",
    }),
    quorum("x-message-ttl is accepted", { "x-message-ttl": 60000 }),
    quorum("x-expires is accepted", { "x-expires": 60000 }),
    onChannel("3.5", "quorum queue: a server-named one is refused", async (ch) => {
      await ch.call("queue.declare", { queue: "", durable: true, arguments: QUORUM });
    }),
    onChannel("3.5", "quorum queue: declared again with and without a limit", async (ch, n) => {
      const limited = { ...QUORUM, "x-delivery-limit": 5 };
      await ch.queue(n("q"), { durable: true, arguments: limited });
      await ch.queue(n("q"), { durable: true, arguments: limited });
      await ch.queue(n("q"), { durable: true, arguments: QUORUM });
    }),
    onChannel("3.5", "quorum queue: a classic redeclare is inequivalent", async (ch, n) => {
      await ch.queue(n("q"), { durable: true, arguments: QUORUM });
      await ch.queue(n("q"), { durable: true });
    }),
    onChannel("3.5", "stream queue: declared", async (ch, n) => {
      await ch.queue(n("q"), { durable: true, arguments: { "x-queue-type": "stream" } });
    }),
  ],
};
