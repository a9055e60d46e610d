import { describe, expect, test } from "vitest";
import { MachineRig, QUORUM } from "./machine-rig.ts";

describe("QueueMachine requeue", () => {
  test("a classic queue puts messages back to their original place", () => {
    const rig = new MachineRig();
    const a = rig.consume("a", { prefetch: 3 });
    rig.publishAll("1", "2", "3", "4", "5");
    rig.machine.pause(rig.now, a);
    rig.requeue(a, 2);
    rig.requeue(a, 1);
    expect(rig.ready()).toEqual(["1", "2", "4", "5"]);
    rig.log.take();
    rig.machine.unpause(rig.now, a);
    expect(rig.log.take()).toEqual(["a 4 1 again", "a 5 2 again"]);
  });

  test("a quorum queue serves returned messages first, in the order of return", () => {
    const rig = new MachineRig({}, QUORUM);
    const a = rig.consume("a", { prefetch: 3 });
    rig.publishAll("1", "2", "3", "4");
    rig.machine.pause(rig.now, a);
    rig.requeue(a, 2);
    rig.requeue(a, 1);
    rig.requeue(a, 3);
    expect(rig.ready()).toEqual(["2", "1", "3", "4"]);
  });

  test("a message goes back to its own priority level", () => {
    const rig = new MachineRig({ maxPriority: 2 });
    rig.publish("low");
    rig.publish("high", { priority: 2 });
    const a = rig.consume("a");
    rig.machine.pause(rig.now, a);
    rig.requeue(a, 1, 2);
    expect(rig.ready()).toEqual(["high", "low"]);
  });

  test("a returned message goes to the next consumer in turn", () => {
    const rig = new MachineRig();
    const a = rig.consume("a");
    rig.consume("b");
    rig.publish("1");
    rig.requeue(a, 1);
    expect(rig.log.take()).toEqual(["a 1 1", "b 1 1 again"]);
  });

  test("a closed session's messages return in the original order, whoever of it held them", () => {
    const rig = new MachineRig();
    rig.consume("a");
    rig.consume("b");
    rig.publishAll("1", "2", "3", "4");
    rig.machine.closeSession(rig.now, 1);
    expect(rig.ready()).toEqual(["1", "2", "3", "4"]);
    expect([rig.machine.consumerCount, rig.machine.unackedCount]).toEqual([0, 0]);
  });

  test("a closed session also returns what its cancelled consumers and basic.get hold", () => {
    const rig = new MachineRig();
    const a = rig.consume("a");
    rig.publish("1");
    rig.machine.detach(rig.now, a);
    rig.publish("2");
    rig.machine.get(rig.now, 1, false);
    rig.machine.closeSession(rig.now, 1);
    expect(rig.ready()).toEqual(["1", "2"]);
  });

  test("closing a session leaves other sessions alone", () => {
    const rig = new MachineRig();
    rig.consume("a");
    rig.consume("b", { sessionId: 2 });
    rig.publishAll("1", "2");
    rig.log.take();
    rig.machine.closeSession(rig.now, 1);
    rig.machine.closeSession(rig.now, 99);
    expect(rig.log.take()).toEqual(["b 2 1 again"]);
    expect(rig.machine.unackedCount).toBe(2);
  });

  test("recover returns all that a session holds and its consumers get it again", () => {
    const rig = new MachineRig();
    rig.consume("a");
    rig.consume("b");
    rig.publishAll("1", "2", "3");
    rig.log.take();
    rig.machine.recoverSession(rig.now, 1);
    expect(rig.log.take()).toEqual(["b 2 1 again", "a 3 2 again", "b 3 3 again"]);
  });

  test("100,000 messages of a closed session return in order", () => {
    const rig = new MachineRig();
    rig.consume("a");
    const ids = Array.from({ length: 100_000 }, (_, i) => `${i}`);
    rig.publishAll(...ids);
    expect(rig.machine.unackedCount).toBe(100_000);
    rig.machine.closeSession(rig.now, 1);
    expect(rig.ready()).toEqual(ids);
    rig.machine.close();
    expect(rig.openKeeps()).toBe(0);
  });

  test("a message returned more often than the limit is dead-lettered after limit + 1 deliveries", () => {
    const rig = new MachineRig({ deliveryLimit: 2, deadLetterExchange: "dlx" }, QUORUM);
    const a = rig.consume("a");
    rig.publish("1");
    for (let number = 1; number <= 3; number++) rig.requeue(a, number);
    expect(rig.log.take()).toEqual([
      "a 1 1 count 0",
      "a 2 1 again count 1",
      "a 3 1 again count 2",
      "dead 1 delivery_limit",
    ]);
  });

  test("a message over the delivery limit is dropped where there is no dead-letter exchange", () => {
    const rig = new MachineRig({ deliveryLimit: 0 }, QUORUM);
    const a = rig.consume("a");
    rig.publish("1");
    rig.machine.closeSession(rig.now, 1);
    expect([rig.machine.readyCount, rig.openKeeps(), a.unackedCount]).toEqual([0, 0, 0]);
  });

  test("requeueing into a full drop-head queue drops its head", () => {
    const rig = new MachineRig({ maxLength: 1, deadLetterExchange: "dlx" });
    const a = rig.consume("a", { prefetch: 1 });
    rig.publishAll("1", "2");
    rig.machine.detach(rig.now, a);
    rig.log.take();
    rig.requeue(a, 1);
    expect([rig.log.take(), rig.ready()]).toEqual([["dead 1 maxlen"], ["2"]]);
  });
});
