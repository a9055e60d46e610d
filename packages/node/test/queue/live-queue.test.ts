import { EMPTY_TABLE } from "@leveret/amqp";
import type { Timers } from "@leveret/raft";
import { beforeEach, describe, expect, test } from "vitest";
import { YieldingPublishers } from "../../src/broker/backlog.ts";
import { DeferredWork } from "../../src/broker/deferred-work.ts";
import { BACKLOG_HIGH, BACKLOG_LOW } from "../../src/limits.ts";
import type { ConsumerOutlet } from "../../src/queue/broker-queue.ts";
import type { ConsumerSpec } from "../../src/queue/consumer.ts";
import { LiveQueue, type QueueConsumer, type QueueHost } from "../../src/queue/live-queue.ts";
import type { Message } from "../../src/queue/message.ts";
import type { PublishOutcome } from "../../src/queue/publish-receipt.ts";
import type { QueueConfig } from "../../src/queue/queue-config.ts";
import { SlabStore } from "../../src/queue/slab-store.ts";
import { REAL_TIMERS } from "../../src/runtime/real-raft-clock.ts";
import { VirtualClock } from "../../src/runtime/virtual-clock.ts";
import { CLASSIC } from "./machine-rig.ts";
import { storedMessage } from "./stored-message.ts";

/** The broker around a queue; writes down what it is asked for. */
class RecordingHost implements QueueHost {
  readonly clock: VirtualClock = new VirtualClock(0);
  readonly lines: string[] = [];
  readonly errors: unknown[] = [];
  readonly timers: Timers = REAL_TIMERS;
  readonly deferred: DeferredWork = new DeferredWork((error) => this.errors.push(error));
  readonly yielding: YieldingPublishers = new YieldingPublishers();
  /** What a dead letter's arrival leads to. */
  onDeadLetter: () => void = () => undefined;

  deadLetter(_queue: LiveQueue, message: Message, reason: string): void {
    this.lines.push(`dead ${message.copyBody()} ${reason}`);
    message.release();
    this.onDeadLetter();
  }

  noteBacklog(): void {
    this.lines.push("backlog");
  }

  holdPublisher(): void {
    throw new Error("there is no log");
  }

  deleteQueue(queue: LiveQueue, why: string): void {
    this.lines.push(`delete ${why}`);
    queue.close();
  }
}

/** A channel's consumer; congested after as many deliveries as it has room for. */
class RecordingOutlet implements ConsumerOutlet {
  readonly lines: string[] = [];
  room = Number.POSITIVE_INFINITY;

  get isCongested(): boolean {
    return this.room <= 0;
  }

  deliver(deliveryNumber: number, message: Message, redelivered: boolean): void {
    this.room--;
    this.lines.push(`${deliveryNumber} ${message.copyBody()}${redelivered ? " again" : ""}`);
  }
  paused(): void {
    this.lines.push("paused");
  }
  creditWanted(): void {
    this.lines.push("credit wanted");
  }
  creditUnused(): void {
    this.lines.push("credit unused");
  }
  queueDeleted(): void {
    this.lines.push("deleted");
  }
}

class Rig {
  readonly host: RecordingHost = new RecordingHost();
  readonly store: SlabStore = new SlabStore();
  readonly queue: LiveQueue;

  constructor(config: Partial<QueueConfig> = {}) {
    const record = {
      vhost: "/",
      name: "q",
      type: "classic" as const,
      durable: false,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: EMPTY_TABLE,
    };
    this.queue = new LiveQueue(record, { ...CLASSIC, ...config }, this.host);
  }

  get now(): number {
    return this.host.clock.now();
  }

  /** false: refused. */
  publish(body: string | Buffer, expirationMs = -1): PublishOutcome {
    const message = storedMessage(this.store, Buffer.from([0, 0]), Buffer.from(body));
    message.expirationMs = expirationMs;
    const accepted = this.queue.publish(this.now, message);
    message.release();
    return accepted;
  }

