import type { Consumer, ConsumerSpec } from "./consumer.ts";
import { ConsumerRoster } from "./consumer-roster.ts";
import { DeliveryLoop } from "./delivery-loop.ts";
import type { MessageBacking } from "./log/message-backing.ts";
import { OutstandingMessages } from "./outstanding-messages.ts";
import { levelOf, type QueueConfig } from "./queue-config.ts";
import { QueueDeadlines } from "./queue-deadlines.ts";
import type { MachineMessage, QueueEffects } from "./queue-effects.ts";
import { QueueEntry } from "./queue-entry.ts";
import { ReadyMessages } from "./ready-messages.ts";
import { Retention } from "./retention.ts";

/** A message that a consumer holds since another leader of the queue handed it out. */
export interface HeldMessage {
  /** Number of the delivery at its consumer. */
  readonly number: number;
  readonly level: number;
  readonly ref: number;
  /** How often it had come back before. */
  readonly returnCount: number;
}

/** What a consumer holds. */
export interface Holding<M extends MachineMessage, C> {
  readonly consumer: Consumer<M, C>;
  /** By ascending number. */
  readonly messages: readonly HeldMessage[];
}

/** What became of messages of a log under its last leader, as far as those know who took them. */
export interface Takeover<M extends MachineMessage, C> {
  readonly holdings: readonly Holding<M, C>[];
  /** Messages that were acknowledged. */
  readonly settled: readonly { readonly level: number; readonly ref: number }[];
}

const NOTHING_TAKEN_OVER: Takeover<never, never> = { holdings: [], settled: [] };

/** Why messages come back. RabbitMQ 3.x counts all of them as a return. */
export type ReturnKind = "nack" | "reject" | "lost";

/** What a queue knows of a message besides its bytes. */
interface PeekedFacts {
  /** How often it was handed out and came back. */
  readonly returnCount: number;
  /** ms since the epoch; undefined: never. */
  readonly expiresAtMs: number | undefined;
}

export type PeekVisitor<M> = (message: M, redelivered: boolean, facts: PeekedFacts) => void;

