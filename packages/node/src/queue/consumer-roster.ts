import { Consumer, type ConsumerSpec } from "./consumer.ts";
import { ConsumerRotation } from "./consumer-rotation.ts";
import type { MachineMessage } from "./queue-effects.ts";

/** What one channel has in this queue: its consumers, also cancelled ones that hold messages still. */
interface Session<M extends MachineMessage, C> {
  readonly holders: Set<Consumer<M, C>>;
  /** Holds what basic.get took. */
  getHolder: Consumer<M, C> | undefined;
}

/**
 * The consumers of a queue: who may join, whose turn it is, which one is the single active consumer.
 * Sets and maps are only walked in the order of insertion, which is the order of the commands.
 */
export class ConsumerRoster<M extends MachineMessage, C> {
  readonly #singleActive: boolean;
  /** In the order of arrival. */
  readonly #attached: Set<Consumer<M, C>> = new Set();
  readonly #sessions: Map<number, Session<M, C>> = new Map();
  readonly #rotation: ConsumerRotation<M, C> = new ConsumerRotation<M, C>();
  #exclusive: Consumer<M, C> | undefined = undefined;
  #active: Consumer<M, C> | undefined = undefined;
  /** Of holders that were forgotten: what is said of a number later, over another leader, must not meet another message. */
  #lastGetNumber = 0;

  constructor(singleActive: boolean) {
    this.#singleActive = singleActive;
  }

  get count(): number {
    return this.#attached.size;
  }

  /** The single active consumer, if the queue works so and has one. */
  get active(): Consumer<M, C> | undefined {
    return this.#active;
  }

  attached(): Iterable<Consumer<M, C>> {
    return this.#attached;
  }

  /** Whether RabbitMQ would refuse the consumer with "in exclusive use". */
  isRefused(exclusive: boolean): boolean {
    if (this.#exclusive !== undefined) return true;
    return exclusive && (this.#singleActive || this.#attached.size > 0);
  }

  attach(spec: ConsumerSpec<C>): Consumer<M, C> {
    const consumer = new Consumer<M, C>(spec.sessionId, spec);
    consumer.isAttached = true;
    this.#attached.add(consumer);
    this.#sessionOf(spec.sessionId).holders.add(consumer);
    if (spec.exclusive) this.#exclusive = consumer;
    return consumer;
  }

  /** Ends the consumer's deliveries; it is remembered as long as it holds messages. */
  detach(consumer: Consumer<M, C>): void {
    consumer.isAttached = false;
    consumer.isStarted = false;
    consumer.isActive = false;
    this.#attached.delete(consumer);
    this.#rotation.leave(consumer);
    if (this.#exclusive === consumer) this.#exclusive = undefined;
    if (this.#active === consumer) this.#active = undefined;
    this.forgetIfIdle(consumer);
  }

  /**
   * Fills the place of the single active consumer if it is free: the highest x-priority, then the first
   * to arrive. Returns the new one; undefined: nothing changed.
   */
  elect(): Consumer<M, C> | undefined {
    if (!this.#singleActive || this.#active !== undefined) return undefined;
    let best: Consumer<M, C> | undefined;
    for (const consumer of this.#attached) {
      if (best === undefined || consumer.priority > best.priority) best = consumer;
    }
    if (best === undefined) return undefined;
    best.isActive = true;
    this.#active = best;
    return best;
  }

  /** Makes this one the single active consumer, as it was under another leader; true: it was not already. */
  activate(consumer: Consumer<M, C>): boolean {
    if (!this.#singleActive || this.#active === consumer || !consumer.isAttached) return false;
    if (this.#active !== undefined) this.#active.isActive = false;
    consumer.isActive = true;
    this.#active = consumer;
    return true;
  }

  /** The consumer to serve next; undefined: none can receive. */
  next(): Consumer<M, C> | undefined {
    if (!this.#singleActive) return this.#rotation.next();
    const active = this.#active;
    return active?.canReceive === true && !active.isCreditAsked ? active : undefined;
  }

  /** How many of so many messages the consumers could receive now; credit from outside apart. */
  roomFor(count: number): number {
    let left = count;
    for (const consumer of this.#attached) {
      if (left === 0) break;
      if (!this.#singleActive || consumer.isActive) left -= Math.min(left, consumer.room);
    }
    return count - left;
  }

  /** The consumer has got a message. */
  served(consumer: Consumer<M, C>): void {
    this.#rotation.rotate(consumer);
  }

  /** Takes the consumer out of the rotation until it is given its turn again. */
  suspend(consumer: Consumer<M, C>): void {
    this.#rotation.leave(consumer);
  }

  /** Lets the consumer take turns again if it can; true: the queue may now have somebody to serve. */
  wake(consumer: Consumer<M, C>): boolean {
    if (consumer.isCreditAsked || !consumer.canReceive) return false;
    if (this.#singleActive) return consumer.isActive;
    this.#rotation.join(consumer);
    return true;
  }

  /** The holder of what the session takes with basic.get, made when missing. */
  getHolderOf(sessionId: number): Consumer<M, C> {
    const session = this.#sessionOf(sessionId);
    if (session.getHolder === undefined) {
      session.getHolder = new Consumer<M, C>(sessionId, undefined);
      session.getHolder.unacked.startAfter(this.#lastGetNumber);
      session.holders.add(session.getHolder);
    }
    return session.getHolder;
  }

  /** All of a session that hold or may hold messages, in the order of arrival. */
  holdersOf(sessionId: number): readonly Consumer<M, C>[] {
    const session = this.#sessions.get(sessionId);
    return session === undefined ? [] : [...session.holders];
  }

  /** Everything that holds messages, of all sessions. */
  *holders(): Iterable<Consumer<M, C>> {
    for (const session of this.#sessions.values()) yield* session.holders;
  }

  /** Drops what is neither attached nor holds a message. */
  forgetIfIdle(consumer: Consumer<M, C>): void {
    if (consumer.isAttached || consumer.unackedCount > 0) return;
    const session = this.#sessions.get(consumer.sessionId);
    if (session === undefined || !session.holders.delete(consumer)) return;
    if (session.getHolder === consumer) {
      session.getHolder = undefined;
      this.#lastGetNumber = Math.max(this.#lastGetNumber, consumer.deliveryNumber);
    }
    if (session.holders.size === 0) this.#sessions.delete(consumer.sessionId);
  }

  #sessionOf(sessionId: number): Session<M, C> {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) return session;
    const created: Session<M, C> = { holders: new Set(), getHolder: undefined };
    this.#sessions.set(sessionId, created);
    return created;
  }
}
