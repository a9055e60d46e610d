import { describe, expect, test } from "vitest";
import { DELIVERY_QUANTUM_BYTES, DELIVERY_QUANTUM_MESSAGES } from "../../src/limits.ts";
import { MachineRig, QUORUM, specOf } from "./machine-rig.ts";

describe("QueueMachine delivery", () => {
  test("hands a message to a waiting no-ack consumer without keeping it", () => {
    const rig = new MachineRig();
    rig.consume("a", { noAck: true });
    expect(rig.publish("m")).toBe(true);
    expect(rig.log.take()).toEqual(["a 0 m"]);
    expect(rig.messages[0]?.keeps).toBe(0);
    expect(rig.machine.unackedCount).toBe(0);
  });

  test("keeps a message that a consumer has to acknowledge, until it does", () => {
    const rig = new MachineRig();
    const a = rig.consume("a");
    rig.publish("m", { bodySize: 7 });
    expect([rig.openKeeps(), rig.machine.unackedCount, rig.machine.unackedBytes]).toEqual([
      1, 1, 7,
    ]);
    rig.ack(a, 1);
    expect([rig.openKeeps(), rig.machine.unackedCount, rig.machine.unackedBytes]).toEqual([
      0, 0, 0,
    ]);
    expect(rig.log.take()).toEqual(["a 1 m"]);
  });

  test("delivers nothing before start, so that consume-ok goes first", () => {
    const rig = new MachineRig();
    rig.publishAll("m1", "m2");
    const a = rig.attach("a");
    rig.publish("m3");
    expect(rig.log.take()).toEqual([]);
    rig.machine.start(rig.now, a);
    expect(rig.log.take()).toEqual(["a 1 m1", "a 2 m2", "a 3 m3"]);
  });

  test("serves equal consumers in turn", () => {
    const rig = new MachineRig();
    for (const name of ["a", "b", "c"]) rig.consume(name, { noAck: true });
    rig.publishAll("1", "2", "3", "4");
    expect(rig.log.take()).toEqual(["a 0 1", "b 0 2", "c 0 3", "a 0 4"]);
  });

  test("serves the highest consumer priority while it has room, then the next", () => {
    const rig = new MachineRig();
    rig.consume("low");
    const high = rig.consume("high", { priority: 5, prefetch: 2 });
    rig.consume("lowest", { priority: -1 });
    rig.publishAll("1", "2", "3");
    rig.ack(high, 1);
    rig.publish("4");
    expect(rig.log.take()).toEqual(["high 1 1", "high 2 2", "low 1 3", "high 3 4"]);
  });

  test("keeps to the prefetch of a consumer and ignores it without acknowledgements", () => {
    const rig = new MachineRig();
    const a = rig.consume("a", { prefetch: 1 });
    rig.publishAll("1", "2");
    expect(rig.log.take()).toEqual(["a 1 1"]);
    rig.ack(a, 1);
    expect(rig.log.take()).toEqual(["a 2 2"]);
    rig.consume("b", { prefetch: 1, noAck: true });
    rig.publishAll("3", "4");
    expect(rig.log.take()).toEqual(["b 0 3", "b 0 4"]);
  });

  test("delivers nothing to a paused consumer and goes on at unpause", () => {
    const rig = new MachineRig();
    const a = rig.consume("a", { noAck: true });
    rig.machine.pause(rig.now, a);
    rig.publishAll("1", "2");
    expect(rig.log.take()).toEqual([]);
    rig.machine.unpause(rig.now, a);
    expect(rig.log.take()).toEqual(["a 0 1", "a 0 2"]);
    expect(rig.openKeeps()).toBe(0);
  });

  test("a cancelled consumer gets nothing more and may still acknowledge", () => {
    const rig = new MachineRig();
    const a = rig.consume("a");
    rig.publish("1");
    rig.machine.detach(rig.now, a);
    rig.publish("2");
    expect([rig.machine.consumerCount, rig.machine.unackedCount]).toEqual([0, 1]);
    rig.ack(a, 1);
    expect([rig.log.take(), rig.machine.unackedCount]).toEqual([["a 1 1"], 0]);
    expect(rig.ready()).toEqual(["2"]);
  });

  test("ignores delivery numbers that are settled, never delivered or out of order", () => {
    const rig = new MachineRig();
    const a = rig.consume("a");
    rig.publishAll("1", "2", "3");
    rig.ack(a, 2);
    rig.ack(a, 2);
    rig.ack(a, 3, 1);
    rig.ack(a, 0, 0);
    rig.ack(a, 4, Number.MAX_SAFE_INTEGER);
    expect(rig.machine.unackedCount).toBe(2);
    rig.ack(a, 0, Number.MAX_SAFE_INTEGER);
    expect([rig.machine.unackedCount, rig.openKeeps()]).toEqual([0, 0]);
  });

  test("one command delivers at most a quantum of messages and asks to go on", () => {
    const rig = new MachineRig();
    for (let i = 0; i < DELIVERY_QUANTUM_MESSAGES + 2; i++) rig.publish(`${i}`);
    rig.consume("a", { noAck: true });
    const first = rig.log.take();
    expect([first.length, first.at(-1)]).toEqual([DELIVERY_QUANTUM_MESSAGES + 1, "more"]);
    rig.publish("late");
    expect(rig.log.take(), "publishing waits for resume as well").toEqual([]);
    rig.machine.resume(rig.now);
    expect(rig.log.take()).toEqual(["a 0 256", "a 0 257", "a 0 late"]);
  });

  test("one command delivers at most a quantum of bytes, but always a message", () => {
    const rig = new MachineRig();
    for (const id of ["1", "2"]) rig.publish(id, { bodySize: DELIVERY_QUANTUM_BYTES });
    rig.consume("a", { noAck: true });
    expect(rig.log.take()).toEqual(["a 0 1", "more"]);
  });

  test("a quorum queue tells the delivery count from the first delivery", () => {
    const rig = new MachineRig({}, QUORUM);
    const a = rig.consume("a");
    rig.publish("1");
    rig.requeue(a, 1);
    expect(rig.log.take()).toEqual(["a 1 1 count 0", "a 2 1 again count 1"]);
  });

  test("delivers the highest message priority first, in order within a level, clamped to the maximum", () => {
    const rig = new MachineRig({ maxPriority: 5 });
    const priorities = [0, 1, 5, 9, 0, 3];
    for (const [i, priority] of priorities.entries()) rig.publish(`${i}:${priority}`, { priority });
    rig.consume("a", { noAck: true });
    const order = ["2:5", "3:9", "5:3", "1:1", "0:0", "4:0"];
    expect(rig.log.take()).toEqual(order.map((id) => `a 0 ${id}`));
  });

  test("tells apart all 256 priority levels", () => {
    const rig = new MachineRig({ maxPriority: 255 });
    const priorities = [31, 32, 255, 0, 63, 64, 128];
    for (const priority of priorities) rig.publish(`${priority}`, { priority });
    expect(rig.ready()).toEqual(["255", "128", "64", "63", "32", "31", "0"]);
    rig.consume("a", { noAck: true });
    expect(rig.log.take().map((line) => line.slice(4))).toEqual([
      "255",
      "128",
      "64",
      "63",
      "32",
      "31",
      "0",
    ]);
  });
});

