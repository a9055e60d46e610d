import { describe, expect, test } from "vitest";
import { DEAD_LETTER_PAUSE_MS, LOG_PENDING_HIGH } from "../../../src/limits.ts";
import type { QueueConfig } from "../../../src/queue/queue-config.ts";
import { DurableRig, Outlet, session } from "./durable-rig.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a durable queue whose log is being replayed", () => {
  test("hands on transient messages that came meanwhile, in order, if nothing else did", () => {
    const rig = new DurableRig({}, false);
    rig.publish("s", { isTransient: true });
    rig.publish("t", { isTransient: true });
    rig.group.becomeReady();
    rig.publish("u", { isTransient: true });
    const outlet = new Outlet();
    rig.consume(outlet);
    rig.settleDown();
    expect(outlet.lines).toEqual(["1 s", "2 t", "3 u"]);
  });

  test("refuses what waits when the log turns out to be damaged, and lets publishers go on", async () => {
    const rig = new DurableRig({}, false);
    rig.publish("a");
    rig.turn();
    rig.publish("b");
    let isAnswered = false;
    rig.queue.whenReady(() => {
      isAnswered = true;
    });
    rig.group.failure = "part of its contents is lost";
    rig.group.tellWaiting();
    await nextTurn();
    expect(rig.refused).toEqual([1, 2]);
    expect(rig.traffic.pendingBytes).toBe(0);
    expect(isAnswered).toBe(true);
  });

  test("answers who waits for it when it is deleted", async () => {
    const rig = new DurableRig({}, false);
    const answers: unknown[] = [];
    rig.queue.whenReady(() => answers.push("ready"));
    rig.queue.get(rig.now, session(1), true, (result) => answers.push(result));
    rig.queue.close();
    await nextTurn();
    expect(answers).toEqual(["ready", undefined]);
  });
});

describe("a durable queue whose log fails", () => {
  test("answers who waits for what is on its way", async () => {
    const rig = new DurableRig();
    rig.group.isBusy = true;
    rig.publish("a");
    let isAnswered = false;
    rig.queue.whenReady(() => {
      isAnswered = true;
    });
    rig.group.failure = "its log has stopped";
    rig.publish("b");
    rig.settleDown();
    await nextTurn();
    expect(isAnswered).toBe(true);
  });

  test("refuses what the log had taken, and answers who waits until it is stored", async () => {
    const rig = new DurableRig();
    rig.publish("a");
    rig.turn();
    const answers: boolean[] = [];
    rig.queue.whenStored((isStored) => answers.push(isStored));
    rig.group.stop("its machine failed");
    await nextTurn();
    expect(rig.refused).toEqual([1]);
    expect(rig.queue.failure).toBe("its machine failed");
    rig.queue.whenStored((isStored) => answers.push(isStored));
    expect(answers).toEqual([false, false]);
  });
});

test("nobody hears that a message is stored which a stopping node has not stored", () => {
  const rig = new DurableRig();
  rig.publish("a");
  rig.turn();
  rig.queue.stop();
  rig.group.stop("the node stops");
  expect([rig.stored, rig.refused]).toEqual([[], []]);
});

describe("a transient message behind logged ones on their way", () => {
  test("is given back when the queue is deleted", () => {
    const rig = new DurableRig();
    rig.group.isBusy = true;
    rig.publish("a");
    rig.publish("t", { isTransient: true });
    rig.turn();
    rig.publish("u", { isTransient: true });
    rig.publish("b");
    rig.publish("v", { isTransient: true });
    expect(rig.keptCount).toBeGreaterThan(0);
    rig.queue.close();
    expect(rig.keptCount).toBe(0);
  });

  test("counts for overflow reject-publish", () => {
    const rig = new DurableRig({ maxLength: 2, overflow: "reject-publish" });
    rig.publish("a");
    expect(rig.publish("t", { isTransient: true })).toBe(true);
    expect(rig.publish("u", { isTransient: true })).toBe(false);
    rig.settleDown();
    expect(rig.queue.readyCount).toBe(2);
    rig.queue.purge(rig.now);
    expect(rig.publish("b")).toBe("pending");
    expect(rig.publish("v", { isTransient: true })).toBe(true);
    expect(rig.publish("c")).toBe(false);
  });
});

