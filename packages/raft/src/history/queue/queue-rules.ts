/** What a queue of the tested system promises, as it was declared. */
export interface QueueRules {
  /** Delivers in the order of publishing. False: priorities, or several writers behind one publisher. */
  readonly isOrdered: boolean;
  /** Messages may be dropped without expiry or rejection: a maximum length with drop-head. */
  readonly mayDrop: boolean;
  /** Of all its messages, ms; a message may have its own. undefined: none. */
  readonly ttlMs: number | undefined;
  /** Failed deliveries after which a message is delivered once more, and then dead-lettered or dropped. undefined: none. */
  readonly deliveryLimit: number | undefined;
  /** Whether a delivery that was not settled before its session ended counts as failed. */
  readonly abandonedCounts: "always" | "never" | "maybe";
  /** Where rejected, expired, dropped messages and those beyond the limit go. undefined: nowhere. */
  readonly deadLetterQueue: string | undefined;
  /** Dead-lettering is at least once: the same message may come twice, without a mark. */
  readonly mayRepeatDeadLetters: boolean;
}

export const PLAIN_QUEUE: QueueRules = {
  isOrdered: true,
  mayDrop: false,
  ttlMs: undefined,
  deliveryLimit: undefined,
  abandonedCounts: "maybe",
  deadLetterQueue: undefined,
  mayRepeatDeadLetters: false,
};

/** How a history of queues is judged. */
export interface TotalQueueOptions {
  /** By queue name; what is not given is as in PLAIN_QUEUE. Queues that are not named are plain. */
  readonly queues: { readonly [name: string]: Partial<QueueRules> };
  /** How late a message may be delivered after its expiry, or how early it may expire, ms: clocks, timers, the network. */
  readonly slackMs: number;
  /**
   * An ok settlement was replicated, not just sent: its message must not come again. AMQP 0-9-1 does not confirm acks, so
   * only a simulator can say so.
   */
  readonly isAckFinal: boolean;
  /** No delivery escapes the history, as those to a killed client do: delivery counts are checked from above, too. */
  readonly isEveryDeliverySeen: boolean;
  /** Fewer confirmed messages than this show nothing. */
  readonly confirmedMin: number;
}

export const TOTAL_QUEUE_OPTIONS: TotalQueueOptions = {
  queues: {},
  slackMs: 1000,
  isAckFinal: false,
  isEveryDeliverySeen: false,
  confirmedMin: 1,
};

/** The rules of one queue. */
export function rulesOf(options: TotalQueueOptions, queue: string): QueueRules {
  const named = Object.hasOwn(options.queues, queue) ? options.queues[queue] : undefined;
  return named === undefined ? PLAIN_QUEUE : { ...PLAIN_QUEUE, ...named };
}

/** What can be wrong. */
export type QueueProblemKind =
  /** Confirmed, and neither delivered nor dead-lettered; or given back to the queue and never seen again. */
  | "lost"
  /** Delivered, but nobody published it (or not yet, or the publish was refused). */
  | "unexpected"
  /** Delivered again without the redelivered mark, and no second publish explains it. */
  | "duplicated"
  /** Delivered again after a settlement that is final. */
  | "delivered-after-ack"
  /** An earlier message of the same publisher came after a later one to the same consumer. */
  | "out-of-order"
  /** The delivery count is not the number of failed deliveries before. */
  | "wrong-delivery-count"
  /** Delivered more often than the delivery limit permits. */
  | "over-delivery-limit"
  /** Consumed and dead-lettered. */
  | "in-two-places"
  /** Dead-lettered without a reason. */
  | "dead-lettered-without-cause"
  /** Delivered although it had expired. */
  | "delivered-late"
  /** Expired before its time. */
  | "expired-early";
