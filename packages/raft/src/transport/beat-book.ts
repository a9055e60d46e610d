import type { Beat } from "../codec/frame-parts.ts";

/** Beats whose answers can still tell a round trip; older ones are of no interest to anyone. */
const SENT_REMEMBERED = 64;

/** Round trips by node heartbeats: which of ours were sent when, and which of the peer's came when. */
export class BeatBook {
  readonly #sentMs = new Float64Array(SENT_REMEMBERED);
  #counter = 0;
  #answered = 0;
  #received = 0;
  #receivedMs = 0;
  #lastSentMs = Number.NEGATIVE_INFINITY;

  /** Monotonic ms. */
  get lastSentMs(): number {
    return this.#lastSentMs;
  }

  /** A new life of the peer: it counts from the start, and has seen nothing of ours. */
  restart(): void {
    this.#answered = this.#counter;
    this.#received = 0;
  }

  /** The next beat to send. */
  next(nowMs: number): Pick<Beat, "counter" | "echo" | "echoDelayMs"> {
    this.#counter++;
    this.#sentMs[this.#counter % SENT_REMEMBERED] = nowMs;
    this.#lastSentMs = nowMs;
    return {
      counter: this.#counter,
      echo: this.#received,
      echoDelayMs: this.#received === 0 ? 0 : Math.max(0, nowMs - this.#receivedMs),
    };
  }

  /** A beat of the peer's. The answer is when the newest beat of ours that it answers was sent; undefined: none that is new. */
  received(beat: Beat, nowMs: number): number | undefined {
    if (beat.counter > this.#received) {
      this.#received = beat.counter;
      this.#receivedMs = nowMs;
    }
    if (beat.echo <= this.#answered || beat.echo > this.#counter) return undefined;
    this.#answered = beat.echo;
    if (beat.echo <= this.#counter - SENT_REMEMBERED) return undefined;
    return this.#sentMs[beat.echo % SENT_REMEMBERED];
  }
}
