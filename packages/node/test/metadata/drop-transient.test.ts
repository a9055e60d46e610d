import { expect, test } from "vitest";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import { bind, brief, declareExchange, declareQueue, newMachine } from "./metadata-commands.ts";

function queue(name: string, change: object): MetadataCommand {
  const command = declareQueue(name);
  return command.type === "declareQueue"
    ? { ...command, queue: { ...command.queue, ...change } }
    : command;
}

function transientExchange(name: string): MetadataCommand {
  const command = declareExchange(name);
  return command.type === "declareExchange"
    ? { ...command, exchange: { ...command.exchange, durable: false } }
    : command;
}

test("what is transient goes with its bindings, in an order that does not depend on history", () => {
  const { machine, events } = newMachine();
  for (const command of [
    declareExchange("durable"),
    transientExchange("gone"),
    declareQueue("kept"),
    queue("b transient", { durable: false }),
    queue("a exclusive", { exclusiveOwner: 7 }),
    bind("durable", "q:kept", "stays"),
    bind("durable", "q:b transient", "1"),
    bind("durable", "q:a exclusive", "2"),
    bind("gone", "q:kept", "3"),
    bind("durable", "e:gone", "4"),
    bind("gone", "e:durable", "5"),
  ]) {
    expect(machine.apply(command)).toEqual({ ok: true, changed: true });
  }
  events.length = 0;
  expect(machine.hasTransient()).toBe(true);
  expect(machine.apply({ type: "dropTransient" })).toEqual({ ok: true, changed: true });
  expect(brief(events)).toEqual([
    "unbound durable>e:gone 4",
    "unbound durable>q:a exclusive 2",
    "unbound durable>q:b transient 1",
    "unbound gone>e:durable 5",
    "unbound gone>q:kept 3",
    "queueDeleted a exclusive",
    "queueDeleted b transient",
    "exchangeDeleted gone",
  ]);
  expect([...(machine.vhost("/")?.queues.keys() ?? [])]).toEqual(["kept"]);
  expect([...(machine.bindings("/")?.all() ?? [])]).toMatchObject([{ routingKey: "stays" }]);
  expect(machine.hasTransient()).toBe(false);
  expect(machine.apply({ type: "dropTransient" })).toEqual({ ok: true, changed: false });
});

test("a durable auto-delete exchange outlives a restart without its last binding, and an auto-delete queue its consumers", () => {
  const { machine } = newMachine();
  machine.apply(declareExchange("x", true));
  machine.apply(queue("durable", { autoDelete: true }));
  machine.apply(queue("transient", { durable: false }));
  machine.apply(bind("x", "q:transient"));
  machine.apply({ type: "dropTransient" });
  expect(machine.exchange("/", "x")).toBeDefined();
  expect(machine.queue("/", "durable")).toBeDefined();
});

test("a policy set later does not reach what was dropped", () => {
  const { machine, events } = newMachine();
  machine.apply(queue("q", { durable: false }));
  machine.apply({ type: "dropTransient" });
  events.length = 0;
  machine.apply({
    type: "setPolicy",
    vhost: "/",
    name: "p",
    pattern: ".*",
    applyTo: "queues",
    priority: 0,
    definition: new Map([["max-length", 1]]),
  });
  expect(brief(events)).toEqual(["policySet"]);
});
