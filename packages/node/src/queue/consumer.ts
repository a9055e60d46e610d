// The machine's record of one consumer; see queue-machine.ts. Written by the queue-machine work item.
import type { MachineMessage } from "./queue-effects.ts";

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

/** A consumer inside the machine. Only the machine changes it. */
export interface Consumer<M extends MachineMessage, C> {
  readonly spec: ConsumerSpec<C>;
  readonly message?: M; // placeholder for the type parameter; replaced by the machine's own state
}