  consume(
    outlet: RecordingOutlet,
    more: Partial<ConsumerSpec<ConsumerOutlet>> = {},
  ): QueueConsumer {
    const consumer = this.queue.attach(this.now, {
      context: outlet,
      sessionId: 1,
      noAck: false,
      exclusive: false,
      prefetch: 0,
      priority: 0,
      needsCredit: false,
      ...more,
    });
    if (consumer === "exclusive-use") throw new Error("nobody else uses the queue");
    this.queue.start(this.now, consumer);
    return consumer;
  }

  bodies(): string[] {
    const found: string[] = [];
    this.queue.peek(1000, (message) => found.push(message.copyBody().toString()));
    return found;
  }
}

describe("the timer of a LiveQueue", () => {
  test("removes messages when they expire, also if a later one has to go earlier", () => {
    const rig = new Rig({ messageTtlMs: 1000 });
    rig.publish("first");
    rig.host.clock.advance(400);
    rig.publish("second");
    rig.host.clock.advance(600);
    expect(rig.bodies()).toEqual(["second"]);
    rig.publish("short", 10);
    rig.host.clock.advance(400);
    expect(rig.bodies()).toEqual([]);
  });

  test("deletes the queue after x-expires, and use begins it anew", () => {
    const rig = new Rig({ expiresMs: 1000 });
    rig.host.clock.advance(900);
    rig.queue.touch(rig.now);
    rig.host.clock.advance(999);
    expect(rig.host.lines).toEqual([]);
    rig.host.clock.advance(1);
    expect(rig.host.lines).toEqual(["delete expired"]);
  });

  test("follows a policy that sets a time to live, for what is published from then on", () => {
    const rig = new Rig();
    rig.queue.updateConfig(rig.now, { ...CLASSIC, messageTtlMs: 50 });
    rig.publish("x");
    rig.host.clock.advance(50);
    expect(rig.bodies()).toEqual([]);
  });

  test("does nothing after the queue is closed", () => {
    const rig = new Rig({ expiresMs: 1000, messageTtlMs: 10, deadLetterExchange: "dlx" });
    rig.publish("x");
    rig.queue.close();
    rig.host.clock.advance(10_000);
    expect(rig.host.lines).toEqual([]);
  });
});

describe("the consumers of a LiveQueue", () => {
  let rig: Rig;
  let outlet: RecordingOutlet;

  beforeEach(() => {
    rig = new Rig();
    outlet = new RecordingOutlet();
  });

  test("get messages in order, and those that were ready first", () => {
    rig.publish("1");
    rig.consume(outlet);
    rig.publish("2");
    expect(outlet.lines).toEqual(["1 1", "2 2"]);
  });

  test("are paused when their output is full, and go on when it is not", () => {
    outlet.room = 2;
    const consumer = rig.consume(outlet);
    for (const body of ["1", "2", "3", "4"]) rig.publish(body);
    expect(outlet.lines).toEqual(["1 1", "2 2", "paused"]);
    expect(rig.queue.readyCount).toBe(2);
    outlet.room = 10;
    rig.queue.unpause(rig.now, consumer);
    expect(outlet.lines.slice(3)).toEqual(["3 3", "4 4"]);
  });

  test("get many messages in several turns, so that others have theirs", async () => {
    for (let index = 0; index < 1000; index++) rig.publish(String(index));
    rig.consume(outlet);
    const atOnce = outlet.lines.length;
    expect(atOnce).toBeLessThan(1000);
    await expect.poll(() => outlet.lines.length).toBe(1000);
    expect(outlet.lines.at(-1)).toBe("1000 999");
  });

  test("are told when the queue is deleted, and may settle and leave afterwards", () => {
    const consumer = rig.consume(outlet);
    rig.publish("1");
    rig.queue.close();
    rig.queue.close();
    expect(outlet.lines).toEqual(["1 1", "deleted"]);
    rig.queue.settle(rig.now, consumer, 1, 1);
    rig.queue.returnMessages(rig.now, consumer, 1, 1, "lost");
    rig.queue.closeSession(rig.now, 1);
    rig.queue.unpause(rig.now, consumer);
    rig.queue.grantCredit(rig.now, consumer);
    expect(rig.store.slabCount).toBeLessThanOrEqual(1);
  });

  test("get back what another session held when it ends", () => {
    rig.consume(outlet, { sessionId: 1 });
    rig.publish("1");
    const other = new RecordingOutlet();
    rig.consume(other, { sessionId: 2 });
    rig.queue.closeSession(rig.now, 1);
    expect(other.lines).toEqual(["1 1 again"]);
  });

  test("that need credit ask for one before each delivery", () => {
    const consumer = rig.consume(outlet, { needsCredit: true });
    rig.publish("1");
    rig.publish("2");
    expect(outlet.lines).toEqual(["credit wanted"]);
    rig.queue.grantCredit(rig.now, consumer);
    expect(outlet.lines).toEqual(["credit wanted", "1 1", "credit wanted"]);
  });
});

