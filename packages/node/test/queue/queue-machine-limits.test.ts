import { describe, expect, test } from "vitest";
import { EXPIRY_QUANTUM } from "../../src/limits.ts";
import { CLASSIC, MachineRig, QUORUM } from "./machine-rig.ts";

describe("QueueMachine length limits", () => {
  test("drop-head drops the oldest as maxlen before the limit is exceeded", () => {
    const rig = new MachineRig({ maxLength: 2, deadLetterExchange: "dlx" });
    rig.publishAll("1", "2", "3");
    expect([rig.log.take(), rig.ready()]).toEqual([["dead 1 maxlen"], ["2", "3"]]);
  });

  test("drop-head counts body bytes and may drop the message that is too large itself", () => {
    const rig = new MachineRig({ maxLengthBytes: 10 });
    rig.publish("1", { bodySize: 6 });
    rig.publish("2", { bodySize: 6 });
    expect(rig.ready()).toEqual(["2"]);
    expect(rig.publish("3", { bodySize: 11 })).toBe(true);
    expect([rig.ready(), rig.machine.readyBytes, rig.openKeeps()]).toEqual([[], 0, 0]);
  });

  test("drop-head drops the head of the highest priority level, as RabbitMQ 3.x does", () => {
    const rig = new MachineRig({ maxLength: 2, maxPriority: 5 });
    for (const priority of [5, 0, 1]) rig.publish(`${priority}`, { priority });
    expect(rig.ready()).toEqual(["1", "0"]);
  });

  test("unacknowledged messages do not count", () => {
    const rig = new MachineRig({ maxLength: 1, overflow: "reject-publish" });
    rig.consume("a", { prefetch: 1 });
    expect(["1", "2", "3"].map((id) => rig.publish(id))).toEqual([true, true, false]);
  });

  test.each([["classic", CLASSIC] as const, ["quorum", QUORUM] as const])(
    "reject-publish refuses exactly above the limit in a %s queue",
    (_type, base) => {
      const rig = new MachineRig(
        { maxLength: 2, overflow: "reject-publish", deadLetterExchange: "dlx" },
        base,
      );
      const results = ["1", "2", "3", "4"].map((id) => rig.publish(id));
      expect(results).toEqual([true, true, false, false]);
      expect([rig.log.take(), rig.openKeeps()]).toEqual([[], 2]);
    },
  );

  test("reject-publish-dlx refuses and dead-letters the refused message", () => {
    const rig = new MachineRig({
      maxLengthBytes: 5,
      overflow: "reject-publish-dlx",
      deadLetterExchange: "dlx",
    });
    expect(rig.publish("1", { bodySize: 5 })).toBe(true);
    expect(rig.publish("2")).toBe(false);
    expect([rig.log.take(), rig.ready()]).toEqual([["dead 2 maxlen"], ["1"]]);
  });

  test("length 0 with drop-head lets through what a consumer can take at once", () => {
    const rig = new MachineRig({ maxLength: 0 });
    rig.publish("1");
    rig.consume("a", { noAck: true });
    rig.publish("2");
    expect([rig.log.take(), rig.machine.readyCount]).toEqual([["a 0 2"], 0]);
  });

  test("length 0 with reject-publish refuses everything, consumer or not", () => {
    const rig = new MachineRig({ maxLength: 0, overflow: "reject-publish" });
    rig.consume("a", { noAck: true });
    expect(rig.publish("1")).toBe(false);
  });

  test("a lowered limit applies at once", () => {
    const rig = new MachineRig({ deadLetterExchange: "dlx" });
    rig.publishAll("1", "2", "3");
    rig.machine.updateConfig(rig.now, { ...CLASSIC, maxLength: 1, deadLetterExchange: "dlx" });
    expect([rig.log.take(), rig.ready()]).toEqual([["dead 1 maxlen", "dead 2 maxlen"], ["3"]]);
  });
});

