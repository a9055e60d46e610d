import type { Consumer, ConsumerSpec } from "./consumer.ts";
import { ConsumerRoster } from "./consumer-roster.ts";
import type { QueueConfig } from "./queue-config.ts";
import { QueueDeadlines } from "./queue-deadlines.ts";
import type { DeadLetterReason, MachineMessage, QueueEffects } from "./queue-effects.ts";
import { QueueEntry } from "./queue-entry.ts";
import { ReadyMessages } from "./ready-messages.ts";

/**
 * What one command hands out at most before the driver is asked to `resume`, so that a long queue with a
 * new consumer neither blocks the event loop nor fills an output arena: 256 messages are about 0.1 ms of
 * work, 256 KiB are a quarter of a slab.
 */
export const DELIVERY_QUANTUM_MESSAGES = 256;
export const DELIVERY_QUANTUM_BYTES: number = 256 * 1024;
/** Expired messages that one command removes at most; the timer is armed for the rest. */
export const EXPIRY_QUANTUM = 4096;

/** Why messages come back. RabbitMQ 3.x counts all of them as a return. */
export type ReturnKind = "nack" | "reject" | "lost";

/** What basic.get found. */
export interface GetResult<M extends MachineMessage, C> {
  /**
   * With `noAck` the caller owns it and has to `release()` it. Else the queue owns it and it stays valid
   * until it is settled, returned or discarded.
   */
  readonly message: M;
  readonly redelivered: boolean;
  /** The value for x-delivery-count, -1 when the queue type has no such header. */
  readonly deliveryCount: number;
  /** Who holds the message, to be named in `settle`, `returnMessages` or `discard`; undefined with `noAck`. */
  readonly consumer: Consumer<M, C> | undefined;
  /** Number of the message at `consumer`; 0 with `noAck`. */
  readonly deliveryNumber: number;
  /** Ready messages left. */
  readonly remaining: number;
}

/**
 * The life of the messages of one queue, classic or quorum, as a deterministic machine: commands in, effects
 * out, no clock, randomness or I/O. Every command carries `now` (ms since the epoch); time never runs
 * backwards inside. A command runs to its end before the next; effects never call back.
 *
 * Invariant between commands: no message is ready while a consumer in the rotation can receive, unless
 * `moreToDeliver` was told and `resume` has not come yet.
 */
export class QueueMachine<M extends MachineMessage, C> {
  readonly #effects: QueueEffects<M, C>;
  readonly #ready: ReadyMessages<M>;
  readonly #roster: ConsumerRoster<M, C>;
  readonly #deadlines: QueueDeadlines;
  /** x-delivery-count of a first delivery: quorum queues count from 0, classic queues have no such header. */
  readonly #firstDeliveryCount: number;
  #config: QueueConfig;
  /** Overflow refuses the new message instead of dropping an old one. */
  #refusesOverflow = false;
  #maxLength = Infinity;
  #maxLengthBytes = Infinity;
  #now: number;
  #nextSequence = 0;
  #unackedCount = 0;
  #unackedBytes = 0;
  #isResumeDue = false;
  #isClosed = false;

  constructor(config: QueueConfig, effects: QueueEffects<M, C>, now: number) {
    this.#config = config;
    this.#effects = effects;
    this.#now = now;
    this.#ready = new ReadyMessages<M>(config.type, config.maxPriority ?? 0);
    this.#roster = new ConsumerRoster<M, C>(config.singleActiveConsumer);
    this.#deadlines = new QueueDeadlines(now);
    this.#firstDeliveryCount = config.type === "quorum" ? 0 : -1;
    this.#readLimits();
    this.#armTimer();
  }

  get config(): QueueConfig {
    return this.#config;
  }

  get readyCount(): number {
    return this.#ready.count;
  }

  /** Octets of the bodies of the ready messages. */
  get readyBytes(): number {
    return this.#ready.bytes;
  }

  get unackedCount(): number {
    return this.#unackedCount;
  }

