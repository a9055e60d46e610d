import { EMPTY_TABLE, longstr } from "@leveret/amqp";
import { expect, test } from "vitest";
import { Fields } from "../../src/metadata/codec/fields.ts";
import { VHOST as VHOST_CODEC } from "../../src/metadata/codec/record-codec.ts";
import { MetadataMachine } from "../../src/metadata/metadata-machine.ts";
import {
  bind,
  brief,
  declareExchange,
  declareQueue,
  newMachine,
  VHOST,
} from "./metadata-commands.ts";

test("a new vhost has RabbitMQ's predeclared exchanges", () => {
  const { machine } = newMachine();
  const exchanges = machine.snapshot().vhosts[0]?.exchanges ?? [];
  expect(exchanges.map((x) => [x.name, x.type, x.internal, x.durable])).toEqual([
    ["", "direct", false, true],
    ["amq.direct", "direct", false, true],
    ["amq.fanout", "fanout", false, true],
    ["amq.headers", "headers", false, true],
    ["amq.match", "headers", false, true],
    ["amq.rabbitmq.trace", "topic", true, true],
    ["amq.topic", "topic", false, true],
  ]);
});

test("adding a vhost again changes only the properties that are named", () => {
  const { machine, events } = newMachine();
  machine.apply({ type: "addVhost", name: VHOST, description: "main", tags: ["a"] });
  expect(machine.apply({ type: "addVhost", name: VHOST })).toEqual({ ok: true, changed: false });
  machine.apply({ type: "addVhost", name: VHOST, tracing: true });
  expect(machine.vhost(VHOST)?.record).toMatchObject({
    description: "main",
    tags: ["a"],
    tracing: true,
  });
  expect(brief(events)).toEqual(["vhostChanged", "vhostChanged"]);
});

test("a vhost that is protected is not deleted, in restored metadata neither, until that is taken back", () => {
  const { machine } = newMachine();
  machine.apply({ type: "addVhost", name: VHOST, isProtected: true });
  const record = machine.vhost(VHOST)?.record;
  expect(record?.isProtected).toBe(true);
  // As snapshots store it; without protection, as before there was any.
  if (record !== undefined) {
    expect(VHOST_CODEC.read(new Fields(VHOST_CODEC.write(record), "a vhost"))).toEqual(record);
  }
  const restored = MetadataMachine.fromSnapshot(machine.snapshot(), () => undefined);
  const remove = { type: "deleteVhost", name: VHOST } as const;
  expect(restored.apply(remove)).toEqual({
    ok: false,
    reason: "vhost_protected",
    text: `virtual host '${VHOST}' is protected from deletion`,
  });
  restored.apply({ type: "addVhost", name: VHOST, isProtected: false });
  expect(restored.apply(remove)).toEqual({ ok: true, changed: true });
});

test("deleting a vhost takes bindings, queues, exchanges, permissions and parameters, in this order", () => {
  const { machine, events } = newMachine();
  const hash = { passwordHash: "", hashingAlgorithm: "rabbit_password_hashing_sha256" } as const;
  machine.apply({ type: "addUser", name: "u", tags: [], ...hash });
  const all = { configure: ".*", write: ".*", read: ".*" };
  machine.apply({ type: "setPermissions", user: "u", vhost: VHOST, ...all });
  machine.apply({
    type: "setParameter",
    vhost: VHOST,
    component: "shovel",
    name: "s",
    value: {},
  });
  for (const command of [declareExchange("x"), declareQueue("q"), bind("x", "q:q", "k")]) {
    machine.apply(command);
  }
  events.length = 0;
  machine.apply({ type: "deleteVhost", name: VHOST });
  expect(brief(events)).toEqual(
    [
      "unbound x>q:q k",
      "queueDeleted q",
      "exchangeDeleted",
      "exchangeDeleted amq.direct",
      "exchangeDeleted amq.fanout",
      "exchangeDeleted amq.headers",
      "exchangeDeleted amq.match",
      "exchangeDeleted amq.rabbitmq.trace",
      "exchangeDeleted amq.topic",
      "exchangeDeleted x",
      "permissionsChanged",
      "parameterCleared",
      "vhostDeleted",
    ].map((line) => (line === "exchangeDeleted" ? "exchangeDeleted " : line)),
  );
  expect(machine.permissionsFor("u", VHOST)).toBeUndefined();
  expect(machine.snapshot().vhosts).toEqual([]);
});