describe("QueueMachine TTL", () => {
  test("arms the timer for the head and expires it then", () => {
    const rig = new MachineRig({ messageTtlMs: 10, deadLetterExchange: "dlx" });
    rig.publish("1");
    rig.now += 5;
    rig.publish("2");
    expect(rig.log.take()).toEqual(["timer 1010"]);
    rig.now = 1010;
    rig.machine.tick(rig.now);
    expect([rig.log.take(), rig.ready()]).toEqual([["dead 1 expired", "timer 1015"], ["2"]]);
  });

  test("a tick too early changes nothing and arms the timer again", () => {
    const rig = new MachineRig({ messageTtlMs: 10 });
    rig.publish("1");
    rig.machine.tick(rig.now + 9);
    expect([rig.log.take(), rig.ready()]).toEqual([["timer 1010", "timer 1010"], ["1"]]);
  });

  test("the lower of the queue's TTL and the message's expiration counts", () => {
    const rig = new MachineRig({ messageTtlMs: 10 });
    rig.publish("1", { expirationMs: 4 });
    rig.publish("2", { expirationMs: 50 });
    rig.machine.tick(1004);
    expect(rig.ready()).toEqual(["2"]);
    rig.machine.tick(1010);
    expect(rig.ready()).toEqual([]);
  });

  test("a message expires only at the head and is counted until then", () => {
    const rig = new MachineRig();
    rig.publish("stays");
    rig.publish("short", { expirationMs: 5 });
    rig.machine.tick(2000);
    expect(rig.machine.readyCount).toBe(2);
    const got = rig.machine.get(2000, 1, true);
    expect([got?.message.id, got?.remaining, rig.machine.readyCount]).toEqual(["stays", 0, 0]);
    got?.message.release();
    expect(rig.openKeeps()).toBe(0);
  });

  test("each priority level expires at its own head", () => {
    const rig = new MachineRig({ maxPriority: 1 });
    rig.publish("high", { priority: 1 });
    rig.publish("low", { expirationMs: 5 });
    rig.machine.tick(1005);
    expect(rig.ready()).toEqual(["high"]);
  });

  test("an expired message is never delivered, even before the timer has fired", () => {
    const rig = new MachineRig({ messageTtlMs: 10, deadLetterExchange: "dlx" });
    rig.publish("1");
    rig.now += 10;
    rig.publish("2");
    rig.consume("a", { noAck: true });
    expect(rig.log.take()).toEqual(["timer 1010", "dead 1 expired", "a 0 2"]);
  });

  test("TTL 0 expires at once unless a consumer takes the message", () => {
    const rig = new MachineRig({ messageTtlMs: 0, deadLetterExchange: "dlx" });
    rig.publish("1");
    const a = rig.consume("a", { prefetch: 1 });
    rig.publish("2");
    rig.requeue(a, 1);
    expect(rig.log.take()).toEqual(["dead 1 expired", "a 1 2", "dead 2 expired"]);
  });

  test("a requeued message keeps its expiry", () => {
    const rig = new MachineRig({ messageTtlMs: 10 });
    const a = rig.consume("a");
    rig.publish("1");
    rig.now += 6;
    rig.machine.pause(rig.now, a);
    rig.requeue(a, 1);
    expect(rig.log.take()).toEqual(["a 1 1", "timer 1010"]);
    rig.machine.tick(1010);
    expect(rig.ready()).toEqual([]);
  });

  test("messages keep the expiry they got when the TTL changes", () => {
    const rig = new MachineRig({ messageTtlMs: 100 });
    rig.publish("1");
    rig.machine.updateConfig(rig.now, { ...CLASSIC, messageTtlMs: 1 });
    rig.machine.tick(1050);
    expect(rig.ready()).toEqual(["1"]);
    rig.machine.tick(1100);
    expect(rig.ready()).toEqual([]);
  });

  test("one command expires at most a quantum and has the timer fire again for the rest", () => {
    const rig = new MachineRig({ messageTtlMs: 10 });
    for (let i = 0; i < EXPIRY_QUANTUM + 1; i++) rig.publish(`${i}`);
    rig.log.take();
    rig.machine.tick(1010);
    expect([rig.log.take(), rig.machine.readyCount]).toEqual([["timer 1010"], 1]);
    rig.machine.tick(1010);
    expect(rig.machine.readyCount).toBe(0);
  });

  test("time that runs backwards does not revive a message", () => {
    const rig = new MachineRig({ messageTtlMs: 10 });
    rig.machine.tick(2000);
    rig.publish("1");
    rig.machine.tick(2009);
    expect(rig.ready()).toEqual(["1"]);
    rig.machine.tick(2010);
    expect(rig.ready()).toEqual([]);
  });
});

