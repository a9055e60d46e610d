import type { Backlog, YieldingPublisher, YieldingPublishers } from "../broker/backlog.ts";
import { PUBLISHER_YIELD_BYTES, PUBLISHER_YIELD_COUNT, PUBLISHER_YIELD_MS } from "../limits.ts";

/**
 * Holds a publisher back for a moment while consumers do not keep up with it: after every 128 KiB or 512 queued
 * messages the event loop serves the consumers first, for a millisecond or until the backlog is worked off. It never
 * blocks: several hundred thousand messages a second still pass.
 */
export class PublisherPace implements YieldingPublisher {
  readonly #yielding: YieldingPublishers;
  readonly #onChange: () => void;
  #backlog: Backlog | undefined = undefined;
  /** What the pause that runs waits for. */
  #awaited: Backlog | undefined = undefined;
  #readSinceYield = 0;
  /** Messages that had to wait in a queue whose consumers do not keep up. */
  #queuedSinceYield = 0;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  /** `onChange` is called when `isHeld` changes. */
  constructor(yielding: YieldingPublishers, onChange: () => void) {
    this.#yielding = yielding;
    this.#onChange = onChange;
  }

  /** true: nothing should be read from this publisher now. */
  get isHeld(): boolean {
    return this.#timer !== undefined;
  }

  noteRead(bytes: number): void {
    this.#readSinceYield += bytes;
  }

  /** What was published went to a place that is filled faster than it empties. */
  noteBacklog(backlog: Backlog): void {
    this.#backlog = backlog;
    this.#queuedSinceYield++;
  }

  /** To be called when the input at hand is done. */
  consider(): void {
    const backlog = this.#backlog;
    if (backlog === undefined) return;
    if (!backlog.isBacklogged) {
      this.#backlog = undefined;
      return;
    }
    const isDue =
      this.#readSinceYield >= PUBLISHER_YIELD_BYTES ||
      this.#queuedSinceYield >= PUBLISHER_YIELD_COUNT;
    if (this.isHeld || !isDue) return;
    this.#readSinceYield = 0;
    this.#queuedSinceYield = 0;
    this.#timer = setTimeout(() => this.endYield(), PUBLISHER_YIELD_MS);
    this.#awaited = backlog;
    this.#yielding.add(backlog, this);
    this.#onChange();
  }

  endYield(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#awaited !== undefined) this.#yielding.remove(this.#awaited, this);
    this.#awaited = undefined;
    this.#onChange();
  }
}