test("limits are merged or replaced, and a negative one is no limit", () => {
  const { machine } = newMachine();
  const set = (limits: [string, number][], merge: boolean) =>
    machine.apply({ type: "setVhostLimits", vhost: VHOST, limits: new Map(limits), merge });
  set([["max-connections", 5]], false);
  set([["max-queues", -1]], true);
  expect(machine.vhost(VHOST)?.record.limits).toEqual({ maxConnections: 5, maxQueues: -1 });
  expect(machine.vhostLimitsFor(VHOST)).toEqual({ maxConnections: 5, maxQueues: undefined });
  set([["max-queues", 0]], false);
  expect(machine.vhostLimitsFor(VHOST)).toEqual({ maxConnections: undefined, maxQueues: 0 });
  machine.apply({ type: "clearVhostLimits", vhost: VHOST });
  expect(machine.vhostLimitsFor(VHOST)).toEqual({
    maxConnections: undefined,
    maxQueues: undefined,
  });
});

test.each([
  ["max-queues", "x", 'max-queues should be a number, actually was <<"x">>'],
  ["max-queues", 1.5, "max-queues should be a number, actually was 1.5"],
  ["zzz", 2, 'Unrecognised terms [{<<"zzz">>,2}] in limits'],
])("limit %s=%s is refused in RabbitMQ's words", (name, value, problem) => {
  const { machine } = newMachine();
  const limits = new Map([[name, value]]);
  expect(machine.apply({ type: "setVhostLimits", vhost: VHOST, limits, merge: true })).toEqual({
    ok: false,
    reason: "validation_failed",
    text: `Validation failed\n\n${problem}\n`,
  });
});

test("declaring what exists changes nothing and says so", () => {
  const { machine, events } = newMachine();
  expect(machine.apply(declareQueue("q"))).toEqual({ ok: true, changed: true });
  expect(machine.apply(declareQueue("q", "quorum"))).toEqual({ ok: true, changed: false });
  expect(machine.queue(VHOST, "q")?.type).toBe("classic");
  expect(brief(events)).toEqual(["queueDeclared q"]);
});

test.each([
  ["bind to a missing queue", bind("amq.topic", "q:no"), "no queue 'no' in vhost '/'"],
  ["bind from a missing exchange", bind("no", "q:no"), "no exchange 'no' in vhost '/'"],
  ["bind to a missing exchange", bind("amq.topic", "e:no"), "no exchange 'no' in vhost '/'"],
])("%s is refused", (_name, command, text) => {
  const { machine, events } = newMachine();
  expect(machine.apply(command)).toMatchObject({ ok: false, text });
  expect(events).toEqual([]);
});

test("deleting or unbinding what is not there is no error", () => {
  const { machine } = newMachine();
  const unchanged = { ok: true, changed: false };
  expect(machine.apply({ type: "deleteQueue", vhost: VHOST, name: "no" })).toEqual(unchanged);
  expect(machine.apply({ type: "deleteExchange", vhost: VHOST, name: "no" })).toEqual(unchanged);
  expect(machine.apply({ ...bind("no", "q:no"), type: "unbind" })).toEqual(unchanged);
});

test("bindings with the same arguments in another order are one binding, with other types two", () => {
  const { machine } = newMachine();
  machine.apply(declareQueue("q"));
  const forward = new Map([
    ["a", longstr("1")],
    ["b", longstr("2")],
  ]);
  const backward = new Map([
    ["b", longstr("2")],
    ["a", longstr("1")],
  ]);
  const other = new Map([...forward, ["b", { type: "byte", value: 2 } as const]]);
  expect(machine.apply(bind("amq.headers", "q:q", "k", forward))).toMatchObject({
    changed: true,
  });
  expect(machine.apply(bind("amq.headers", "q:q", "k", backward))).toMatchObject({
    changed: false,
  });
  expect(machine.apply(bind("amq.headers", "q:q", "k", other))).toMatchObject({ changed: true });
  expect(machine.bindings(VHOST)?.countOfSource("amq.headers")).toBe(2);
});

test("names cannot imitate another binding", () => {
  const { machine } = newMachine();
  machine.apply(declareQueue("a"));
  machine.apply(declareQueue("a1:b"));
  machine.apply(bind("amq.topic", "q:a", "b"));
  expect(machine.apply(bind("amq.topic", "q:a1:b", ""))).toMatchObject({ changed: true });
});

test("deleting a queue removes its bindings first and then auto-delete exchanges, along the chain", () => {
  const { machine, events } = newMachine();
  for (const name of ["a", "b", "c"]) machine.apply(declareExchange(name, true));
  machine.apply(declareExchange("keep"));
  machine.apply(declareQueue("q"));
  for (const [from, to] of [
    ["keep", "e:a"],
    ["a", "e:b"],
    ["b", "q:q"],
    ["c", "q:q"],
  ] as const) {
    machine.apply(bind(from, to));
  }
  events.length = 0;
  machine.apply({ type: "deleteQueue", vhost: VHOST, name: "q" });
  expect(brief(events)).toEqual([
    "unbound b>q:q",
    "unbound c>q:q",
    "queueDeleted q",
    "exchangeDeleted c",
    "unbound a>e:b",
    "exchangeDeleted b",
    "unbound keep>e:a",
    "exchangeDeleted a",
  ]);
  expect(machine.exchange(VHOST, "keep")).toBeDefined();
});