test("basic.get marks what it took, whatever its message's object is used for next", () => {
  const rig = new DurableRig();
  for (const body of ["a", "b", "c"]) rig.publish(body);
  rig.settleDown();
  rig.queue.get(rig.now, session(1), true, (result) => {
    result?.message.release();
    rig.queue.peek(10, () => undefined);
  });
  rig.settleDown();
  rig.restart(true);
  const outlet = new Outlet();
  rig.consume(outlet);
  rig.settleDown();
  expect(outlet.lines).toEqual(["1 b", "2 c"]);
});

test("basic.get takes nothing for a channel that has ended while the get waited", async () => {
  const rig = new DurableRig();
  rig.publish("a");
  const channel = { sessionId: 1, isReleased: false };
  let answer: unknown = "none";
  for (const noAck of [true, false]) {
    rig.queue.get(rig.now, channel, noAck, (result) => {
      answer = result;
    });
  }
  channel.isReleased = true;
  rig.turn();
  await nextTurn();
  rig.settleDown();
  expect(answer).toBeUndefined();
  expect([rig.queue.readyCount, rig.queue.unackedCount]).toEqual([1, 0]);
});

test("a durable queue with messages that a full disk has no room for can be looked at, purged and deleted", async () => {
  const rig = new DurableRig();
  rig.publish("a");
  rig.settleDown();
  rig.group.isFull = true;
  rig.publish("b");
  const answers: unknown[] = [];
  rig.queue.whenReady(() => answers.push(rig.queue.readyCount));
  expect(answers).toEqual([]);
  rig.settleDown();
  await nextTurn();
  expect(answers).toEqual([1]);
  rig.queue.whenReady(() => answers.push(rig.queue.purge(rig.now)));
  rig.queue.whenForgotten((isStored) => answers.push(isStored));
  rig.settleDown();
  expect(answers).toEqual([1, 1, true]);
  rig.group.isFull = false;
  rig.settleDown();
  expect(rig.stored).toEqual([1, 2]);
  expect(rig.queue.readyCount).toBe(1);
});

test("a batch that stays in memory does not hold the channels of its publishers", () => {
  const rig = new DurableRig();
  rig.publish("a");
  rig.turn();
  const batch = rig.group.lastCommand;
  expect(batch).toMatchObject({ receipts: [rig] });
  rig.group.sync();
  expect(rig.stored).toEqual([1]);
  expect(batch).toMatchObject({ receipts: [] });
});

describe("an entry that cannot be read", () => {
  /** Entries 2 and 3 are a and b, not in memory. */
  function withLost(index: number, config: Partial<QueueConfig> = {}): DurableRig {
    const rig = new DurableRig({ deadLetterExchange: "dlx", ...config });
    rig.publish("a", { expirationMs: 10 });
    rig.turn();
    rig.publish("b");
    rig.settleDown();
    rig.restart(true);
    rig.group.lost.add(index);
    return rig;
  }

  test("does not keep later dead letters", () => {
    const rig = withLost(2);
    rig.publish("c");
    rig.settleDown();
    rig.queue.updateConfig(rig.now, rig.config({ maxLength: 1, deadLetterExchange: "dlx" }));
    rig.settleDown();
    expect(rig.host.lines).toEqual(["dead b maxlen"]);
  });

  test("does not keep a consumer from what can be read", () => {
    const rig = withLost(2);
    rig.host.clock.advance(20);
    const outlet = new Outlet();
    rig.consume(outlet);
    rig.turn();
    rig.turn();
    expect(outlet.lines).toEqual(["1 b"]);
  });

  test("does not keep basic.get waiting for ever", () => {
    const rig = withLost(2);
    const answers: unknown[] = [];
    rig.queue.get(rig.now, session(1), true, (result) => answers.push(result));
    rig.settleDown();
    expect(answers).toEqual([undefined]);
  });
});