  /** Octets of the bodies of the unacknowledged messages. */
  get unackedBytes(): number {
    return this.#unackedBytes;
  }

  get consumerCount(): number {
    return this.#roster.count;
  }

  /** No consumer is attached (queue.delete if-unused). */
  get isUnused(): boolean {
    return this.#roster.count === 0;
  }

  /** No message is ready (queue.delete if-empty: unacknowledged ones do not count). */
  get isEmpty(): boolean {
    return this.#ready.count === 0;
  }

  /** The attached consumers in the order of arrival. */
  consumers(): Iterable<Consumer<M, C>> {
    return this.#roster.attached();
  }

  /**
   * Takes a message in. false: refused by overflow reject-publish or reject-publish-dlx, and the publisher
   * is to be nacked. `message` is kept only if it is stored or handed out for acknowledgement.
   */
  enqueue(now: number, message: M): boolean {
    if (this.#ready.count !== 0 || this.#refusesOverflow) return this.#store(now, message);
    const consumer = this.#roster.next();
    if (consumer === undefined || consumer.needsCredit) return this.#store(now, message);
    this.#handOver(now, consumer, message);
    return true;
  }

  /**
   * Adds a consumer (basic.consume); deliveries begin with `start`. "exclusive-use": it wants the queue for itself
   * or another one has it so (403 ACCESS_REFUSED ... in exclusive use).
   */
  attach(now: number, spec: ConsumerSpec<C>): Consumer<M, C> | "exclusive-use" {
    this.#advance(now);
    if (this.#roster.isRefused(spec.exclusive)) return "exclusive-use";
    const consumer = this.#roster.attach(spec);
    this.#elect();
    return consumer;
  }

  /** Lets the deliveries of a new consumer begin: its consume-ok is on the way. */
  start(now: number, consumer: Consumer<M, C>): void {
    if (!consumer.isAttached || consumer.isStarted) return;
    this.#advance(now);
    consumer.isStarted = true;
    this.#wake(consumer);
  }

  /** Ends a consumer (basic.cancel). What it holds stays unacknowledged until settled or its session closes. */
  detach(now: number, consumer: Consumer<M, C>): void {
    if (!consumer.isAttached) return;
    this.#advance(now);
    this.#roster.detach(consumer);
    this.#consumersGone();
    this.#deliverReady();
    this.#armTimer();
  }

  /** Acknowledges the messages numbered `from..to`; numbers not outstanding are ignored. */
  settle(now: number, consumer: Consumer<M, C>, from: number, to: number): void {
    this.#advance(now);
    const unacked = consumer.unacked;
    for (
      let number = unacked.find(from, to);
      number !== -1;
      number = unacked.find(number + 1, to)
    ) {
      this.#takeUnacked(consumer, number)?.message.release();
    }
    this.#holdsLess(consumer);
  }

  /**
   * Puts the messages numbered `from..to` back (requeue): a classic queue to their original place, a quorum
   * queue before all others in the order of return. Numbers not outstanding are ignored.
   */
  returnMessages(
    now: number,
    consumer: Consumer<M, C>,
    from: number,
    to: number,
    _kind: ReturnKind,
  ): void {
    this.#advance(now);
    const unacked = consumer.unacked;
    for (
      let number = unacked.find(from, to);
      number !== -1;
      number = unacked.find(number + 1, to)
    ) {
      const entry = this.#takeUnacked(consumer, number);
      if (entry !== undefined) this.#putBack(entry);
    }
    this.#afterReturn();
    this.#holdsLess(consumer);
  }

  /** Removes the messages numbered `from..to` as rejected: to the dead-letter exchange, if there is one. */
  discard(now: number, consumer: Consumer<M, C>, from: number, to: number): void {
    this.#advance(now);
    const unacked = consumer.unacked;
    for (
      let number = unacked.find(from, to);
      number !== -1;
      number = unacked.find(number + 1, to)
    ) {
      const entry = this.#takeUnacked(consumer, number);
      if (entry !== undefined) this.#remove(entry, "rejected");
    }
    this.#holdsLess(consumer);
  }

  /** Takes the next message without a consumer (basic.get); undefined: no message is ready. */
  get(now: number, sessionId: number, noAck: boolean): GetResult<M, C> | undefined {
    this.#advance(now);
    this.#deadlines.used(this.#now);
    this.#dropAllExpired();
    const entry = this.#ready.take();
    if (entry === undefined) {
      this.#armTimer();
      return undefined;
    }
    this.#dropAllExpired();
    const consumer = noAck ? undefined : this.#roster.getHolderOf(sessionId);
    const deliveryNumber = consumer === undefined ? 0 : this.#hold(consumer, entry);
    this.#armTimer();
    return {
      message: entry.message,
      redelivered: entry.returnCount > 0,
      deliveryCount: this.#deliveryCountOf(entry),
      consumer,
      deliveryNumber,
      remaining: this.#ready.count,
    };
  }

  /**
   * Returns everything a session holds, in the original order, and leaves its consumers attached
   * (basic.recover with requeue).
   */
  recoverSession(now: number, sessionId: number): void {
    this.#advance(now);
    const holders = this.#roster.holdersOf(sessionId);
    this.#putAllBack(holders);
    this.#afterReturn();
    for (const holder of holders) {
      this.#roster.wake(holder);
      this.#roster.forgetIfIdle(holder);
    }
    this.#deliverReady();
    this.#armTimer();
  }

  /** The session's channel is gone: its consumers end and everything it holds returns in the original order. */
  closeSession(now: number, sessionId: number): void {
    this.#advance(now);
    const holders = this.#roster.holdersOf(sessionId);
    if (holders.length === 0) return;
    const hadConsumer = holders.some((holder) => holder.isAttached);
    for (const holder of holders) this.#roster.detach(holder);
    this.#putAllBack(holders);
    for (const holder of holders) this.#roster.forgetIfIdle(holder);
    if (hadConsumer) this.#consumersGone();
    // As in RabbitMQ, a queue about to be deleted for want of consumers dead-letters nothing more.
    const isDoomed = hadConsumer && this.#config.autoDelete && this.isUnused;
    if (!isDoomed) this.#afterReturn();
    this.#deliverReady();
    this.#armTimer();
  }

  /** The consumer's connection has no room for output: nothing is delivered until `unpause`. */
  pause(_now: number, consumer: Consumer<M, C>): void {
    consumer.isPaused = true;
  }

  /** The consumer's connection has room again. */
  unpause(now: number, consumer: Consumer<M, C>): void {
    if (!consumer.isPaused) return;
    this.#advance(now);
    consumer.isPaused = false;
    this.#wake(consumer);
  }

  /** Answers `creditWanted`: allows exactly one delivery, or tells `creditUnused` when none is possible. */
  grantCredit(now: number, consumer: Consumer<M, C>): void {
    this.#advance(now);
    const isServed = consumer.isCreditAsked && this.#serveCredit(consumer);
    consumer.isCreditAsked = false;
    if (!isServed) this.#effects.creditUnused(consumer);
    this.#wake(consumer);
  }

  /** basic.qos global=true came or went after the consumer: from now on its deliveries need a credit, or none. */
  setNeedsCredit(now: number, consumer: Consumer<M, C>, needsCredit: boolean): void {
    if (consumer.needsCredit === needsCredit) return;
    this.#advance(now);
    consumer.needsCredit = needsCredit;
    if (needsCredit) return;
    consumer.isCreditAsked = false;
    this.#wake(consumer);
  }

  /** Goes on delivering after `moreToDeliver`. */
  resume(now: number): void {
    this.#advance(now);
    this.#isResumeDue = false;
    this.#deliverReady();
    this.#armTimer();
  }

  /** The queue was declared again: a classic queue's x-expires starts anew, a quorum queue's does not. */
  touch(now: number): void {
    this.#advance(now);
    if (this.#config.type === "classic") this.#deadlines.used(this.#now);
    this.#armTimer();
  }

  /** Drops all ready messages, none of them to the dead-letter exchange, and returns how many. */
  purge(now: number): number {
    this.#advance(now);
    const count = this.#ready.count;
    this.#releaseReady();
    return count;
  }

  /**
   * Puts new settings in force (a policy changed). Length limits apply at once; messages already here keep the
   * expiry they got; x-expires starts anew. Type, priorities and single active consumer never change.
   */
  updateConfig(now: number, config: QueueConfig): void {
    this.#advance(now);
    this.#config = config;
    this.#readLimits();
    this.#deadlines.used(this.#now);
    this.#dropOverflow();
    this.#dropExpired(EXPIRY_QUANTUM);
    this.#armTimer();
  }

  /** The time asked for with `armTimer` has come; too early or too late does no harm. */
  tick(now: number): void {
    this.#advance(now);
    this.#deadlines.fired();
    this.#dropExpired(EXPIRY_QUANTUM);
    if (this.#now >= this.#expiresDueMs()) this.#effects.queueExpired();
    else this.#armTimer();
  }

  /** The queue is deleted: gives back every message, none to the dead-letter exchange. Later commands do nothing. */
  close(): void {
    this.#isClosed = true;
    this.#releaseReady();
    for (const holder of [...this.#roster.holders()]) {
      this.#roster.detach(holder);
      const last = holder.deliveryNumber;
      for (let n = holder.unacked.find(1, last); n !== -1; n = holder.unacked.find(n + 1, last)) {
        this.#takeUnacked(holder, n)?.message.release();
      }
      this.#roster.forgetIfIdle(holder);
    }
    if (this.#deadlines.disarm()) this.#effects.armTimer(-1);
  }

  /** Shows up to `limit` ready messages in the order of delivery; they stay, and are valid during the call only. */
  peek(limit: number, visitor: (message: M, redelivered: boolean) => void): void {
    let left = limit;
    this.#ready.every((entry) => {
      if (left <= 0) return false;
      left--;
      visitor(entry.message, entry.returnCount > 0);
      return true;
    });
  }

  #advance(now: number): void {
    if (now > this.#now) this.#now = now;
  }

  #readLimits(): void {
    this.#maxLength = this.#config.maxLength ?? Infinity;
    this.#maxLengthBytes = this.#config.maxLengthBytes ?? Infinity;
    const isLimited = this.#maxLength !== Infinity || this.#maxLengthBytes !== Infinity;
    this.#refusesOverflow = isLimited && this.#config.overflow !== "drop-head";
  }

  /** Straight from the publisher to a consumer that can receive: no ready message is older. */
  #handOver(now: number, consumer: Consumer<M, C>, message: M): void {
    if (consumer.noAck) {
      this.#effects.deliver(consumer, 0, message, false, this.#firstDeliveryCount);
    } else {
      this.#advance(now);
      const number = this.#hold(consumer, this.#newEntry(message));
      this.#effects.deliver(consumer, number, message, false, this.#firstDeliveryCount);
    }
    this.#roster.served(consumer);
  }

  #store(now: number, message: M): boolean {
    if (this.#isClosed) return true;
    this.#advance(now);
    this.#dropExpired(EXPIRY_QUANTUM);
    if (this.#refusesOverflow && this.#wouldOverflow(message.bodySize)) {
      this.#refuse(message);
      return false;
    }
    const consumer = this.#ready.count === 0 ? this.#roster.next() : undefined;
    if (consumer !== undefined && !consumer.needsCredit) {
      this.#handOver(now, consumer, message);
      return true;
    }
    this.#ready.pushFresh(this.#newEntry(message));
    this.#deliverReady();
    this.#dropOverflow();
    this.#dropExpired(EXPIRY_QUANTUM);
    this.#armTimer();
    return true;
  }

  #newEntry(message: M): QueueEntry<M> {
    // Starting anew whenever the queue is empty keeps positions small integers, which cost no allocation.
    if (this.#ready.count === 0 && this.#unackedCount === 0) this.#nextSequence = 0;
    const maxPriority = this.#config.maxPriority;
    const level = maxPriority === undefined ? 0 : Math.min(message.priority, maxPriority);
    return new QueueEntry<M>(
      message.keep(),
      this.#nextSequence++,
      level,
      this.#expiryOf(message.expirationMs),
    );
  }

  /** The lower of the queue's and the message's TTL counts. */
  #expiryOf(expirationMs: number): number | undefined {
    const queueTtlMs = this.#config.messageTtlMs;
    if (queueTtlMs === undefined) return expirationMs < 0 ? undefined : this.#now + expirationMs;
    return this.#now + (expirationMs < 0 ? queueTtlMs : Math.min(queueTtlMs, expirationMs));
  }

  #wouldOverflow(bodySize: number): boolean {
    return (
      this.#ready.count + 1 > this.#maxLength || this.#ready.bytes + bodySize > this.#maxLengthBytes
    );
  }

