export type QueueType = "classic" | "quorum";
export type OverflowBehaviour = "drop-head" | "reject-publish" | "reject-publish-dlx";

/**
 * The settings in force for one queue: its arguments merged with its policy and operator policy.
 * `undefined` means "no limit" or "not set".
 */
export interface QueueConfig {
  readonly type: QueueType;
  readonly autoDelete: boolean;
  readonly messageTtlMs: number | undefined;
  readonly expiresMs: number | undefined;
  readonly maxLength: number | undefined;
  readonly maxLengthBytes: number | undefined;
  readonly overflow: OverflowBehaviour;
  readonly deadLetterExchange: string | undefined;
  readonly deadLetterRoutingKey: string | undefined;
  /** Highest priority level; undefined: not a priority queue. */
  readonly maxPriority: number | undefined;
  readonly singleActiveConsumer: boolean;
  /** A message returned more often than this is dead-lettered or dropped; undefined: never. */
  readonly deliveryLimit: number | undefined;
}