test("an auto-delete exchange without outgoing bindings lives on as long as it never had one", () => {
  const { machine } = newMachine();
  machine.apply(declareExchange("x", true));
  machine.apply(bind("amq.topic", "e:x"));
  machine.apply({ ...bind("amq.topic", "e:x"), type: "unbind" });
  expect(machine.exchange(VHOST, "x")).toBeDefined();
});

test("unbinding the last outgoing binding deletes an auto-delete exchange", () => {
  const { machine, events } = newMachine();
  machine.apply(declareExchange("x", true));
  machine.apply(declareQueue("q"));
  machine.apply(bind("x", "q:q", "1"));
  machine.apply(bind("x", "q:q", "2"));
  machine.apply({ ...bind("x", "q:q", "1"), type: "unbind" });
  expect(machine.exchange(VHOST, "x")).toBeDefined();
  events.length = 0;
  machine.apply({ ...bind("x", "q:q", "2"), type: "unbind" });
  expect(brief(events)).toEqual(["unbound x>q:q 2", "exchangeDeleted x"]);
});

test("an exchange bound to itself can be deleted", () => {
  const { machine, events } = newMachine();
  machine.apply(declareExchange("x", true));
  machine.apply(bind("x", "e:x"));
  events.length = 0;
  machine.apply({ type: "deleteExchange", vhost: VHOST, name: "x" });
  expect(brief(events)).toEqual(["unbound x>e:x", "exchangeDeleted x"]);
  expect(machine.bindings(VHOST)?.size).toBe(0);
});

test("if-unused refuses to delete an exchange with outgoing bindings", () => {
  const { machine } = newMachine();
  machine.apply(declareExchange("x"));
  machine.apply(declareQueue("q"));
  machine.apply(bind("x", "q:q"));
  const command = { type: "deleteExchange", vhost: VHOST, name: "x", ifUnused: true } as const;
  expect(machine.apply(command)).toEqual({
    ok: false,
    reason: "exchange_in_use",
    text: "exchange 'x' in vhost '/' in use",
  });
});

test("names like __proto__ are names", () => {
  const { machine } = newMachine();
  expect(machine.queue(VHOST, "__proto__")).toBeUndefined();
  machine.apply(declareQueue("__proto__"));
  machine.apply(bind("amq.topic", "q:__proto__", "constructor"));
  expect(machine.queue("constructor", "__proto__")).toBeUndefined();
  expect(MetadataMachine.fromSnapshot(machine.snapshot(), () => undefined).snapshot()).toEqual(
    machine.snapshot(),
  );
});

test("a chain of 20,000 auto-delete exchanges collapses without exhausting the stack", () => {
  const { machine, events } = newMachine();
  const count = 20_000;
  machine.apply(declareQueue("q"));
  for (let i = 0; i < count; i++) machine.apply(declareExchange(`x${i}`, true));
  for (let i = 1; i < count; i++) machine.apply(bind(`x${i - 1}`, `e:x${i}`));
  machine.apply(bind(`x${count - 1}`, "q:q"));
  events.length = 0;
  machine.apply({ type: "deleteQueue", vhost: VHOST, name: "q" });
  expect(events).toHaveLength(2 * count + 1);
  expect(machine.bindings(VHOST)?.size).toBe(0);
});

test("100,000 bindings of one queue go with it", () => {
  const { machine, events } = newMachine();
  machine.apply(declareQueue("q"));
  for (let i = 0; i < 100_000; i++) machine.apply(bind("amq.topic", "q:q", `key.${i}`));
  expect(machine.bindings(VHOST)?.size).toBe(100_000);
  events.length = 0;
  machine.apply({ type: "deleteQueue", vhost: VHOST, name: "q" });
  expect(events).toHaveLength(100_001);
  expect(machine.bindings(VHOST)?.isSource("amq.topic")).toBe(false);
});

test("a command about a vhost that is not there is refused", () => {
  const machine = new MetadataMachine(() => undefined);
  expect(machine.apply(declareQueue("q"))).toEqual({
    ok: false,
    reason: "no_such_vhost",
    text: "Virtual host '/' does not exist",
  });
  expect(machine.effectivePolicy("queue", "/", "q").policy).toBeUndefined();
  expect(EMPTY_TABLE.size).toBe(0);
});
