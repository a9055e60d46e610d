import { EntryType } from "@leveret/raft";
import { describe, expect, test } from "vitest";
import { ENQUEUE_BATCH_BYTES, LOG_PENDING_HIGH } from "../../../src/limits.ts";
import { DurableRig, Outlet, session } from "./durable-rig.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("publishing to a durable queue", () => {
  test("is confirmed when the log has it on the disk, and delivered before", () => {
    const rig = new DurableRig();
    const outlet = new Outlet();
    rig.consume(outlet);
    expect(rig.publish("a")).toBe("pending");
    expect(outlet.lines).toEqual([]);
    rig.turn();
    expect(outlet.lines).toEqual(["1 a"]);
    expect(rig.stored).toEqual([]);
    rig.group.sync();
    expect(rig.stored).toEqual([1]);
  });

  test("makes one entry of a turn's messages", () => {
    const rig = new DurableRig();
    for (let count = 0; count < 10; count++) rig.publish(`m${count}`);
    rig.turn();
    expect(rig.group.entries).toHaveLength(1);
    expect(rig.queue.readyCount).toBe(10);
    expect(rig.queue.readyBytes).toBe(20);
  });

  test("makes entries of 256 messages and 64 KiB at most, and lets a large message stand alone", () => {
    const rig = new DurableRig();
    for (let count = 0; count < 257; count++) rig.publish("x");
    rig.turn();
    expect(rig.group.entries).toHaveLength(2);
    const large = "y".repeat(ENQUEUE_BATCH_BYTES);
    for (const body of ["s", large, "t"]) rig.publish(body);
    rig.turn();
    expect(rig.group.entries).toHaveLength(5);
    const outlet = new Outlet();
    rig.consume(outlet);
    rig.settleDown();
    expect(outlet.lines.slice(257).map((line) => line.length)).toEqual([5, 4 + large.length, 5]);
  });

  test.each(["run", "apart"] as const)("keeps every byte of bodies of any size (%s)", (form) => {
    const rig = new DurableRig();
    const bodies = ["", "a", "b".repeat(100), "c".repeat(5000), "", "d".repeat(200_000)];
    for (const body of bodies) rig.publish(body, { form });
    rig.settleDown();
    rig.restart(true);
    const outlet = new Outlet();
    rig.consume(outlet, { noAck: true });
    rig.settleDown();
    expect(outlet.lines).toEqual(bodies.map((body) => `0 ${body}`));
  });

  test("keeps the routing key of each message, also of short messages behind long keys", () => {
    const rig = new DurableRig();
    const keys = ["k".repeat(255), "a", "a", "", "k".repeat(200), "b"];
    for (const routingKey of keys) {
      rig.publish("", { routingKey });
      if (routingKey !== "") rig.turn();
    }
    rig.settleDown();
    rig.restart(true);
    const outlet = new Outlet();
    rig.consume(outlet, { noAck: true });
    rig.settleDown();
    expect(outlet.keys).toEqual(keys);
  });

  test("keeps transient messages in memory and in their places", () => {
    const rig = new DurableRig();
    rig.publish("a");
    expect(rig.publish("b", { isTransient: true })).toBe(true);
    rig.publish("c");
    rig.turn();
    rig.publish("d", { isTransient: true });
    rig.publish("e");
    rig.publish("f", { isTransient: true });
    rig.settleDown();
    expect(rig.queue.readyCount).toBe(6);
    const outlet = new Outlet();
    rig.consume(outlet, { noAck: true });
    rig.settleDown();
    expect(outlet.lines).toEqual(["0 a", "0 b", "0 c", "0 d", "0 e", "0 f"]);
    expect(rig.stored).toEqual([1, 3, 5]);
    expect(rig.group.log.count).toBe(0);
  });

  test("keeps all messages of a quorum queue, whatever their delivery mode", () => {
    const rig = new DurableRig({ type: "quorum" });
    expect(rig.publish("a", { isTransient: true })).toBe("pending");
    rig.settleDown();
    rig.restart(true);
    expect(rig.queue.readyCount).toBe(1);
  });

  test("holds publishers when more is on its way than may be", () => {
    const rig = new DurableRig();
    rig.group.isBusy = true;
    const body = "z".repeat(ENQUEUE_BATCH_BYTES);
    for (let bytes = 0; bytes <= LOG_PENDING_HIGH + body.length; bytes += body.length)
      rig.publish(body);
    rig.publish("one more");
    expect(rig.host.lines).toContain("hold");
  });

  test("waits in order for a log that is busy", () => {
    const rig = new DurableRig();
    rig.group.isBusy = true;
    rig.publish("a");
    rig.turn();
    rig.publish("b");
    rig.turn();
    expect(rig.queue.readyCount).toBe(0);
    rig.group.isBusy = false;
    rig.settleDown();
    expect(rig.stored).toEqual([1, 2]);
    const outlet = new Outlet();
    rig.consume(outlet, { noAck: true });
    rig.settleDown();
    expect(outlet.lines).toEqual(["0 a", "0 b"]);
  });

  test("lets acks pass when the disk is full, and goes on when there is room", () => {
    const rig = new DurableRig();
    rig.publish("a");
    rig.settleDown();
    const consumer = rig.consume(new Outlet(), { prefetch: 1 });
    rig.settleDown();
    rig.group.isFull = true;
    rig.publish("b");
    rig.settleDown();
    rig.queue.settle(rig.now, consumer, 1, 1);
    let isAckStored = false;
    rig.settleDown();
    expect(rig.group.log.count).toBe(0);
    expect(rig.stored).toEqual([1]);
    rig.queue.whenStored(() => {
      isAckStored = true;
    });
    expect(isAckStored).toBe(false);
    rig.group.isFull = false;
    rig.settleDown();
    expect(rig.stored).toEqual([1, 2]);
    expect(isAckStored).toBe(true);
  });

  test("is refused when the log has failed, also what waited for it", () => {
    const rig = new DurableRig();
    rig.publish("a");
    rig.settleDown();
    rig.publish("b");
    rig.group.failure = "its log is damaged";
    rig.settleDown();
    expect(rig.refused).toEqual([2]);
    expect(rig.publish("c")).toBe(false);
    expect(rig.queue.failure).toBe("its log is damaged");
    let isAnswered = false;
    rig.queue.whenReady(() => {
      isAnswered = true;
    });
    expect(isAnswered).toBe(true);
  });

  test("refuses what overflow reject-publish does not want, before it is logged", () => {
    const rig = new DurableRig({ maxLength: 2, overflow: "reject-publish" });
    expect(["a", "b", "c"].map((body) => rig.publish(body))).toEqual(["pending", "pending", false]);
    rig.settleDown();
    expect(rig.group.log.count).toBe(2);
  });

  test("is accepted as void when the queue is deleted meanwhile", () => {
    const rig = new DurableRig();
    rig.publish("a");
    rig.queue.close();
    expect(rig.stored).toEqual([1]);
    expect(rig.group.isDeleted).toBe(true);
  });
});

