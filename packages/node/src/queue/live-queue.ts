import type { Timers } from "@leveret/raft";
import type { YieldingPublishers } from "../broker/backlog.ts";
import type { DeferredWork } from "../broker/deferred-work.ts";
import {
  BACKLOG_HIGH,
  BACKLOG_HIGH_COUNT,
  BACKLOG_LOW,
  BACKLOG_LOW_COUNT,
  DEAD_LETTER_PAUSE_MS,
} from "../limits.ts";
import type { QueueRecord } from "../metadata/records.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import {
  BrokerQueue,
  type ConsumeRefusal,
  type ConsumerHandle,
  type ConsumerOutlet,
  type GetSession,
  type PublishWatcher,
} from "./broker-queue.ts";
import type { Consumer, ConsumerSpec } from "./consumer.ts";
import type { PublisherHold } from "./log/log-traffic.ts";
import type { MessageBacking } from "./log/message-backing.ts";
import type { PeekReading } from "./log/peek-log.ts";
import type { Message } from "./message.ts";
import type { PublishOutcome, PublishReceipt } from "./publish-receipt.ts";
import type { QueueConfig } from "./queue-config.ts";
import type { QueueCounts } from "./queue-counts.ts";
import type { DeadLetterReason, QueueEffects } from "./queue-effects.ts";
import {
  type GetResult,
  type HeldMessage,
  type PeekVisitor,
  QueueMachine,
} from "./queue-machine.ts";

export type QueueConsumer = Consumer<Message, ConsumerOutlet>;

/** What a queue needs of the broker around it. */
export interface QueueHost {
  readonly clock: Clock;
  /** Of turns; what clients can tell apart goes by the clock. */
  readonly timers: Timers;
  readonly deferred: DeferredWork;
  /** Publishes a message to the queue's dead-letter exchange and releases it. */
  deadLetter(queue: LiveQueue, message: Message, reason: DeadLetterReason): void;
  /** Publishers that wait for this queue's consumers. */
  readonly yielding: YieldingPublishers;
  /** More is published than the queue's consumers work off. */
  noteBacklog(queue: BrokerQueue): void;
  /** More is published than can be taken: who publishes now has to wait for that. */
  holdPublisher(hold: PublisherHold): void;
  /** An auto-delete queue is unused, or x-expires has passed. */
  deleteQueue(queue: BrokerQueue, why: "unused" | "expired"): void;
}

/**
 * Drives the machine of one queue and carries out its effects (architecture.md, "One idea for every queue"). As it is, for a
 * queue in memory: each command is applied at once, nothing is encoded, and a publish is confirmed when it returns.
 * DurableQueue puts a log in front.
 */
export class LiveQueue extends BrokerQueue implements QueueEffects<Message, ConsumerOutlet> {
  override readonly record: QueueRecord;
  protected readonly machine: QueueMachine<Message, ConsumerOutlet>;
  protected readonly host: QueueHost;
  #timer: Timer | undefined;
  /** When the timer fires; it may be early, as moving it for every message would cost more. */
  #timerDueAtMs = -1;
  /** When the machine wants to be called, -1: not at all. */
  #wantedDueAtMs = -1;
  /** Consumers to pause when the current command has returned. */
  readonly #congested: QueueConsumer[] = [];
  /** Something waits for the end of the current command. */
  #hasAftermath = false;
  #isResumeScheduled = false;
  #isClosed = false;
  /** Who looks at what is published; undefined: nobody does. */
  #watchers: Set<PublishWatcher> | undefined = undefined;

  /** `backing`: the log of a durable queue. */
  constructor(
    record: QueueRecord,
    config: QueueConfig,
    host: QueueHost,
    backing?: MessageBacking<Message>,
  ) {
    super();
    this.record = record;
    this.host = host;
    const now = host.clock.now();
    this.machine = new QueueMachine<Message, ConsumerOutlet>(config, this, now, backing);
  }

  /** Backlog: the queue's consumers do not keep up with what is published. */
  override get isBacklogged(): boolean {
    const { readyBytes, readyCount, consumerCount } = this.machine;
    return consumerCount > 0 && (readyBytes > BACKLOG_LOW || readyCount > BACKLOG_LOW_COUNT);
  }

