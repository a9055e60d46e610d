import type { FlushSchedule, OutputBuffer } from "./output-buffer.ts";

/**
 * Flushes every connection that has output once per turn of the event loop, right after the sockets that were
 * readable have been read: one write per connection and turn, whatever the number of publishers.
 */
export class FlushQueue implements FlushSchedule {
  #waiting: OutputBuffer[] = [];
  #flushing: OutputBuffer[] = [];

  add(output: OutputBuffer): void {
    this.#waiting.push(output);
    if (this.#waiting.length === 1) setImmediate(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    const flushing = this.#waiting;
    this.#waiting = this.#flushing;
    this.#flushing = flushing;
    for (const output of flushing) output.flush();
    flushing.length = 0;
  };
}
