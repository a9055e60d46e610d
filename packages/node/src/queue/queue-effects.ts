import type { Consumer } from "./consumer.ts";

/**
 * What the queue machine needs of a message. `bodySize`, `priority` and `expirationMs` are read when it
 * is enqueued; the bytes are none of its business.
 */
export interface MachineMessage {
  /** Octets of the body; header and routing information do not count (RabbitMQ: x-max-length-bytes). */
  readonly bodySize: number;
  /** The `priority` property, 0 when absent. Not yet clamped to the queue's maximum. */
  readonly priority: number;
  /** The `expiration` property in milliseconds, -1 when absent. */
  readonly expirationMs: number;
  /** Its place in the log of a durable queue, which is also its place in the queue; 0: it is in memory only. */
  readonly ref: number;
  /** Of a logged message: when it expires, ms since the epoch, as its log says; -1: never. */
  readonly expiresAtMs: number;
  /** Its bytes are here. Always so if it is in memory only. */
  readonly isLoaded: boolean;
  /**
   * Makes a message that stays valid after the current command, counted once for the caller.
   * A message that is handed over without being kept is never copied.
   */
  keep(): this;
  /** Gives back what one `keep()` took. */
  release(): void;
}

/** Why a message leaves a queue for its dead-letter exchange (RabbitMQ: the `reason` of x-death). */
export type DeadLetterReason = "rejected" | "expired" | "maxlen" | "delivery_limit";

/**
 * What the machine wants done, told while a command is applied. Implementations must not call
 * back into the machine: they note what follows and act after the command has returned.
 *
 * `M` is the message type, `C` what the driver attached to a consumer.
 */
export interface QueueEffects<M extends MachineMessage, C> {
  /**
   * Hands a message to a consumer. `message` is valid during the call only. `deliveryNumber` counts the
   * deliveries of this consumer from 1 (0 for a no-ack consumer, which has nothing to settle).
   * `deliveryCount` is the value for x-delivery-count, -1 when the queue type has no such header.
   */
  deliver(
    consumer: Consumer<M, C>,
    deliveryNumber: number,
    message: M,
    redelivered: boolean,
    deliveryCount: number,
  ): void;
  /** Passes a message, with the machine's reference to it, to the dead-letter exchange. */
  deadLetter(message: M, reason: DeadLetterReason): void;
  /** Calls `tick` at this time (ms since the epoch) and forgets any earlier wish; -1: no call needed. */
  armTimer(dueAtMs: number): void;
  /** The quantum of one command is used up and deliveries are still possible: call `resume` soon. */
  moreToDeliver(): void;
  /** A consumer with external credit could get a message: grant it with `grantCredit` when allowed. */
  creditWanted(consumer: Consumer<M, C>): void;
  /** A credit granted by `grantCredit` found no message and is returned. */
  creditUnused(consumer: Consumer<M, C>): void;
  /** Single active consumer: this one is now the active one. */
  consumerActivated(consumer: Consumer<M, C>): void;
  /** An auto-delete queue lost its last consumer: it has to be deleted. */
  queueUnused(): void;
  /** x-expires has passed without use: the queue has to be deleted. */
  queueExpired(): void;
}