describe("QueueMachine dead-lettering, purge and end", () => {
  test("rejected messages go to the dead-letter exchange in the order of rejection", () => {
    const rig = new MachineRig({ deadLetterExchange: "dlx" });
    const a = rig.consume("a");
    rig.publishAll("1", "2", "3");
    rig.log.take();
    rig.reject(a, 3);
    rig.reject(a, 1, 2);
    expect(rig.log.take()).toEqual(["dead 3 rejected", "dead 1 rejected", "dead 2 rejected"]);
    expect(rig.openKeeps()).toBe(0);
  });

  test("rejected messages are released where there is no dead-letter exchange", () => {
    const rig = new MachineRig();
    const a = rig.consume("a");
    rig.publish("1");
    rig.reject(a, 1);
    expect([rig.log.take(), rig.openKeeps()]).toEqual([["a 1 1"], 0]);
  });

  test("purge drops ready messages only, without dead-lettering", () => {
    const rig = new MachineRig({ deadLetterExchange: "dlx" });
    rig.consume("a", { prefetch: 1 });
    rig.publishAll("1", "2", "3");
    rig.log.take();
    expect(rig.machine.purge(rig.now)).toBe(2);
    expect([rig.log.take(), rig.machine.unackedCount, rig.openKeeps()]).toEqual([[], 1, 1]);
  });

  test("close releases everything, dead-letters nothing and ends all consumers", () => {
    const rig = new MachineRig({ deadLetterExchange: "dlx", messageTtlMs: 50 });
    const a = rig.consume("a", { prefetch: 2 });
    rig.publishAll("1", "2", "3", "4");
    rig.machine.get(rig.now, 2, false);
    rig.log.take();
    rig.machine.close();
    expect(rig.log.take()).toEqual(["timer -1"]);
    expect([rig.openKeeps(), rig.machine.consumerCount]).toEqual([0, 0]);
    rig.ack(a, 1, 9);
    expect(rig.publish("late")).toBe(true);
    expect([rig.log.take(), rig.openKeeps()]).toEqual([[], 0]);
  });
});

describe("QueueMachine auto-delete and x-expires", () => {
  test("auto-delete follows the last consumer, never a missing first one", () => {
    const rig = new MachineRig({ autoDelete: true });
    rig.publish("1");
    rig.machine.get(rig.now, 1, true)?.message.release();
    const a = rig.consume("a");
    rig.consume("b", { sessionId: 2 });
    rig.machine.detach(rig.now, a);
    expect(rig.log.take()).toEqual([]);
    rig.machine.closeSession(rig.now, 2);
    expect(rig.log.take()).toEqual(["unused"]);
  });

  test("a session that only used basic.get does not make the queue unused", () => {
    const rig = new MachineRig({ autoDelete: true });
    rig.publish("1");
    rig.machine.get(rig.now, 1, false);
    rig.machine.closeSession(rig.now, 1);
    expect([rig.log.take(), rig.ready()]).toEqual([[], ["1"]]);
  });

  test("an auto-delete queue about to go dead-letters nothing that returns", () => {
    const rig = new MachineRig({ autoDelete: true, maxLength: 1, deadLetterExchange: "dlx" });
    rig.consume("a");
    rig.publishAll("1", "2");
    rig.log.take();
    rig.machine.closeSession(rig.now, 1);
    expect(rig.log.take()).toEqual(["unused"]);
  });

  test("an unused queue expires", () => {
    const rig = new MachineRig({ expiresMs: 100 });
    expect(rig.log.take()).toEqual(["timer 1100"]);
    rig.machine.tick(1100);
    expect(rig.log.take()).toEqual(["expired"]);
  });

  test("a declare or basic.get renews, a publish does not", () => {
    const rig = new MachineRig({ expiresMs: 100 });
    rig.machine.touch(1050);
    rig.machine.tick(1100);
    rig.machine.get(1120, 1, true);
    rig.machine.tick(1150);
    rig.now = 1200;
    rig.publish("1");
    rig.machine.tick(1219);
    expect(rig.log.take().filter((line) => line === "expired")).toEqual([]);
    rig.machine.tick(1220);
    expect(rig.log.take()).toEqual(["expired"]);
  });

  test("a declare does not renew a quorum queue", () => {
    const rig = new MachineRig({ expiresMs: 100 }, QUORUM);
    rig.machine.touch(1050);
    rig.machine.tick(1100);
    expect(rig.log.take()).toContain("expired");
  });

  test("a queue with a consumer does not expire; the time starts anew when the last one goes", () => {
    const rig = new MachineRig({ expiresMs: 100 });
    const a = rig.consume("a");
    rig.machine.tick(1200);
    rig.machine.detach(1300, a);
    expect(rig.log.take()).toEqual(["timer 1100", "timer 1400"]);
    rig.machine.tick(1400);
    expect(rig.log.take()).toEqual(["expired"]);
  });

  test("a changed x-expires starts anew", () => {
    const rig = new MachineRig({ expiresMs: 100 });
    rig.machine.updateConfig(1090, { ...CLASSIC, expiresMs: 50 });
    rig.machine.tick(1139);
    expect(rig.log.take()).not.toContain("expired");
    rig.machine.tick(1140);
    expect(rig.log.take()).toContain("expired");
  });
});