test("dead letters keep their order, whether their bytes are here or not", () => {
  const rig = new DurableRig({ deadLetterExchange: "dlx" });
  rig.publish("a");
  rig.settleDown();
  rig.restart(true);
  rig.publish("t", { isTransient: true });
  rig.queue.updateConfig(rig.now, rig.config({ deadLetterExchange: "dlx", maxLength: 0 }));
  rig.settleDown();
  expect(rig.host.lines).toEqual(["dead a maxlen", "dead t maxlen"]);
});

test.each(["nobody", "a consumer", "a publisher"])(
  "messages do not expire faster than the log takes their dead letters: %s uses the queue",
  (user) => {
    const rig = new DurableRig({ deadLetterExchange: "dlx" });
    for (let count = 0; count < 5; count++) rig.publish(`m${count}`, { expirationMs: 10 });
    rig.settleDown();
    rig.traffic.addPending(LOG_PENDING_HIGH);
    rig.host.clock.advance(20);
    const outlet = new Outlet();
    if (user === "a consumer") rig.consume(outlet);
    if (user === "a publisher") rig.publish("more");
    rig.settleDown();
    expect([rig.host.lines.filter((line) => line !== "hold"), outlet.lines]).toEqual([[], []]);
    rig.traffic.removePending(LOG_PENDING_HIGH);
    rig.host.clock.advance(DEAD_LETTER_PAUSE_MS);
    rig.settleDown();
    expect(rig.host.lines.filter((line) => line !== "hold")).toHaveLength(5);
  },
);

test("a consumer that cannot be written to does not keep the rest of a batch from the queue", () => {
  const rig = new DurableRig();
  const broken = new Outlet();
  broken.deliver = () => {
    throw new Error("broken");
  };
  rig.consume(broken, { prefetch: 1 });
  for (const body of ["a", "b", "c"]) rig.publish(body);
  rig.settleDown();
  expect([rig.queue.unackedCount, rig.queue.readyCount]).toEqual([1, 2]);
  const outlet = new Outlet();
  rig.consume(outlet, { sessionId: 2 });
  rig.settleDown();
  rig.queue.closeSession(rig.now, 1);
  rig.settleDown();
  expect(outlet.lines).toEqual(["1 b", "2 c", "3 a again"]);
});

describe("overflow reject-publish of a durable queue with consumers", () => {
  const overflowing = (maxLength: number): DurableRig =>
    new DurableRig({ maxLength, overflow: "reject-publish" });
  const publishAll = (rig: DurableRig, count: number): unknown[] =>
    Array.from({ length: count }, (_, number) => rig.publish(`m${number}`));

  test("lets in what they have room for, and as many as may wait", () => {
    const rig = overflowing(2);
    rig.consume(new Outlet(), { prefetch: 1 });
    rig.consume(new Outlet(), { prefetch: 2 });
    expect(publishAll(rig, 6)).toEqual([...Array(5).fill("pending"), false]);
    rig.settleDown();
    expect([rig.queue.unackedCount, rig.queue.readyCount]).toEqual([3, 2]);
    expect(rig.publish("more")).toBe(false);
  });

  test("lets in everything if one takes everything", () => {
    const rig = overflowing(2);
    rig.consume(new Outlet());
    expect(publishAll(rig, 6)).toEqual(Array(6).fill("pending"));
  });

  test("lets in nothing if nothing may wait (RabbitMQ: will_overflow)", () => {
    const rig = overflowing(0);
    rig.consume(new Outlet());
    expect(publishAll(rig, 1)).toEqual([false]);
  });
});

test("one that fails when its message has been read does not keep the others waiting", () => {
  const rig = new DurableRig({ deadLetterExchange: "dlx" });
  rig.publish("a", { expirationMs: 10 });
  rig.publish("b", { expirationMs: 10 });
  rig.settleDown();
  rig.restart(true);
  const { deadLetter } = rig.host;
  rig.host.deadLetter = (queue, message) => {
    queue.whenLoaded(message, () => {
      rig.host.deadLetter = deadLetter;
      throw new Error("a bug");
    });
    rig.host.deadLetter = deadLetter;
  };
  rig.host.clock.advance(20);
  rig.settleDown();
  expect(rig.host.lines).toEqual(["dead b expired"]);
});