  /** The queue is deleted. */
  override get isClosed(): boolean {
    return this.#isClosed;
  }
  override get config(): QueueConfig {
    return this.machine.config;
  }
  override get readyCount(): number {
    return this.machine.readyCount;
  }
  override get readyBytes(): number {
    return this.machine.readyBytes;
  }
  override get unackedCount(): number {
    return this.machine.unackedCount;
  }
  override get consumerCount(): number {
    return this.machine.consumerCount;
  }
  override get counts(): QueueCounts {
    const { readyCount, readyBytes, unackedCount, unackedBytes, consumerCount } = this.machine;
    return {
      ready: readyCount,
      readyBytes,
      unacked: unackedCount,
      unackedBytes,
      consumers: consumerCount,
      persistent: 0,
      persistentBytes: 0,
    };
  }

  /** Why the queue cannot be used, if its log has failed; undefined: it can. */
  override get failure(): string | undefined {
    return undefined;
  }

  /** Calls `done` when all messages of the queue are known: at once, unless it has a log that is being replayed. */
  override whenReady(done: () => void): void {
    done();
  }

  /** Calls `done` when all that was done to the queue so far is stored as it promises; with false if that can never be. */
  override whenStored(done: (isStored: boolean) => void): void {
    done(true);
  }

  /** The same for what has left the queue so far: it cannot come back. */
  whenForgotten(done: (isStored: boolean) => void): void {
    done(true);
  }

  /** Calls `done` when the bytes of one of its messages are here. */
  override whenLoaded(_message: Message, done: () => void): void {
    done();
  }

