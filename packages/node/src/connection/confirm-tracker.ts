/** Sends basic.ack (or basic.nack) for `sequence`; `multiple`: and for all before it that are not answered yet. */
export type SendConfirm = (sequence: number, multiple: boolean, isAck: boolean) => void;

/**
 * Publisher confirms of one channel. Outcomes come in publish order, so what gathered since the last flush is
 * answered with one `multiple` frame, unless acks and nacks alternate.
 */
export class ConfirmTracker {
  #lastSequence = 0;
  #answered = 0;
  #pendingIsAck = true;
  #pendingUpTo = 0;

  /** The number of the publish that begins now, counted from 1 (RabbitMQ: per channel, unroutable ones too). */
  next(): number {
    this.#lastSequence++;
    return this.#lastSequence;
  }

  get hasPending(): boolean {
    return this.#pendingUpTo > this.#answered;
  }

  /** Notes the outcome of the publish that `next` numbered last. */
  settle(isAck: boolean, send: SendConfirm): void {
    if (this.hasPending && this.#pendingIsAck !== isAck) this.flush(send);
    this.#pendingIsAck = isAck;
    this.#pendingUpTo = this.#lastSequence;
  }

  /** Answers everything that gathered. */
  flush(send: SendConfirm): void {
    if (!this.hasPending) return;
    const multiple = this.#pendingUpTo - this.#answered > 1;
    this.#answered = this.#pendingUpTo;
    send(this.#answered, multiple, this.#pendingIsAck);
  }
}
