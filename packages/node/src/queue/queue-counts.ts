/** What a queue has, as of one moment. Bytes are those of bodies. */
export interface QueueCounts {
  readonly ready: number;
  readonly readyBytes: number;
  readonly unacked: number;
  readonly unackedBytes: number;
  readonly consumers: number;
  /** Messages in its log, ready or not: persistent ones, and in a queue with replicas all others, too. */
  readonly persistent: number;
  readonly persistentBytes: number;
}