describe("what leaves a durable queue", () => {
  test("leaves its log: acked, taken without ack, dropped, expired, purged", () => {
    const rig = new DurableRig({ maxLength: 5 });
    for (const body of ["a", "b", "c", "d", "e", "f"]) rig.publish(body);
    rig.publish("g", { expirationMs: 10 });
    rig.settleDown();
    expect(rig.group.log.count).toBe(5); // a and b were dropped.
    const outlet = new Outlet();
    const consumer = rig.consume(outlet, { prefetch: 2 });
    rig.settleDown();
    expect(outlet.lines).toEqual(["1 c", "2 d"]);
    rig.queue.settle(rig.now, consumer, 1, 1);
    rig.settleDown();
    expect(rig.group.log.count).toBe(4);
    rig.host.clock.advance(20);
    expect(rig.queue.purge(rig.now)).toBe(2);
    rig.settleDown();
    expect(rig.group.log.count).toBe(2); // d and e are held by the consumer.
    expect(rig.group.log.bytes).toBe(2);
  });

  test("goes to the dead-letter exchange with its bytes, and stays in the log until then", () => {
    const rig = new DurableRig({ deadLetterExchange: "dlx" });
    for (const body of ["a", "b"]) rig.publish(body, { expirationMs: 10 });
    rig.settleDown();
    rig.host.clock.advance(20);
    rig.settleDown();
    expect(rig.host.lines).toEqual(["dead a expired", "dead b expired"]);
    expect(rig.group.log.count).toBe(0);
  });
});