  #refuse(message: M): void {
    const isDeadLettered =
      this.#config.overflow === "reject-publish-dlx" &&
      this.#config.deadLetterExchange !== undefined;
    if (isDeadLettered) this.#effects.deadLetter(message.keep(), "maxlen");
  }

  /** Makes ready messages fit the limits again by dropping heads (overflow drop-head only). */
  #dropOverflow(): void {
    if (this.#config.overflow !== "drop-head") return;
    while (this.#ready.count > this.#maxLength || this.#ready.bytes > this.#maxLengthBytes) {
      const entry = this.#ready.take();
      if (entry === undefined) return;
      this.#remove(entry, "maxlen");
    }
  }

  /** Removes expired heads, at most `limit`; false: there may be more. */
  #dropExpired(limit: number): boolean {
    for (let dropped = 0; dropped < limit; dropped++) {
      const entry = this.#ready.takeExpired(this.#now);
      if (entry === undefined) return true;
      this.#remove(entry, "expired");
    }
    return false;
  }

  #dropAllExpired(): void {
    this.#dropExpired(Infinity);
  }

  /** Ends a message that the machine owns and that is in no structure any more. */
  #remove(entry: QueueEntry<M>, reason: DeadLetterReason): void {
    if (this.#config.deadLetterExchange === undefined) entry.message.release();
    else this.#effects.deadLetter(entry.message, reason);
  }

  #releaseReady(): void {
    for (let entry = this.#ready.take(); entry !== undefined; entry = this.#ready.take()) {
      entry.message.release();
    }
  }

  #hold(consumer: Consumer<M, C>, entry: QueueEntry<M>): number {
    this.#unackedCount++;
    this.#unackedBytes += entry.bodySize;
    return consumer.unacked.add(entry);
  }

  #takeUnacked(consumer: Consumer<M, C>, number: number): QueueEntry<M> | undefined {
    const entry = consumer.unacked.take(number);
    if (entry === undefined) return undefined;
    this.#unackedCount--;
    this.#unackedBytes -= entry.bodySize;
    return entry;
  }

  #putBack(entry: QueueEntry<M>): void {
    entry.returnCount++;
    const limit = this.#config.deliveryLimit;
    if (limit !== undefined && entry.returnCount > limit) this.#remove(entry, "delivery_limit");
    else this.#ready.pushReturned(entry);
  }

  #putAllBack(holders: readonly Consumer<M, C>[]): void {
    const entries: QueueEntry<M>[] = [];
    for (const holder of holders) {
      const last = holder.deliveryNumber;
      for (let n = holder.unacked.find(1, last); n !== -1; n = holder.unacked.find(n + 1, last)) {
        const entry = this.#takeUnacked(holder, n);
        if (entry !== undefined) entries.push(entry);
      }
    }
    entries.sort((a, b) => a.sequence - b.sequence);
    for (const entry of entries) this.#putBack(entry);
  }

  #afterReturn(): void {
    this.#dropOverflow();
    this.#dropExpired(EXPIRY_QUANTUM);
  }

  /** A consumer gave up messages: it may have room for others. */
  #holdsLess(consumer: Consumer<M, C>): void {
    if (!consumer.isAttached) this.#roster.forgetIfIdle(consumer);
    else this.#roster.wake(consumer);
    this.#deliverReady();
    this.#armTimer();
  }

  #wake(consumer: Consumer<M, C>): void {
    if (!this.#roster.wake(consumer)) return;
    this.#deliverReady();
    this.#armTimer();
  }

  #elect(): void {
    const elected = this.#roster.elect();
    if (elected !== undefined) this.#effects.consumerActivated(elected);
  }

  #consumersGone(): void {
    this.#elect();
    if (this.#roster.count > 0) return;
    this.#deadlines.used(this.#now);
    if (this.#config.autoDelete) this.#effects.queueUnused();
  }

  /** Hands ready messages out until none, no consumer or the quantum is left. */
  #deliverReady(): void {
    if (this.#isResumeDue) return;
    let messagesLeft = DELIVERY_QUANTUM_MESSAGES;
    let bytesLeft = DELIVERY_QUANTUM_BYTES;
    while (this.#ready.count > 0) {
      const consumer = this.#roster.next();
      if (consumer === undefined) return;
      if (messagesLeft === 0 || bytesLeft <= 0 || !this.#dropExpired(EXPIRY_QUANTUM)) {
        this.#wantResume();
        return;
      }
      if (consumer.needsCredit) {
        this.#askCredit(consumer);
        return;
      }
      bytesLeft -= this.#deliverHead(consumer);
      messagesLeft--;
    }
  }

  #wantResume(): void {
    this.#isResumeDue = true;
    this.#effects.moreToDeliver();
  }

  /**
   * Asks for a credit and waits for the answer: who comes next in the rotation gets the message only in
   * `resume`, after the driver could grant the credit, or else it would take every turn.
   */
  #askCredit(consumer: Consumer<M, C>): void {
    if (this.#ready.count === 0) return;
    consumer.isCreditAsked = true;
    this.#roster.suspend(consumer);
    this.#effects.creditWanted(consumer);
    if (this.#roster.next() !== undefined) this.#wantResume();
  }

  /** Uses a granted credit; false: there is no message, or the consumer cannot receive. */
  #serveCredit(consumer: Consumer<M, C>): boolean {
    const isServed = this.#config.singleActiveConsumer ? consumer.isActive : consumer.isAttached;
    if (!isServed || !consumer.canReceive) return false;
    this.#dropAllExpired();
    if (this.#ready.count === 0) return false;
    this.#deliverHead(consumer);
    return true;
  }

  /** Hands the next ready message out and returns its size; 0: there was none. */
  #deliverHead(consumer: Consumer<M, C>): number {
    const entry = this.#ready.take();
    if (entry === undefined) return 0;
    const redelivered = entry.returnCount > 0;
    const number = consumer.noAck ? 0 : this.#hold(consumer, entry);
    this.#effects.deliver(
      consumer,
      number,
      entry.message,
      redelivered,
      this.#deliveryCountOf(entry),
    );
    if (consumer.noAck) entry.message.release();
    this.#roster.served(consumer);
    return entry.bodySize;
  }

  #deliveryCountOf(entry: QueueEntry<M>): number {
    return this.#firstDeliveryCount === -1 ? -1 : entry.returnCount;
  }

  /** When the queue itself expires; Infinity: it does not, or is in use. */
  #expiresDueMs(): number {
    const expiresMs = this.#config.expiresMs;
    if (expiresMs === undefined || this.#roster.count > 0 || this.#isClosed) return Infinity;
    return this.#deadlines.lastUsedMs + expiresMs;
  }

  #armTimer(): void {
    const dueMs = Math.min(this.#ready.nextExpiryMs, this.#expiresDueMs());
    if (this.#deadlines.arm(dueMs)) this.#effects.armTimer(dueMs);
  }
}
