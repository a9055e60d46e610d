import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { QueueConfig } from "../../src/queue/queue-config.ts";
import { CLASSIC } from "./machine-rig.ts";
import { QueueModel } from "./queue-machine-model.ts";

type Command = (model: QueueModel) => void;

const index = fc.nat(7);
const number = fc.integer({ min: 0, max: 12 });
const session = fc.integer({ min: 1, max: 3 });

const publish = fc
  .record({
    size: fc.nat(5),
    priority: fc.nat(4),
    expirationMs: fc.constantFrom(-1, -1, -1, 0, 3, 10),
  })
  .map(({ size, priority, expirationMs }): [string, Command] => [
    `publish ${size} ${priority} ${expirationMs}`,
    (model) => model.publish(size, priority, expirationMs),
  ]);

const attach = fc
  .record({
    context: fc.nat(99),
    sessionId: session,
    noAck: fc.boolean(),
    exclusive: fc.constantFrom(false, false, false, true),
    prefetch: fc.constantFrom(0, 1, 2, 5),
    priority: fc.constantFrom(0, 0, 0, 1, -1),
    needsCredit: fc.constantFrom(false, false, false, true),
  })
  .map((spec): [string, Command] => [
    `attach ${JSON.stringify(spec)}`,
    (model) => model.attach(spec),
  ]);

const settle = fc
  .tuple(index, number, number, fc.constantFrom("ack", "requeue", "discard"))
  .map(([i, from, to, how]): [string, Command] => [
    `${how} ${i} ${from}..${to}`,
    (model) => model.settle(i, from, to, how),
  ]);

const onConsumer = fc
  .tuple(index, fc.constantFrom("start", "detach", "pause", "unpause", "grant"))
  .map(([i, what]): [string, Command] => [
    `${what} ${i}`,
    (model) => {
      if (what === "start") model.start(i);
      else if (what === "detach") model.detach(i);
      else if (what === "grant") model.grant(i);
      else model.pause(i, what === "pause");
    },
  ]);

const start = index.map((i): [string, Command] => [`start ${i}`, (model) => model.start(i)]);

const onQueue = fc
  .tuple(
    fc.constantFrom("get", "get-no-ack", "close", "recover", "resume", "tick", "advance", "purge"),
    session,
    fc.nat(6),
  )
  .map(([what, sessionId, byMs]): [string, Command] => [
    `${what} ${sessionId} ${byMs}`,
    (model) => {
      if (what === "get" || what === "get-no-ack") model.get(sessionId, what === "get-no-ack");
      else if (what === "close" || what === "recover") model.endSession(sessionId, what);
      else if (what === "resume") model.resume();
      else if (what === "tick") model.tick();
      else if (what === "advance") model.advance(byMs);
      else if (byMs === 0) model.purge();
    },
  ]);

const commands = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: publish },
    { weight: 2, arbitrary: attach },
    { weight: 2, arbitrary: start },
    { weight: 4, arbitrary: settle },
    { weight: 2, arbitrary: onConsumer },
    { weight: 3, arbitrary: onQueue },
  ),
  { maxLength: 120, size: "max" },
);

const optional = (...values: number[]): fc.Arbitrary<number | undefined> =>
  fc.constantFrom(undefined, undefined, ...values);

const config: fc.Arbitrary<QueueConfig> = fc
  .record({
    type: fc.constantFrom("classic" as const, "quorum" as const),
    autoDelete: fc.boolean(),
    messageTtlMs: optional(0, 5),
    expiresMs: optional(8),
    maxLength: optional(0, 1, 4),
    maxLengthBytes: optional(0, 6),
    overflow: fc.constantFrom(
      "drop-head" as const,
      "reject-publish" as const,
      "reject-publish-dlx" as const,
    ),
    deadLetterExchange: fc.constantFrom(undefined, "dlx"),
    maxPriority: optional(0, 3),
    singleActiveConsumer: fc.constantFrom(false, false, true),
    deliveryLimit: optional(0, 2),
  })
  .map((some) => ({
    ...CLASSIC,
    ...some,
    maxPriority: some.type === "classic" ? some.maxPriority : undefined,
  }));

function play(settings: QueueConfig, script: readonly [string, Command][]): QueueModel {
  const model = new QueueModel(settings);
  for (const [name, command] of script) {
    model.trace.push(`> ${name}`);
    command(model);
    model.checkInvariants();
  }
  return model;
}

describe("QueueMachine against a naive model", () => {
  test("any commands keep order, counters, limits and ownership, and close releases all", () => {
    fc.assert(
      fc.property(config, commands, (settings, script) => {
        play(settings, script).close();
      }),
      { numRuns: 1000 },
    );
  });

  test("the same commands have the same effects", () => {
    fc.assert(
      fc.property(config, commands, (settings, script) => {
        expect(play(settings, script).trace).toEqual(play(settings, script).trace);
      }),
      { numRuns: 200 },
    );
  });
});
