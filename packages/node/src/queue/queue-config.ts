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

/** The level of a message with this `priority` property. */
export function levelOf({ maxPriority }: QueueConfig, priority: number): number {
  return maxPriority === undefined ? 0 : Math.min(priority, maxPriority);
}

/**
 * When a message that comes now expires (ms since the epoch), undefined: never. The lower of the queue's and its own TTL counts; an
 * `expirationMs` of -1 is none.
 */
export function expiryOf(
  { messageTtlMs }: QueueConfig,
  now: number,
  expirationMs: number,
): number | undefined {
  if (messageTtlMs === undefined) return expirationMs < 0 ? undefined : now + expirationMs;
  return now + (expirationMs < 0 ? messageTtlMs : Math.min(messageTtlMs, expirationMs));
}