/** Between two messages of a log there is room for so many in memory before their order among returned ones is lost. */
const TRANSIENT_STEP = 2 ** -16;

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
  readonly #outstanding: OutstandingMessages<M, C> = new OutstandingMessages<M, C>();
  readonly #retention: Retention<M>;
  readonly #deliveries: DeliveryLoop<M, C>;
  /** Of the two parts above; here, as each hand-over reads them: 0.7 ns of 10. */
  readonly #firstDeliveryCount: number;
  #refusesOverflow: boolean;
  #config: QueueConfig;
  #now: number;
  /** The place behind which the next message in memory stands. */
  #lastSequence = 0;
  /** How far messages in memory are apart; in a durable queue they stand between those of the log. */
  readonly #sequenceStep: number;
  #isClosed = false;

  /** `backing`: the log of a durable queue; `recover` tells that it is complete. */
  constructor(
    config: QueueConfig,
    effects: QueueEffects<M, C>,
    now: number,
    backing?: MessageBacking<M>,
  ) {
    this.#config = config;
    this.#effects = effects;
    this.#now = now;
    this.#ready = new ReadyMessages<M>(config.type, config.maxPriority ?? 0, backing);
    this.#sequenceStep = backing === undefined ? 1 : TRANSIENT_STEP;
    this.#roster = new ConsumerRoster<M, C>(config.singleActiveConsumer);
    this.#deadlines = new QueueDeadlines(now);
    this.#retention = new Retention<M>(config, this.#ready, effects);
    this.#deliveries = new DeliveryLoop<M, C>(config, {
      effects,
      ready: this.#ready,
      roster: this.#roster,
      outstanding: this.#outstanding,
      retention: this.#retention,
    });
    this.#firstDeliveryCount = this.#deliveries.firstDeliveryCount;
    this.#refusesOverflow = this.#retention.refusesOverflow;
    this.#armTimer();
  }

  get config(): QueueConfig {
    return this.#config;
  }

  /** Overflow refuses new messages instead of dropping old ones. */
  get refusesOverflow(): boolean {
    return this.#refusesOverflow;
  }

  get readyCount(): number {
    return this.#ready.count;
  }

  /** Octets of the bodies of the ready messages. */
  get readyBytes(): number {
    return this.#ready.bytes;
  }

  get unackedCount(): number {
    return this.#outstanding.count;
  }

  /** Octets of the bodies of the unacknowledged messages. */
  get unackedBytes(): number {
    return this.#outstanding.bytes;
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

  /** Takes in a message that `refuses` had nothing against: one that its log has, or that waited for one that has. */
  admit(now: number, message: M): void {
    const consumer = this.#ready.count === 0 ? this.#roster.next() : undefined;
    if (consumer !== undefined && !consumer.needsCredit) this.#handOver(now, consumer, message);
    else if (!this.#isClosed) this.#keep(now, message);
  }

  /**
   * Whether overflow refuses a message that comes now, with so many (octets) on their way into the queue. Those do not count that
   * consumers have room for. A refused one goes to the dead-letter exchange if the queue says so.
   */
  refuses(now: number, message: M, coming: number, comingBytes: number): boolean {
    if (!this.#refusesOverflow) return false;
    this.#advance(now);
    this.#retention.dropExpired(this.#now);
    if (coming === 0) return this.#retention.refuses(message, 0, 0);
    const room = this.#ready.count === 0 ? this.#roster.roomFor(coming) : 0;
    const waiting = coming - room;
    return this.#retention.refuses(message, waiting, (comingBytes * waiting) / coming);
  }

  /**
   * The log of a durable queue was replayed: what it has is ready, but what `takeover` says. No message in it has a ref above
   * `lastRef`.
   */
  recover(now: number, lastRef: number, takeover: Takeover<M, C> = NOTHING_TAKEN_OVER): void {
    this.#advance(now);
    this.#lastSequence = lastRef;
    this.#ready.recover();
    this.#takeOver(takeover);
    this.#deadlines.used(this.#now);
    this.#deliveries.run(this.#now);
    this.#retention.dropOverflow();
    this.#armTimer();
  }

  /** The level of a message with this `priority` property. */
  levelOf(priority: number): number {
    return levelOf(this.#config, priority);
  }

  /** When a message that comes now expires, ms since the epoch; undefined: never. */
  expiryOf(now: number, expirationMs: number): number | undefined {
    return this.#retention.expiryOf(now, expirationMs);
  }

  /** Whether `get` may be called: no message is ready, or its bytes are here. Expired ones are dropped first. */
  prepareGet(now: number): boolean {
    this.#advance(now);
    this.#retention.dropAllExpired(this.#now);
    return this.#ready.count === 0 || this.#ready.isHeadLoaded;
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

  /**
   * Adds a consumer that another leader of the queue served, up to this number of a delivery; it is not refused. `recover` or
   * `takeOver` give it what it holds.
   */
  attachAgain(
    now: number,
    spec: ConsumerSpec<C>,
    { lastNumber, isActive }: { readonly lastNumber: number; readonly isActive: boolean },
  ): Consumer<M, C> {
    this.#advance(now);
    const consumer = this.#roster.attach(spec);
    consumer.unacked.startAfter(lastNumber);
    if (isActive && this.#roster.activate(consumer)) this.#effects.consumerActivated(consumer);
    this.#elect();
    return consumer;
  }

  /** The holder of what a session took with basic.get from another leader of the queue, up to this number. */
  holderAgain(sessionId: number, lastNumber: number): Consumer<M, C> {
    const holder = this.#roster.getHolderOf(sessionId);
    if (holder.unacked.lastNumber < lastNumber) holder.unacked.startAfter(lastNumber);
    return holder;
  }

  /** Gives consumers what they hold, and drops what they have acknowledged, where it is ready here. */
  takeOver(now: number, takeover: Takeover<M, C>): void {
    this.#advance(now);
    this.#takeOver(takeover);
    this.#deliveries.run(this.#now);
    this.#armTimer();
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
    this.#deliveries.run(this.#now);
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
      this.#outstanding.take(consumer, number)?.message.release();
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
      const entry = this.#outstanding.take(consumer, number);
      if (entry !== undefined) this.#retention.putBack(entry);
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
      const entry = this.#outstanding.take(consumer, number);
      if (entry !== undefined) this.#retention.remove(entry, "rejected");
    }
    this.#holdsLess(consumer);
  }

  /** Takes the next message without a consumer (basic.get); undefined: no message is ready. */
  get(now: number, sessionId: number, noAck: boolean): GetResult<M, C> | undefined {
    this.#advance(now);
    this.#deadlines.used(this.#now);
    this.#retention.dropAllExpired(this.#now);
    const entry = this.#ready.take();
    if (entry === undefined) {
      this.#armTimer();
      return undefined;
    }
    this.#retention.dropAllExpired(this.#now);
    const consumer = noAck ? undefined : this.#roster.getHolderOf(sessionId);
    const deliveryNumber = consumer === undefined ? 0 : this.#outstanding.add(consumer, entry);
    this.#armTimer();
    return {
      message: entry.message,
      redelivered: entry.returnCount > 0,
      deliveryCount: this.#deliveries.deliveryCountOf(entry),
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
    this.#deliveries.run(this.#now);
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
    this.#deliveries.run(this.#now);
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
    const isServed = consumer.isCreditAsked && this.#deliveries.serveCredit(this.#now, consumer);
    consumer.isCreditAsked = false;
    if (!isServed) this.#effects.creditUnused(consumer);
    this.#wake(consumer);
  }

  /** An answer to `creditWanted` will not come any more: asks again, if there is something to deliver. */
  askCreditAgain(now: number, consumer: Consumer<M, C>): void {
    if (!consumer.isCreditAsked) return;
    this.#advance(now);
    consumer.isCreditAsked = false;
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
    this.#deliveries.resume(this.#now);
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
    this.#retention.releaseReady();
    return count;
  }

  /**
   * Puts new settings in force (a policy changed). Length limits apply at once; messages already here keep the
   * expiry they got; x-expires starts anew. Type, priorities and single active consumer never change.
   */
  updateConfig(now: number, config: QueueConfig): void {
    this.#advance(now);
    this.#config = config;
    this.#retention.setConfig(config);
    this.#refusesOverflow = this.#retention.refusesOverflow;
    this.#deadlines.used(this.#now);
    this.#retention.dropOverflow();
    this.#retention.dropExpired(this.#now);
    this.#armTimer();
  }

  /** The time asked for with `armTimer` has come; too early or too late does no harm. */
  tick(now: number): void {
    this.#advance(now);
    this.#deadlines.fired();
    this.#retention.dropExpired(this.#now);
    if (this.#now >= this.#expiresDueMs()) this.#effects.queueExpired();
    else this.#armTimer();
  }

  /** The queue is deleted: gives back every message, none to the dead-letter exchange. Later commands do nothing. */
  close(): void {
    this.#isClosed = true;
    this.#retention.releaseReady();
    const holders = [...this.#roster.holders()];
    for (const holder of holders) this.#roster.detach(holder);
    for (const { message } of this.#outstanding.takeAll(holders)) message.release();
    for (const holder of holders) this.#roster.forgetIfIdle(holder);
    if (this.#deadlines.disarm()) this.#effects.armTimer(-1);
  }

  /**
   * Shows up to `limit` ready messages behind the first `skip` in the order of delivery; they stay, and are valid during the call
   * only.
   */
  peek(limit: number, visitor: PeekVisitor<M>, skip = 0): void {
    let left = limit;
    this.#ready.every((entry) => {
      if (left <= 0) return false;
      left--;
      visitor(entry.message, entry.returnCount > 0, entry);
      return true;
    }, skip);
  }

  #takeOver({ holdings, settled }: Takeover<M, C>): void {
    const found = this.#takeRefs([...holdings.flatMap(({ messages }) => messages), ...settled]);
    for (const { consumer, messages } of holdings) {
      for (const { number, ref, returnCount } of messages) {
        const entry = found.get(ref);
        if (entry === undefined) continue;
        found.delete(ref);
        entry.returnCount = returnCount;
        this.#outstanding.takeOver(consumer, number, entry);
      }
    }
    for (const entry of found.values()) entry.message.release();
  }

  /** By ref. */
  #takeRefs(
    messages: readonly { readonly level: number; readonly ref: number }[],
  ): Map<number, QueueEntry<M>> {
    const refs = new Map<number, Set<number>>();
    for (const { level, ref } of messages) {
      const ofLevel = refs.get(level);
      if (ofLevel === undefined) refs.set(level, new Set([ref]));
      else ofLevel.add(ref);
    }
    const found = new Map<number, QueueEntry<M>>();
    for (const [level, wanted] of refs) {
      for (const entry of this.#ready.takeRefs(level, wanted)) {
        found.set(entry.message.ref, entry);
      }
    }
    return found;
  }

  #advance(now: number): void {
    if (now > this.#now) this.#now = now;
  }

  /** Straight from the publisher to a consumer that can receive: no ready message is older. */
  #handOver(now: number, consumer: Consumer<M, C>, message: M): void {
    if (message.ref !== 0) this.#ready.passLogged(this.levelOf(message.priority));
    if (consumer.noAck) {
      this.#effects.deliver(consumer, 0, message, false, this.#firstDeliveryCount);
    } else {
      this.#advance(now);
      const number = this.#outstanding.add(consumer, this.#newEntry(message));
      this.#effects.deliver(consumer, number, message, false, this.#firstDeliveryCount);
    }
    this.#roster.served(consumer);
  }

  #store(now: number, message: M): boolean {
    if (this.#isClosed) return true;
    this.#advance(now);
    this.#retention.dropExpired(this.#now);
    if (this.#retention.refuses(message, 0, 0)) return false;
    this.admit(now, message);
    return true;
  }

  #keep(now: number, message: M): void {
    this.#advance(now);
    this.#addReady(message);
    this.#deliveries.run(this.#now);
    this.#retention.dropOverflow();
    this.#retention.dropExpired(this.#now);
    this.#armTimer();
  }

  #addReady(message: M): void {
    if (message.ref === 0) {
      this.#ready.pushFresh(this.#newEntry(message));
      return;
    }
    this.#lastSequence = message.ref;
    const level = this.levelOf(message.priority);
    this.#ready.pushLogged(level, message.bodySize, message.expiresAtMs);
  }

  #newEntry(message: M): QueueEntry<M> {
    const level = this.levelOf(message.priority);
    if (message.ref !== 0) {
      this.#lastSequence = message.ref;
      const expiresAtMs = message.expiresAtMs === -1 ? undefined : message.expiresAtMs;
      return new QueueEntry<M>(message.keep(), message.ref, level, expiresAtMs);
    }
    const expiresAtMs = this.#retention.expiryOf(this.#now, message.expirationMs);
    return new QueueEntry<M>(message.keep(), this.#nextSequence(), level, expiresAtMs);
  }

  #nextSequence(): number {
    const isEmpty = this.#ready.count === 0 && this.#outstanding.count === 0;
    // Starting anew whenever the queue is empty keeps positions small integers, which cost no allocation.
    if (isEmpty && this.#sequenceStep === 1) this.#lastSequence = 0;
    this.#lastSequence += this.#sequenceStep;
    return this.#lastSequence;
  }

  #putAllBack(holders: readonly Consumer<M, C>[]): void {
    for (const entry of this.#outstanding.takeAll(holders)) this.#retention.putBack(entry);
  }

  #afterReturn(): void {
    this.#retention.dropOverflow();
    this.#retention.dropExpired(this.#now);
  }

  /** A consumer gave up messages: it may have room for others. */
  #holdsLess(consumer: Consumer<M, C>): void {
    if (!consumer.isAttached) this.#roster.forgetIfIdle(consumer);
    else this.#roster.wake(consumer);
    this.#deliveries.run(this.#now);
    this.#armTimer();
  }

  #wake(consumer: Consumer<M, C>): void {
    if (!this.#roster.wake(consumer)) return;
    this.#deliveries.run(this.#now);
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
