/** Upper bounds of the buckets, octets of the body; RabbitMQ 4's for `rabbitmq_message_size_bytes`. One more bucket has the rest. */
export const MESSAGE_SIZE_BOUNDS: readonly number[] = [
  100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 50_000_000, 100_000_000,
];

/** How large published messages were. */
export class MessageSizes {
  /** By bucket, not accumulated. */
  readonly counts: Float64Array = new Float64Array(MESSAGE_SIZE_BOUNDS.length + 1);
  /** Octets of all of them. */
  sum = 0;

  add(size: number): void {
    let bucket = 0;
    while (bucket < MESSAGE_SIZE_BOUNDS.length && size > (MESSAGE_SIZE_BOUNDS[bucket] as number)) {
      bucket++;
    }
    (this.counts[bucket] as number)++;
    this.sum += size;
  }
}
