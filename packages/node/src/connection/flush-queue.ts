import type { FlushSchedule, OutputBuffer } from "./output-buffer.ts";

/** A channel whose publishes are stored by and by. */
export interface ConfirmSource {
  isConfirmDue: boolean;
  flushConfirms(): void;
  readonly connection: { readonly output: OutputBuffer };
}

/**
 * Flushes every connection that has output once per turn of the event loop, right after the sockets that were
 * readable have been read: one write per connection and turn, whatever the number of publishers.
 */
export class FlushQueue implements FlushSchedule {
  #confirming: ConfirmSource[] = [];
  #waiting: OutputBuffer[] = [];
  #flushing: OutputBuffer[] = [];

  add(output: OutputBuffer): void {
    this.#waiting.push(output);
    if (this.#waiting.length === 1) setImmediate(this.#flushAll);
  }

  /** Queues have stored what was published on this channel: its confirms are sent with the rest of the output. */
  addConfirms(channel: ConfirmSource): void {
    if (channel.isConfirmDue) return;
    channel.isConfirmDue = true;
    this.#confirming.push(channel);
    if (this.#confirming.length === 1) setImmediate(this.#flushConfirms);
  }

  readonly #flushConfirms = (): void => {
    const confirming = this.#confirming;
    this.#confirming = [];
    for (const channel of confirming) {
      channel.isConfirmDue = false;
      channel.flushConfirms();
      channel.connection.output.flush();
    }
  };

  readonly #flushAll = (): void => {
    const flushing = this.#waiting;
    this.#waiting = this.#flushing;
    this.#flushing = flushing;
    for (const output of flushing) output.flush();
    flushing.length = 0;
  };
}
