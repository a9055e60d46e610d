import { EXPIRY_QUANTUM } from "../limits.ts";
import { expiryOf, type QueueConfig } from "./queue-config.ts";
import type { DeadLetterReason, MachineMessage, QueueEffects } from "./queue-effects.ts";
import type { QueueEntry } from "./queue-entry.ts";
import type { ReadyMessages } from "./ready-messages.ts";

/**
 * What a queue keeps of its ready messages, and for how long: overflow, expiry, the delivery limit, and where a message
 * goes that is kept no longer.
 */
export class Retention<M extends MachineMessage> {
  /** Overflow refuses the new message instead of dropping an old one. Read with every publish; set here only. */
  refusesOverflow = false;
  readonly #ready: ReadyMessages<M>;
  readonly #effects: Pick<QueueEffects<M, never>, "deadLetter">;
  #config: QueueConfig;
  #maxLength = Infinity;
  #maxLengthBytes = Infinity;

  constructor(
    config: QueueConfig,
    ready: ReadyMessages<M>,
    effects: Pick<QueueEffects<M, never>, "deadLetter">,
  ) {
    this.#config = config;
    this.#ready = ready;
    this.#effects = effects;
    this.setConfig(config);
  }

  /** Puts other limits in force for what comes; `dropOverflow` applies them to what is here. */
  setConfig(config: QueueConfig): void {
    this.#config = config;
    this.#maxLength = config.maxLength ?? Infinity;
    this.#maxLengthBytes = config.maxLengthBytes ?? Infinity;
    const isLimited = this.#maxLength !== Infinity || this.#maxLengthBytes !== Infinity;
    this.refusesOverflow = isLimited && config.overflow !== "drop-head";
  }

  /** When a message that comes now expires (ms since the epoch); the lower of the queue's and its own TTL counts. */
  expiryOf(now: number, expirationMs: number): number | undefined {
    return expiryOf(this.#config, now, expirationMs);
  }

  /**
   * Whether a new message is one too many for overflow reject-publish or reject-publish-dlx, with so many messages (octets)
   * before it that are not ready yet.
   */
  refuses(message: M, coming: number, comingBytes: number): boolean {
    if (!this.refusesOverflow) return false;
    const isTooMuch =
      this.#ready.count + coming + 1 > this.#maxLength ||
      this.#ready.bytes + comingBytes + message.bodySize > this.#maxLengthBytes;
    if (isTooMuch) this.#refuse(message);
    return isTooMuch;
  }

  /** Makes ready messages fit the limits again by dropping heads (overflow drop-head only). */
  dropOverflow(): void {
    if (this.#config.overflow !== "drop-head") return;
    while (this.#ready.count > this.#maxLength || this.#ready.bytes > this.#maxLengthBytes) {
      const entry = this.#ready.take();
      if (entry === undefined) return;
      this.remove(entry, "maxlen");
    }
  }

  /** Removes a quantum of expired heads at most; none if their dead letters have to wait. false: there may be more. */
  dropExpired(now: number): boolean {
    if (now < this.#ready.nextExpiryMs) return true;
    const isHeld = this.#config.deadLetterExchange !== undefined && this.#ready.isBehind;
    return !isHeld && this.#dropExpiredHeads(now, EXPIRY_QUANTUM);
  }

  /** Removes all expired heads. */
  dropAllExpired(now: number): void {
    this.#dropExpiredHeads(now, Infinity);
  }

  /** Ends a message that the machine owns and that is in no structure any more. */
  remove(entry: QueueEntry<M>, reason: DeadLetterReason): void {
    if (this.#config.deadLetterExchange === undefined) entry.message.release();
    else this.#effects.deadLetter(entry.message, reason);
  }

  /** Makes a message that was handed out ready again, unless it came back too often. */
  putBack(entry: QueueEntry<M>): void {
    entry.returnCount++;
    // A classic queue only tells that a message was handed out before, which its log knows anyway.
    if (this.#config.type === "quorum") this.#ready.noteReturn(entry.message, entry.returnCount);
    const limit = this.#config.deliveryLimit;
    if (limit !== undefined && entry.returnCount > limit) this.remove(entry, "delivery_limit");
    else this.#ready.pushReturned(entry);
  }

  /** Drops all ready messages, none of them to the dead-letter exchange. */
  releaseReady(): void {
    this.#ready.clear((entry) => entry.message.release());
  }

  #dropExpiredHeads(now: number, limit: number): boolean {
    for (let dropped = 0; dropped < limit; dropped++) {
      const entry = this.#ready.takeExpired(now);
      if (entry === undefined) return true;
      this.remove(entry, "expired");
    }
    return false;
  }

  #refuse(message: M): void {
    const isDeadLettered =
      this.#config.overflow === "reject-publish-dlx" &&
      this.#config.deadLetterExchange !== undefined;
    if (isDeadLettered) this.#effects.deadLetter(message.keep(), "maxlen");
  }
}
