import type { MachineMessage } from "./queue-effects.ts";

/**
 * One stored message with what its queue knows of it. The same object moves between the ready and the
 * unacknowledged messages, so a message costs one small object from enqueue to ack.
 */
export class QueueEntry<M extends MachineMessage> {
  /** The entry owns one `keep()` of it. */
  readonly message: M;
  /** Position in the queue: a requeued message goes back before all with a higher one. */
  readonly sequence: number;
  readonly bodySize: number;
  /** Priority level, already clamped to the queue's maximum. */
  readonly level: number;
  /**
   * Fixed when enqueued, ms since the epoch. `undefined` rather than a number for "never": V8 would box
   * every number of a field that also holds large ones.
   */
  readonly expiresAtMs: number | undefined;
  /** How often it was handed out and came back; over 0 means redelivered. */
  returnCount = 0;

  constructor(message: M, sequence: number, level: number, expiresAtMs: number | undefined) {
    this.message = message;
    this.sequence = sequence;
    this.bodySize = message.bodySize;
    this.level = level;
    this.expiresAtMs = expiresAtMs;
  }
}
