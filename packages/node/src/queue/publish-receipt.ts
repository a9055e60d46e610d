/** Waits for what becomes of publishes that are not decided at once: a channel in confirm mode, a transaction, a dead letter. */
export interface PublishReceipt {
  /** One queue has stored publish number `sequence` as it promises, or refused it. Comes in a later turn than the publish. */
  settle(sequence: number, isAccepted: boolean): void;
}

/** What a queue says to a publish: taken, refused, or the receipt will tell. */
export type PublishOutcome = boolean | "pending";
