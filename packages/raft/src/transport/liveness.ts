import type { RaftLimits } from "../limits.ts";

/**
 * down: nothing is sent or taken. held: connected, but it went down so often lately that it does not count yet.
 * suspect: no round trip for a while; still connected or connecting again.
 */
export type LivenessState = "down" | "held" | "up" | "suspect";

/** What the listener has to be told. */
export type LivenessChange = "none" | "up" | "suspect" | "down";

type LivenessLimits = Pick<
  RaftLimits,
  "suspectMs" | "downMs" | "flapWindowMs" | "flapHoldMs" | "flapHoldMaxMs"
>;

/** Times of going down that are remembered: enough for the longest hold. */
const FLAPS_REMEMBERED = 16;

/**
 * Decides whether a peer is alive, from round trips: what merely arrives proves one direction only. All times are
 * monotonic ms; the time of a round trip is when its request was sent, so that a delayed answer makes nobody younger.
 */
export class Liveness {
  readonly #limits: LivenessLimits;
  #state: LivenessState = "down";
  #lastRoundTripMs: number | undefined;
  #heldUntilMs = 0;
  #downTimesMs: number[] = [];

  constructor(limits: LivenessLimits) {
    this.#limits = limits;
  }

  get state(): LivenessState {
    return this.#state;
  }

  /** When the last answered beat or handshake was sent; undefined: none yet. */
  get lastRoundTripMs(): number | undefined {
    return this.#lastRoundTripMs;
  }

  /** The peer was announced as up and not as down since: messages flow. */
  get isCounted(): boolean {
    return this.#state === "up" || this.#state === "suspect";
  }

  /** A control connection was established, which is a round trip. `isNewLife`: the peer restarted since the last one. */
  connected(nowMs: number, isNewLife: boolean): LivenessChange {
    this.#lastRoundTripMs = nowMs;
    switch (this.#state) {
      case "down":
        return this.#rise(nowMs, isNewLife);
      case "held":
        return "none";
      case "suspect":
        this.#state = "up";
        return "up";
      case "up":
        return isNewLife ? "up" : "none";
      default:
        return this.#state satisfies never;
    }
  }

  /** An answer to what was sent at `sentMs` has come. */
  roundTrip(sentMs: number, nowMs: number): LivenessChange {
    this.#lastRoundTripMs = Math.max(sentMs, this.#lastRoundTripMs ?? sentMs);
    if (this.#state !== "suspect" || this.#age(nowMs) > this.#limits.suspectMs) return "none";
    this.#state = "up";
    return "up";
  }

  /** Called now and then: draws the conclusions from silence. "down" also ends the session with the peer. */
  check(nowMs: number): LivenessChange {
    if (this.#state === "down") return "none";
    const age = this.#age(nowMs);
    if (age > this.#limits.downMs) return this.fail(nowMs);
    if (this.#state === "held") {
      if (nowMs < this.#heldUntilMs || age > this.#limits.suspectMs) return "none";
      this.#state = "up";
      return "up";
    }
    if (this.#state === "suspect" || age <= this.#limits.suspectMs) return "none";
    this.#state = "suspect";
    return "suspect";
  }

  /** The peer is gone for sure: silent for too long, or it refuses connections. */
  fail(nowMs: number): LivenessChange {
    if (this.#state === "down") return "none";
    const wasAnnounced = this.isCounted;
    this.#state = "down";
    this.#downTimesMs.push(nowMs);
    if (this.#downTimesMs.length > FLAPS_REMEMBERED) this.#downTimesMs.shift();
    return wasAnnounced ? "down" : "none";
  }

  /** This process did not run for `gapMs`: the peer is not to blame for that silence. */
  excuse(gapMs: number, nowMs: number): void {
    if (this.#lastRoundTripMs === undefined) return;
    this.#lastRoundTripMs = Math.min(nowMs, this.#lastRoundTripMs + gapMs);
  }

  /** One that has restarted was not torn off by a bad network. How often it can do so, its boot limits. */
  #rise(nowMs: number, isNewLife: boolean): LivenessChange {
    const since = nowMs - this.#limits.flapWindowMs;
    this.#downTimesMs = this.#downTimesMs.filter((downMs) => downMs > since);
    const flaps = isNewLife ? 0 : Math.max(0, this.#downTimesMs.length - 1);
    const holdMs = flaps * this.#limits.flapHoldMs;
    if (holdMs > 0) {
      this.#heldUntilMs = nowMs + Math.min(holdMs, this.#limits.flapHoldMaxMs);
      this.#state = "held";
      return "none";
    }
    this.#state = "up";
    return "up";
  }

  #age(nowMs: number): number {
    return nowMs - (this.#lastRoundTripMs ?? Number.NEGATIVE_INFINITY);
  }
}