describe("a durable queue after a restart", () => {
  test("has what was stored and not removed, in order, and marks what was handed out", () => {
    const rig = new DurableRig();
    for (const body of ["a", "b", "c", "d"]) rig.publish(body);
    rig.publish("t", { isTransient: true });
    rig.settleDown();
    const consumer = rig.consume(new Outlet(), { prefetch: 3 });
    rig.settleDown();
    rig.queue.settle(rig.now, consumer, 2, 2);
    rig.settleDown();
    rig.restart(true);
    expect(rig.queue.readyCount).toBe(3);
    const outlet = new Outlet();
    rig.consume(outlet);
    rig.settleDown();
    expect(outlet.lines).toEqual(["1 a again", "2 c again", "3 d again"]);
  });

  test("lacks only what was not confirmed", () => {
    const rig = new DurableRig();
    rig.publish("a");
    rig.settleDown();
    rig.publish("b");
    rig.turn();
    expect(rig.stored).toEqual([1]);
    rig.restart(true);
    expect(rig.queue.readyCount).toBe(1);
  });

  test("keeps priorities, expiry and delivery counts", () => {
    const rig = new DurableRig({ type: "quorum", deliveryLimit: 5, maxPriority: 3 });
    rig.publish("low");
    rig.publish("high", { priority: 9 });
    rig.publish("late", { expirationMs: 1000 });
    rig.settleDown();
    const consumer = rig.consume(new Outlet(), { prefetch: 1 });
    rig.settleDown();
    rig.queue.returnMessages(rig.now, consumer, 1, 1, "nack");
    rig.settleDown();
    rig.restart(true);
    rig.host.clock.advance(2000);
    const outlet = new Outlet();
    rig.consume(outlet);
    rig.settleDown();
    expect(outlet.lines).toEqual(["1 high again count 1", "2 low"]);
  });

  test("takes consumers and messages while its log is being replayed", async () => {
    const rig = new DurableRig({}, false);
    const outlet = new Outlet();
    rig.consume(outlet);
    rig.publish("a");
    rig.publish("t", { isTransient: true });
    let found: string | undefined = "none yet";
    rig.queue.get(rig.now, session(2), true, (result) => {
      found = result?.message.copyBody().toString();
    });
    rig.turn();
    expect(outlet.lines).toEqual([]);
    expect(found).toBe("none yet");
    rig.group.becomeReady();
    rig.settleDown();
    expect(outlet.lines).toEqual(["1 a", "2 t"]);
    await nextTurn();
    expect(found).toBeUndefined();
  });
});

test("a durable queue that nobody uses expires its messages, and itself, after its log is replayed", () => {
  const rig = new DurableRig({ messageTtlMs: 100, expiresMs: 500 }, false);
  rig.group.becomeReady();
  rig.publish("a");
  rig.settleDown();
  rig.restart(true, false);
  rig.group.becomeReady();
  expect(rig.queue.readyCount).toBe(1);
  rig.host.clock.advance(200);
  expect(rig.queue.readyCount).toBe(0);
  rig.host.clock.advance(400);
  expect(rig.host.lines).toEqual(["delete expired"]);
});