describe("QueueMachine exclusive and single active consumers", () => {
  test("an exclusive consumer keeps all others out, until it is gone", () => {
    const rig = new MachineRig();
    const a = rig.attach("a", { exclusive: true });
    expect(rig.machine.attach(rig.now, specOf("b"))).toBe("exclusive-use");
    rig.machine.detach(rig.now, a);
    rig.attach("b");
    expect(rig.machine.attach(rig.now, specOf("c", { exclusive: true }))).toBe("exclusive-use");
  });

  test("a single active consumer queue refuses exclusive consumers", () => {
    const rig = new MachineRig({ singleActiveConsumer: true });
    expect(rig.machine.attach(rig.now, specOf("a", { exclusive: true }))).toBe("exclusive-use");
  });

  test("only the first to register is served, even if it has no room", () => {
    const rig = new MachineRig({ singleActiveConsumer: true });
    const a = rig.consume("a", { prefetch: 1 });
    const b = rig.consume("b");
    rig.publishAll("1", "2");
    expect(rig.log.take()).toEqual(["active a", "a 1 1"]);
    expect([a.isActive, b.isActive]).toEqual([true, false]);
  });

  test("the next takes over at once when the active one is cancelled with unacknowledged messages", () => {
    const rig = new MachineRig({ singleActiveConsumer: true });
    const a = rig.consume("a", { prefetch: 1 });
    rig.consume("b");
    rig.consume("c", { priority: 1 });
    rig.publishAll("1", "2");
    rig.log.take();
    rig.machine.detach(rig.now, a);
    expect(rig.log.take(), "the highest priority takes over").toEqual(["active c", "c 1 2"]);
    expect(rig.machine.unackedCount).toBe(2);
  });

  test("the next takes over when the session of the active one closes, and gets what it held", () => {
    const rig = new MachineRig({ singleActiveConsumer: true });
    rig.consume("a", { prefetch: 2 });
    rig.consume("b", { sessionId: 2 });
    rig.publishAll("1", "2", "3");
    rig.log.take();
    rig.machine.closeSession(rig.now, 1);
    expect(rig.log.take()).toEqual(["active b", "b 1 1 again", "b 2 2 again", "b 3 3"]);
  });
});

