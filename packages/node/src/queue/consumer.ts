import type { MachineMessage } from "./queue-effects.ts";
import { UnackedMessages } from "./unacked-messages.ts";

/** What a client asked for with basic.consume, as far as the queue cares. */
export interface ConsumerSpec<C> {
  /** What the driver wants to find again in the effects: the channel's consumer. */
  readonly context: C;
  /** The channel that owns the consumer; all of a session's consumers end together. */
  readonly sessionId: number;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  /** Unacknowledged messages this consumer may hold; 0: no limit. Ignored for no-ack consumers. */
  readonly prefetch: number;
  /** x-priority: higher first. */
  readonly priority: number;
  /**
   * true: besides `prefetch`, each delivery needs a credit from outside (basic.qos global=true), asked for with
   * `creditWanted` and given one by one with `grantCredit`.
   */
  readonly needsCredit: boolean;
}

/** The consumers of one priority that take turns; linked through the consumers themselves. */
export interface PriorityTurn<M extends MachineMessage, C> {
  readonly priority: number;
  head: Consumer<M, C> | undefined;
  tail: Consumer<M, C> | undefined;
}

/**
 * A consumer inside the machine, or the holder of what a session took with basic.get. Others may read it;
 * only the machine and its parts change it.
 */
export class Consumer<M extends MachineMessage, C> {
  readonly sessionId: number;
  readonly noAck: boolean;
  readonly priority: number;
  readonly unacked: UnackedMessages<M> = new UnackedMessages<M>();
  /** Single active consumer: it is the one that gets the messages. false in other queues. */
  isActive = false;
  /** Between `attach` and `detach`; false for the holder of basic.get. */
  isAttached = false;
  /** `start` was called: consume-ok has gone out, deliveries may follow. */
  isStarted = false;
  /** Its connection's output is full. */
  isPaused = false;
  /** See `ConsumerSpec.needsCredit`; basic.qos may change it later. */
  needsCredit: boolean;
  /** `creditWanted` was told and not yet answered by `grantCredit`. */
  isCreditAsked = false;
  /** Its place among consumers of the same priority while it takes turns; see ConsumerRotation. */
  turn: PriorityTurn<M, C> | undefined = undefined;
  next: Consumer<M, C> | undefined = undefined;
  previous: Consumer<M, C> | undefined = undefined;
  readonly #spec: ConsumerSpec<C> | undefined;
  /** 0: no limit. */
  readonly #prefetch: number;

  /** `spec` undefined: this one only holds what `sessionId` took with basic.get. */
  constructor(sessionId: number, spec: ConsumerSpec<C> | undefined) {
    this.sessionId = sessionId;
    this.#spec = spec;
    this.noAck = spec?.noAck ?? false;
    this.needsCredit = spec?.needsCredit ?? false;
    this.priority = spec?.priority ?? 0;
    this.#prefetch = spec === undefined || spec.noAck ? 0 : spec.prefetch;
  }

  /** What it was attached with. Every consumer in an effect has it; the holder of basic.get has none and throws. */
  get spec(): ConsumerSpec<C> {
    if (this.#spec === undefined) throw new Error("the holder of basic.get has no consumer spec");
    return this.#spec;
  }

  /** Number of its last delivery; 0: there was none that needs settling. */
  get deliveryNumber(): number {
    return this.unacked.lastNumber;
  }

  get unackedCount(): number {
    return this.unacked.count;
  }

  /** How many messages it may get now, credit from outside apart; Infinity: as many as there are. */
  get room(): number {
    if (!this.canReceive) return 0;
    return this.#prefetch === 0 ? Infinity : this.#prefetch - this.unacked.count;
  }

  /** Whether it may get a message now, credit from outside apart. */
  get canReceive(): boolean {
    return (
      this.isStarted &&
      !this.isPaused &&
      (this.#prefetch === 0 || this.unacked.count < this.#prefetch)
    );
  }
}