describe("who asks a durable queue for what it has", () => {
  test("hears of what was published before, even if the log has not placed it yet", async () => {
    const rig = new DurableRig();
    rig.publish("a");
    rig.publish("b");
    let count: number | undefined;
    rig.queue.whenReady(() => {
      count = rig.queue.readyCount;
    });
    let body: string | undefined;
    rig.queue.get(rig.now, session(1), true, (result) => {
      body = result?.message.copyBody().toString();
    });
    expect([count, body]).toEqual([undefined, undefined]);
    rig.turn();
    await nextTurn();
    rig.settleDown();
    expect([count, body]).toEqual([2, "a"]);
  });

  test("is answered when the queue is deleted meanwhile", async () => {
    const rig = new DurableRig();
    rig.publish("a");
    const answers: unknown[] = [];
    rig.queue.whenReady(() => answers.push("ready"));
    rig.queue.get(rig.now, session(1), true, (result) => answers.push(result));
    rig.queue.whenStored(() => answers.push("stored"));
    rig.queue.close();
    await nextTurn();
    expect(answers).toEqual(["stored", "ready", undefined]);
  });
});

describe("a long durable queue", () => {
  const COUNT = 20_000;
  /** Seconds on a machine that has other things to do. */
  const LONG_MAX_MS = 30_000;
  const body = (number: number): string => `${number} ${"x".repeat(500)}`;

  function filled(): DurableRig {
    const rig = new DurableRig();
    for (let number = 0; number < COUNT; number++) {
      rig.publish(body(number), { form: number % 2 === 0 ? "run" : "apart" });
      if (number % 100 === 99) rig.turn();
    }
    rig.settleDown();
    return rig;
  }

  test("is read back from its log in order, a piece at a time", { timeout: LONG_MAX_MS }, () => {
    const rig = filled();
    rig.restart(true);
    const outlet = new Outlet();
    const consumer = rig.consume(outlet, { prefetch: 1000 });
    let acked = 0;
    for (let turns = 0; turns < 2000 && outlet.lines.length < COUNT; turns++) {
      rig.turn();
      rig.queue.resume();
      rig.queue.settle(rig.now, consumer, acked + 1, outlet.lines.length);
      acked = outlet.lines.length;
    }
    expect(outlet.lines.map((line) => line.slice(line.indexOf(" ") + 1))).toEqual(
      Array.from({ length: COUNT }, (_, number) => body(number)),
    );
    rig.settleDown();
    expect(rig.group.log.count).toBe(0);
    // Two entries of 64 KiB at a time, not one for each message.
    expect(rig.group.readCount).toBeLessThan(COUNT / 100);
  });

  test("is read past changes of its members, whose bytes look like a batch", () => {
    const rig = new DurableRig();
    rig.publish("before");
    rig.settleDown();
    rig.group.entries.push({
      index: rig.group.lastIndex + 1,
      term: 1,
      type: EntryType.ConfChange,
      data: Uint8Array.of(1, 0, 1, 1),
      crc: 0,
    });
    rig.publish("after");
    rig.settleDown();
    rig.restart(true);
    const outlet = new Outlet();
    rig.consume(outlet, { prefetch: 1000 });
    rig.settleDown();
    expect(outlet.lines.map((line) => line.slice(line.indexOf(" ") + 1))).toEqual([
      "before",
      "after",
    ]);
  });

  test("is purged at once, whatever its length", () => {
    const rig = filled();
    expect(rig.queue.purge(rig.now)).toBe(COUNT);
    rig.settleDown();
    expect(rig.queue.readyCount).toBe(0);
    expect(rig.group.log.count).toBe(0);
    expect(rig.group.readCount).toBe(0);
  });

  test("gives a message to basic.get that has to be read first", () => {
    const rig = filled();
    rig.restart(true);
    const found: string[] = [];
    for (let count = 0; count < 3; count++) {
      rig.queue.get(rig.now, session(5), false, (result) => {
        found.push(result?.message.copyBody().toString() ?? "none");
      });
    }
    expect(found).toEqual([]);
    rig.settleDown();
    expect(found).toEqual([body(0), body(1), body(2)]);
    rig.queue.closeSession(rig.now, 5);
    expect(rig.queue.readyCount).toBe(COUNT);
  });
});
