import type { Message } from "../queue/message.ts";
import type { PublishOutcome, PublishReceipt } from "../queue/publish-receipt.ts";

/** Where a routed message goes: a queue, or a client waiting for a direct reply. */
export interface MessageSink {
  /**
   * Takes a message. false: refused; a confirm-mode publisher gets a nack. "pending": `receipt` is told later, once; only if
   * there is one.
   */
  publish(
    now: number,
    message: Message,
    receipt?: PublishReceipt,
    sequence?: number,
  ): PublishOutcome;
}