describe("QueueMachine credit from outside", () => {
  test("asks once for a credit and delivers exactly one message for it", () => {
    const rig = new MachineRig();
    const a = rig.consume("a", { needsCredit: true });
    rig.publishAll("1", "2");
    expect(rig.log.take()).toEqual(["credit wanted a"]);
    rig.machine.grantCredit(rig.now, a);
    expect(rig.log.take()).toEqual(["a 1 1", "credit wanted a"]);
  });

  test("gives a credit back that finds no message, and asks again for the next", () => {
    const rig = new MachineRig();
    const a = rig.consume("a", { needsCredit: true });
    rig.publish("1");
    rig.machine.purge(rig.now);
    rig.machine.grantCredit(rig.now, a);
    expect(rig.log.take()).toEqual(["credit wanted a", "credit unused a"]);
    rig.publish("2");
    expect(rig.log.take()).toEqual(["credit wanted a"]);
  });

  test("gives a credit back that was not asked for", () => {
    const rig = new MachineRig();
    const a = rig.consume("a");
    rig.publish("1");
    rig.machine.grantCredit(rig.now, a);
    expect(rig.log.take()).toEqual(["a 1 1", "credit unused a"]);
  });

  test("who asks keeps its turn: the others get the message only at resume", () => {
    const rig = new MachineRig();
    const a = rig.consume("a", { needsCredit: true });
    rig.consume("b");
    rig.publish("1");
    expect(rig.log.take()).toEqual(["credit wanted a", "more"]);
    rig.machine.grantCredit(rig.now, a);
    rig.machine.resume(rig.now);
    rig.publish("2");
    expect(rig.log.take()).toEqual(["a 1 1", "b 1 2"]);
  });

  test("others are served at resume while a credit is not granted", () => {
    const rig = new MachineRig();
    rig.consume("a", { needsCredit: true });
    rig.consume("b");
    rig.publish("1");
    rig.machine.resume(rig.now);
    rig.publish("2");
    expect(rig.log.take()).toEqual(["credit wanted a", "more", "b 1 1", "b 2 2"]);
  });

  test("a consumer that needs no credit any more is served at once", () => {
    const rig = new MachineRig();
    const a = rig.consume("a", { needsCredit: true });
    rig.publishAll("1", "2");
    rig.machine.setNeedsCredit(rig.now, a, false);
    expect(rig.log.take()).toEqual(["credit wanted a", "a 1 1", "a 2 2"]);
    rig.machine.setNeedsCredit(rig.now, a, true);
    rig.publish("3");
    expect(rig.log.take()).toEqual(["credit wanted a"]);
  });
});

describe("QueueMachine basic.get", () => {
  test("gives the message to the caller without acknowledgement", () => {
    const rig = new MachineRig();
    rig.publishAll("1", "2");
    const got = rig.machine.get(rig.now, 1, true);
    expect(got).toMatchObject({ redelivered: false, deliveryNumber: 0, remaining: 1 });
    expect(got?.consumer).toBeUndefined();
    got?.message.release();
    expect(rig.openKeeps()).toBe(1);
  });

  test("holds the message for the session until it is settled, and counts what is left", () => {
    const rig = new MachineRig();
    rig.publishAll("1", "2");
    const got = rig.machine.get(rig.now, 1, false);
    expect([got?.message.id, got?.remaining, rig.machine.unackedCount]).toEqual(["1", 1, 1]);
    expect(rig.machine.consumerCount, "it is no consumer").toBe(0);
    if (got?.consumer !== undefined) rig.requeue(got.consumer, got.deliveryNumber);
    expect(rig.machine.get(rig.now, 2, false)).toMatchObject({ redelivered: true, remaining: 1 });
    rig.machine.closeSession(rig.now, 2);
    expect(rig.ready()).toEqual(["1", "2"]);
  });

  test("finds nothing in an empty queue", () => {
    expect(new MachineRig().machine.get(1, 1, true)).toBeUndefined();
  });
});
