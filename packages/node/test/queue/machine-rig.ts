import assert from "node:assert/strict";
import type { Consumer, ConsumerSpec } from "../../src/queue/consumer.ts";
import type { QueueConfig } from "../../src/queue/queue-config.ts";
import type {
  DeadLetterReason,
  MachineMessage,
  QueueEffects,
} from "../../src/queue/queue-effects.ts";
import { QueueMachine } from "../../src/queue/queue-machine.ts";

/** A message that counts who keeps it. */
export class TestMessage implements MachineMessage {
  readonly id: string;
  readonly bodySize: number;
  readonly priority: number;
  readonly expirationMs: number;
  readonly ref: number = 0;
  readonly expiresAtMs: number = -1;
  readonly isLoaded: boolean = true;
  keeps = 0;
  onGone: ((message: TestMessage) => void) | undefined = undefined;

  constructor(
    id: string,
    { bodySize = 1, priority = 0, expirationMs = -1 }: Partial<MachineMessage> = {},
  ) {
    this.id = id;
    this.bodySize = bodySize;
    this.priority = priority;
    this.expirationMs = expirationMs;
  }

  keep(): this {
    this.keeps++;
    return this;
  }

  release(): void {
    assert(this.keeps > 0, `message ${this.id} was released too often`);
    this.keeps--;
    if (this.keeps === 0) this.onGone?.(this);
  }
}

export type TestConsumer = Consumer<TestMessage, string>;

/** Writes every effect down as one line. */
class EffectLog implements QueueEffects<TestMessage, string> {
  readonly lines: string[] = [];
  readonly deadLettered: TestMessage[] = [];

  deliver(
    consumer: TestConsumer,
    number: number,
    message: TestMessage,
    redelivered: boolean,
    deliveryCount: number,
  ): void {
    const count = deliveryCount === -1 ? "" : ` count ${deliveryCount}`;
    const again = redelivered ? " again" : "";
    this.lines.push(`${consumer.spec.context} ${number} ${message.id}${again}${count}`);
  }
  deadLetter(message: TestMessage, reason: DeadLetterReason): void {
    this.lines.push(`dead ${message.id} ${reason}`);
    this.deadLettered.push(message);
  }
  armTimer(dueAtMs: number): void {
    this.lines.push(`timer ${dueAtMs}`);
  }
  moreToDeliver(): void {
    this.lines.push("more");
  }
  creditWanted(consumer: TestConsumer): void {
    this.lines.push(`credit wanted ${consumer.spec.context}`);
  }
  creditUnused(consumer: TestConsumer): void {
    this.lines.push(`credit unused ${consumer.spec.context}`);
  }
  consumerActivated(consumer: TestConsumer): void {
    this.lines.push(`active ${consumer.spec.context}`);
  }
  queueUnused(): void {
    this.lines.push("unused");
  }
  queueExpired(): void {
    this.lines.push("expired");
  }

  /** The lines since the last call. */
  take(): string[] {
    return this.lines.splice(0);
  }
}

export const CLASSIC: QueueConfig = {
  type: "classic",
  autoDelete: false,
  messageTtlMs: undefined,
  expiresMs: undefined,
  maxLength: undefined,
  maxLengthBytes: undefined,
  overflow: "drop-head",
  deadLetterExchange: undefined,
  deadLetterRoutingKey: undefined,
  maxPriority: undefined,
  singleActiveConsumer: false,
  deliveryLimit: undefined,
};

export const QUORUM: QueueConfig = { ...CLASSIC, type: "quorum" };

export function specOf(
  context: string,
  more: Partial<ConsumerSpec<string>> = {},
): ConsumerSpec<string> {
  return {
    context,
    sessionId: 1,
    noAck: false,
    exclusive: false,
    prefetch: 0,
    priority: 0,
    needsCredit: false,
    ...more,
  };
}

/** A machine with its log, and short ways to command it; time stands at `now` unless moved. */
export class MachineRig {
  readonly log = new EffectLog();
  readonly machine: QueueMachine<TestMessage, string>;
  readonly messages: TestMessage[] = [];
  now = 1000;

  constructor(config: Partial<QueueConfig> = {}, base: QueueConfig = CLASSIC) {
    this.machine = new QueueMachine({ ...base, ...config }, this.log, this.now);
  }

  publish(id: string, options: Partial<MachineMessage> = {}): boolean {
    const message = new TestMessage(id, options);
    this.messages.push(message);
    return this.machine.enqueue(this.now, message);
  }

  publishAll(...ids: string[]): void {
    for (const id of ids) this.publish(id);
  }

  attach(context: string, more: Partial<ConsumerSpec<string>> = {}): TestConsumer {
    const consumer = this.machine.attach(this.now, specOf(context, more));
    assert(consumer !== "exclusive-use", `consumer ${context} was refused`);
    return consumer;
  }

  consume(context: string, more: Partial<ConsumerSpec<string>> = {}): TestConsumer {
    const consumer = this.attach(context, more);
    this.machine.start(this.now, consumer);
    return consumer;
  }

  ack(consumer: TestConsumer, from: number, to = from): void {
    this.machine.settle(this.now, consumer, from, to);
  }

  requeue(consumer: TestConsumer, from: number, to = from): void {
    this.machine.returnMessages(this.now, consumer, from, to, "nack");
  }

  reject(consumer: TestConsumer, from: number, to = from): void {
    this.machine.discard(this.now, consumer, from, to);
  }

  ready(): string[] {
    const ids: string[] = [];
    this.machine.peek(Infinity, (message) => ids.push(message.id));
    return ids;
  }

  /** How many keeps are open in all, dead-lettered messages apart, which belong to the dead-letter exchange. */
  openKeeps(): number {
    const all = this.messages.reduce((sum, message) => sum + message.keeps, 0);
    return all - this.log.deadLettered.length;
  }
}