describe("a LiveQueue", () => {
  test("takes what is published after its deletion for delivered, as RabbitMQ acks it", () => {
    const rig = new Rig();
    rig.queue.close();
    expect(rig.publish("late")).toBe(true);
  });

  test("refuses a publish when it is full and rejects", () => {
    const rig = new Rig({ maxLength: 1, overflow: "reject-publish" });
    expect([rig.publish("1"), rig.publish("2")]).toEqual([true, false]);
    expect(rig.bodies()).toEqual(["1"]);
  });

  test("gives dead letters to the broker when its command has ended, oldest first", () => {
    const rig = new Rig({ maxLength: 2, deadLetterExchange: "dlx" });
    for (const body of ["1", "2", "3", "4"]) rig.publish(body);
    expect(rig.host.lines).toEqual(["dead 1 maxlen", "dead 2 maxlen"]);
  });

  test("may be its own dead-letter target: what follows does not nest", () => {
    const rig = new Rig({ maxLength: 1, deadLetterExchange: "dlx" });
    let rounds = 0;
    rig.host.onDeadLetter = () => {
      rounds++;
      if (rounds < 5000) rig.publish(String(rounds));
    };
    rig.publish("a");
    rig.publish("b");
    expect(rounds).toBe(5000);
    expect(rig.host.errors).toEqual([]);
    expect(rig.bodies()).toEqual(["4999"]);
  });

  test("is deleted when its last consumer leaves, if it is auto-delete", () => {
    const rig = new Rig({ autoDelete: true });
    const outlet = new RecordingOutlet();
    const consumer = rig.consume(outlet);
    expect(rig.host.lines).toEqual([]);
    rig.queue.detach(rig.now, consumer);
    expect(rig.host.lines).toEqual(["delete unused"]);
  });

  test("gives its messages' memory back when it is closed or purged", () => {
    for (const end of ["close", "purge"] as const) {
      const rig = new Rig();
      for (let index = 0; index < 5000; index++) rig.publish(Buffer.alloc(1000, index));
      expect(rig.store.slabCount).toBeGreaterThan(4);
      if (end === "close") rig.queue.close();
      else expect(rig.queue.purge(rig.now)).toBe(5000);
      expect(rig.store.slabCount).toBeLessThanOrEqual(1);
    }
  });

  test("tells of a backlog only while it has consumers that cannot keep up", () => {
    const rig = new Rig();
    const body = Buffer.alloc(100_000);
    for (let size = 0; size <= BACKLOG_HIGH; size += body.length) rig.publish(body);
    expect(rig.host.lines).toEqual([]);
    const outlet = new RecordingOutlet();
    const consumer = rig.consume(outlet, { prefetch: 1 });
    rig.publish(body);
    rig.publish(body);
    expect(rig.host.lines).toContain("backlog");
    expect(rig.queue.isBacklogged).toBe(true);
    let released = false;
    rig.host.yielding.add(rig.queue, {
      endYield: () => {
        released = true;
      },
    });
    for (let number = 1; rig.queue.readyBytes > BACKLOG_LOW; number++) {
      expect(released).toBe(false);
      rig.queue.settle(rig.now, consumer, number, number);
    }
    expect(rig.queue.isBacklogged).toBe(false);
    expect(released).toBe(true);
  });
});