  /**
   * Takes a message. false: refused, because the queue is full and rejects publishes. "pending": `receipt` will be told;
   * without one nobody waits.
   */
  override publish(
    now: number,
    message: Message,
    _receipt?: PublishReceipt,
    _sequence?: number,
  ): PublishOutcome {
    if (this.#isClosed) return true; // RabbitMQ acks what a queue deleted meanwhile would have got.
    const accepted = this.machine.enqueue(now, message);
    if (this.#watchers !== undefined && accepted) this.#showPublished(message);
    if (this.#hasAftermath) this.finish(now);
    if (this.machine.readyCount > 0 && this.#isBacklogHigh()) this.host.noteBacklog(this);
    return accepted;
  }

  /** Takes in a message that has its turn; the view is valid during the call only. */
  protected admitMessage(now: number, message: Message): void {
    if (this.#watchers !== undefined) this.#showPublished(message);
    this.machine.admit(now, message);
  }

  /** Publishers of this queue are to be slowed down. */
  protected noteBacklog(): void {
    if (this.machine.readyCount > 0 && this.#isBacklogHigh()) this.host.noteBacklog(this);
  }

  attach(now: number, spec: ConsumerSpec<ConsumerOutlet>): QueueConsumer | "exclusive-use" {
    const attached = this.machine.attach(now, spec);
    this.finish(now);
    return attached;
  }

  /**
   * Adds a consumer that this queue, or another leader of it, has served up to this number of a delivery. It is not refused; what it
   * holds is a DurableQueue's to know.
   */
  attachAgain(
    now: number,
    spec: ConsumerSpec<ConsumerOutlet>,
    state: {
      readonly lastNumber: number;
      readonly isActive: boolean;
      readonly held: readonly HeldMessage[];
    },
  ): QueueConsumer {
    const consumer = this.machine.attachAgain(now, spec, state);
    this.finish(now);
    return consumer;
  }

  override consume(
    now: number,
    spec: ConsumerSpec<ConsumerOutlet>,
    done: (outcome: ConsumerHandle | ConsumeRefusal) => void,
  ): void {
    done(this.attach(now, spec));
  }

  /** Deliveries begin: basic.consume-ok is on its way. */
  override start(now: number, consumer: QueueConsumer): void {
    this.machine.start(now, consumer);
    this.finish(now);
  }

  override detach(now: number, consumer: QueueConsumer, done?: () => void): void {
    this.machine.detach(now, consumer);
    this.finish(now);
    done?.();
  }

  override settle(now: number, consumer: QueueConsumer, from: number, to: number): void {
    if (this.#isClosed) return;
    this.machine.settle(now, consumer, from, to);
    if (this.#hasAftermath) this.finish(now);
    if (!this.isBacklogged) this.host.yielding.release(this);
  }

  override returnMessages(
    now: number,
    consumer: QueueConsumer,
    from: number,
    to: number,
    kind: "nack" | "reject" | "lost",
  ): void {
    if (this.#isClosed) return;
    this.machine.returnMessages(now, consumer, from, to, kind);
    this.finish(now);
  }

  override discard(now: number, consumer: QueueConsumer, from: number, to: number): void {
    if (this.#isClosed) return;
    this.machine.discard(now, consumer, from, to);
    this.finish(now);
  }

  /** basic.get; `done` gets the message, with its bytes, or undefined if none is ready. */
  override get(
    now: number,
    { sessionId }: GetSession,
    noAck: boolean,
    done: (result: GetResult<Message, ConsumerOutlet> | undefined) => void,
  ): void {
    const result = this.machine.get(now, sessionId, noAck);
    this.finish(now);
    done(result);
  }

  override recoverSession(now: number, sessionId: number): void {
    if (this.#isClosed) return;
    this.machine.recoverSession(now, sessionId);
    this.finish(now);
  }

  override closeSession(now: number, sessionId: number): void {
    if (this.#isClosed) return;
    this.machine.closeSession(now, sessionId);
    this.finish(now);
  }

  /** Nothing is delivered to the consumer until `unpause`. */
  override pause(now: number, consumer: QueueConsumer): void {
    this.machine.pause(now, consumer);
  }

  override unpause(now: number, consumer: QueueConsumer): void {
    if (this.#isClosed) return;
    this.machine.unpause(now, consumer);
    if (this.#hasAftermath) this.finish(now);
  }

  override grantCredit(now: number, consumer: QueueConsumer): void {
    if (this.#isClosed) return;
    this.machine.grantCredit(now, consumer);
    this.finish(now);
  }

  /** What the consumer's channel was told, or said, of credits is lost: if it waits for one, it asks again. */
  askCreditAgain(now: number, consumer: QueueConsumer): void {
    if (this.#isClosed) return;
    this.machine.askCreditAgain(now, consumer);
    this.finish(now);
  }

  override setNeedsCredit(now: number, consumer: QueueConsumer, needsCredit: boolean): void {
    if (this.#isClosed) return;
    this.machine.setNeedsCredit(now, consumer, needsCredit);
    this.finish(now);
  }

  override touch(now: number): void {
    this.machine.touch(now);
    this.finish(now);
  }

  purge(now: number): number {
    const count = this.machine.purge(now);
    this.finish(now);
    return count;
  }

  override purgeStored(now: number, done: (count: number | undefined) => void): void {
    const count = this.purge(now);
    this.whenForgotten((isStored) => done(isStored ? count : undefined));
  }

  override updateConfig(now: number, config: QueueConfig): void {
    this.machine.updateConfig(now, config);
    this.finish(now);
  }

  override peek(limit: number, visitor: PeekVisitor<Message>, skip = 0): void {
    this.machine.peek(limit, visitor, skip);
  }

  /** Messages in memory have their bytes. */
  override readPeeked(refs: readonly number[], reading: PeekReading): void {
    for (const at of refs.keys()) reading.show(at, undefined);
    reading.done();
  }

  override watch(watcher: PublishWatcher): () => void {
    const watchers = this.#watchers ?? new Set<PublishWatcher>();
    this.#watchers = watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#watchers === watchers) this.#watchers = undefined;
    };
  }

  #showPublished(message: Message): void {
    for (const watcher of this.#watchers ?? []) watcher.published(message);
  }

  #endWatching(): void {
    const watchers = this.#watchers;
    this.#watchers = undefined;
    for (const watcher of watchers ?? []) watcher.ended();
  }

  override consumers(): Iterable<QueueConsumer> {
    return this.machine.consumers();
  }

  /** The queue is deleted: its messages are dropped, its consumers are told. */
  override close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    const outlets = [...this.machine.consumers()].map((consumer) => consumer.spec.context);
    this.machine.close();
    for (const outlet of outlets) outlet.queueDeleted();
    this.#endWatching();
  }

  /** As `close`, but nobody is told. */
  protected forget(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.machine.close();
    this.#endWatching();
  }

  /** The node stops: nothing is delivered any more, and nothing that a log has to keep is forgotten. */
  override stop(): void {
    this.close();
  }

  // Effects of the machine. They may not call it: what has to follow is done in #finish.

  deliver(
    consumer: QueueConsumer,
    deliveryNumber: number,
    message: Message,
    redelivered: boolean,
    deliveryCount: number,
  ): void {
    const outlet = consumer.spec.context;
    outlet.deliver(deliveryNumber, message, redelivered, deliveryCount);
    if (outlet.isCongested) {
      this.#congested.push(consumer);
      this.#hasAftermath = true;
    }
  }

  deadLetter(message: Message, reason: DeadLetterReason): void {
    this.host.deferred.add(() => this.host.deadLetter(this, message, reason));
    this.#hasAftermath = true;
  }

  armTimer(dueAtMs: number): void {
    this.#wantedDueAtMs = dueAtMs;
    if (dueAtMs === -1) return;
    if (this.#timer !== undefined && this.#timerDueAtMs <= dueAtMs) return;
    this.#setTimer(dueAtMs);
  }

  moreToDeliver(): void {
    if (this.#isResumeScheduled) return;
    this.#isResumeScheduled = true;
    if (this.isBehind) this.host.clock.setTimer(DEAD_LETTER_PAUSE_MS, this.#onResume);
    else this.host.timers.defer(this.#onResume);
  }

  creditWanted(consumer: QueueConsumer): void {
    this.host.deferred.add(() => consumer.spec.context.creditWanted());
    this.#hasAftermath = true;
  }

  creditUnused(consumer: QueueConsumer): void {
    this.host.deferred.add(() => consumer.spec.context.creditUnused());
    this.#hasAftermath = true;
  }

  /** AMQP 0-9-1 clients are not told; `consumers()` shows it. */
  consumerActivated(consumer: QueueConsumer): void {
    consumer.spec.context.activated?.();
  }

  queueUnused(): void {
    this.host.deferred.add(() => this.host.deleteQueue(this, "unused"));
    this.#hasAftermath = true;
  }

  queueExpired(): void {
    this.host.deferred.add(() => this.host.deleteQueue(this, "expired"));
    this.#hasAftermath = true;
  }

  /** Dead letters are made faster than they can be sent on: expiry has to wait. */
  protected get isBehind(): boolean {
    return false;
  }

  /** What the command that has returned left to be done. */
  protected finish(now: number): void {
    this.#hasAftermath = false;
    if (this.#congested.length > 0) this.#pauseCongested(now);
    this.host.deferred.run();
  }

  /** Goes on delivering; no harm if there is nothing to go on with. */
  resume(): void {
    if (this.#isClosed) return;
    const now = this.host.clock.now();
    this.machine.resume(now);
    this.finish(now);
  }

  #pauseCongested(now: number): void {
    const consumers = this.#congested.splice(0);
    for (const consumer of consumers) {
      this.machine.pause(now, consumer);
      consumer.spec.context.paused();
    }
  }

  #isBacklogHigh(): boolean {
    const { readyBytes, readyCount, consumerCount } = this.machine;
    return consumerCount > 0 && (readyBytes > BACKLOG_HIGH || readyCount > BACKLOG_HIGH_COUNT);
  }

  #setTimer(dueAtMs: number): void {
    this.#timer?.cancel();
    this.#timerDueAtMs = dueAtMs;
    const delayMs = Math.max(0, dueAtMs - this.host.clock.now());
    this.#timer = this.host.clock.setTimer(delayMs, this.#onTimer);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const wanted = this.#wantedDueAtMs;
    if (this.#isClosed || wanted === -1) return;
    const now = this.host.clock.now();
    if (now < wanted || this.isBehind) {
      this.#setTimer(Math.max(wanted, this.isBehind ? now + DEAD_LETTER_PAUSE_MS : 0));
      return;
    }
    this.#wantedDueAtMs = -1;
    this.machine.tick(now);
    this.finish(now);
  };

  readonly #onResume = (): void => {
    this.#isResumeScheduled = false;
    this.resume();
  };
}
