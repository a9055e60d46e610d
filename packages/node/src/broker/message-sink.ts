import type { Message } from "../queue/message.ts";

/** Where a routed message goes: a queue, or a client waiting for a direct reply. */
export interface MessageSink {
  /** Takes a message, synchronously. false: refused; a confirm-mode publisher gets a nack. */
  publish(now: number, message: Message): boolean;
}
