import { EMPTY_TABLE } from "@leveret/amqp";
import type { Timers } from "@leveret/raft";
import pino from "pino";
import { YieldingPublishers } from "../../../src/broker/backlog.ts";
import { DeferredWork } from "../../../src/broker/deferred-work.ts";
import type { ConsumerOutlet, GetSession } from "../../../src/queue/broker-queue.ts";
import type { ConsumerSpec } from "../../../src/queue/consumer.ts";
import { DurableQueue } from "../../../src/queue/durable-queue.ts";
import type { LiveQueue, QueueConsumer, QueueHost } from "../../../src/queue/live-queue.ts";
import { LogTraffic } from "../../../src/queue/log/log-traffic.ts";
import { QueueJournal } from "../../../src/queue/log/queue-journal.ts";
import { type Message, messageRouting } from "../../../src/queue/message.ts";
import type { PublishOutcome, PublishReceipt } from "../../../src/queue/publish-receipt.ts";
import type { QueueConfig } from "../../../src/queue/queue-config.ts";
import { SlabStore } from "../../../src/queue/slab-store.ts";
import { REAL_TIMERS } from "../../../src/runtime/real-raft-clock.ts";
import { VirtualClock } from "../../../src/runtime/virtual-clock.ts";
import { CLASSIC } from "../machine-rig.ts";
import { storedMessage } from "../stored-message.ts";
import { FakeQueueGroup } from "./fake-queue-group.ts";

class Host implements QueueHost {
  readonly clock: VirtualClock = new VirtualClock(0);
  readonly lines: string[] = [];
  readonly errors: unknown[] = [];
  readonly timers: Timers = REAL_TIMERS;
  readonly deferred: DeferredWork = new DeferredWork((error) => this.errors.push(error));
  readonly yielding: YieldingPublishers = new YieldingPublishers();

  deadLetter(queue: LiveQueue, message: Message, reason: string): void {
    queue.whenLoaded(message, () => {
      if (!message.isLoaded) return;
      this.lines.push(`dead ${message.copyBody()} ${reason}`);
      message.release();
    });
  }
  noteBacklog(): void {}
  holdPublisher(): void {
    this.lines.push("hold");
  }
  deleteQueue(queue: LiveQueue, why: string): void {
    this.lines.push(`delete ${why}`);
    queue.close();
  }
}

/** A channel's consumer: writes down what it gets, and the numbers to settle it by. */
export class Outlet implements ConsumerOutlet {
  readonly lines: string[] = [];
  readonly isCongested = false;

  readonly keys: string[] = [];

  deliver(deliveryNumber: number, message: Message, redelivered: boolean, count: number): void {
    this.keys.push(message.routing.routingKey);
    const again = redelivered ? " again" : "";
    const returns = count > 0 ? ` count ${count}` : "";
    this.lines.push(`${deliveryNumber} ${message.copyBody()}${again}${returns}`);
  }
  paused(): void {}
  creditWanted(): void {}
  creditUnused(): void {}
  queueDeleted(): void {
    this.lines.push("deleted");
  }
}

/** An open channel, as basic.get shows it to a queue. */
export function session(sessionId: number): GetSession {
  return { sessionId, isReleased: false };
}

export interface PublishOptions {
  readonly isTransient?: boolean;
  readonly priority?: number;
  readonly expirationMs?: number;
  readonly form?: "run" | "apart";
  readonly routingKey?: string;
}

/** A durable queue on a group in memory, one life after the other. */
export class DurableRig implements PublishReceipt {
  readonly host: Host = new Host();
  group: FakeQueueGroup = new FakeQueueGroup();
  queue: DurableQueue;
  traffic!: LogTraffic;
  /** Sequence numbers that are stored. */
  readonly stored: number[] = [];
  /** Those that were refused later. */
  readonly refused: number[] = [];
  readonly #config: QueueConfig;
  readonly #store = new SlabStore();
  readonly #messages: Message[] = [];
  #sequence = 0;

  constructor(config: Partial<QueueConfig> = {}, isReady = true) {
    this.#config = this.config(config);
    this.group.isReady = isReady;
    this.queue = this.#open();
  }

  config(changes: Partial<QueueConfig>): QueueConfig {
    return { ...CLASSIC, ...changes };
  }

  get now(): number {
    return this.host.clock.now();
  }

  /** Published messages that somebody keeps in memory. */
  get keptCount(): number {
    return this.#messages.filter(({ references }) => references > 0).length;
  }

  settle(sequence: number, isAccepted: boolean): void {
    if (isAccepted) this.stored.push(sequence);
    else this.refused.push(sequence);
  }

  /** Publishes with a receipt; sequence numbers count from 1. */
  publish(body: string, options: PublishOptions = {}): PublishOutcome {
    const { isTransient = false, priority = 0, expirationMs = -1, form = "apart" } = options;
    const message = storedMessage(this.#store, Buffer.from([0, 0]), Buffer.from(body), form);
    if (options.routingKey !== undefined) {
      message.routing = messageRouting("exchange", options.routingKey);
    }
    message.persistent = !isTransient;
    message.priority = priority;
    message.expirationMs = expirationMs;
    this.#messages.push(message);
    this.#sequence++;
    const outcome = this.queue.publish(this.now, message, this, this.#sequence);
    message.release();
    return outcome;
  }

  consume(outlet: Outlet, more: Partial<ConsumerSpec<ConsumerOutlet>> = {}): QueueConsumer {
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

  /** What gathered goes to the log and is applied; not yet durable. */
  turn(): void {
    this.#journal.flush();
    this.group.apply();
    this.group.answerReads();
    this.group.apply();
  }

  /** Turns until nothing moves, and all is durable. */
  settleDown(): void {
    for (let turns = 0; turns < 20; turns++) {
      this.turn();
      this.group.sync();
      this.queue.resume();
    }
  }

  /** The process ends, and another one finds what is durable, or all that was written. */
  restart(losesUnsynced: boolean, isReady = true): void {
    this.group.log.onEnqueued = undefined;
    this.group = this.group.restart(losesUnsynced);
    this.group.isReady = isReady;
    // Its timers must not outlive it.
    this.queue.stop();
    this.queue = this.#open();
  }

  #open(): DurableQueue {
    const traffic = new LogTraffic();
    this.traffic = traffic;
    this.#journal = new QueueJournal({
      group: this.group,
      traffic,
      slabs: this.#store,
      log: pino({ enabled: false }),
      queueText: "queue 'q' in vhost '/'",
    });
    const record = {
      vhost: "/",
      name: "q",
      type: this.#config.type,
      durable: true,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: EMPTY_TABLE,
      groupId: 16,
    };
    return new DurableQueue(record, this.#config, this.host, { journal: this.#journal, traffic });
  }
  #journal!: QueueJournal;
}
