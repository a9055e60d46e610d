import type { Random, SimScheduler } from "@leveret/raft/sim";

/** A node at the end of links; `undefined` while it is down. */
export interface LinkEnd {
  receive(from: number, kind: "forward" | "answer", payload: Uint8Array): void;
  onPeerLost(nodeId: number): void;
}

interface Pair {
  isOpen: boolean;
  /** Grows when the connection is lost: what was on its way does not arrive. */
  epoch: number;
  /** When the last payload arrives, by sender: they stay in order. */
  readonly arrivals: Map<number, number>;
}

const DELAY_MEAN_MS = 2;
const LOSS_CHANCE = 0.002;
/** Until both ends of a connection that is cut know. */
const DETECTION_MAX_MS = 2500;
const REOPEN_MEAN_MS = 100;

/**
 * Connections between brokers: in order, at most once; what is on its way is lost with the connection. Worse than real ones, they lose
 * a payload now and then without a word.
 */
export class SimLinks {
  readonly #scheduler: SimScheduler;
  readonly #random: Random;
  readonly #isCut: (from: number, to: number) => boolean;
  readonly #ends = new Map<number, LinkEnd>();
  readonly #pairs = new Map<string, Pair>();
  /** Payloads that did not arrive. */
  lostCount = 0;

  constructor(
    scheduler: SimScheduler,
    random: Random,
    isCut: (from: number, to: number) => boolean,
  ) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#isCut = isCut;
  }

  attach(nodeId: number, end: LinkEnd): void {
    this.#ends.set(nodeId, end);
  }

  /** The process is gone: its peers hear of it soon. */
  detach(nodeId: number): void {
    this.#ends.delete(nodeId);
    for (const other of this.#ends.keys()) this.#closeSoon(nodeId, other, 50);
  }

  /** false: there is no connection, as far as the sender knows. */
  send(
    path: { readonly from: number; readonly to: number },
    kind: "forward" | "answer",
    payload: Uint8Array,
  ): boolean {
    const { from, to } = path;
    const pair = this.#pair(from, to);
    if (!pair.isOpen) {
      this.#openSoon(from, to);
      return false;
    }
    const { epoch, arrivals } = pair;
    const earliestMs = this.#scheduler.nowMs + this.#random.exponential(DELAY_MEAN_MS);
    const atMs = Math.max(earliestMs, (arrivals.get(from) ?? 0) + 0.001);
    arrivals.set(from, atMs);
    const bytes = payload.slice();
    const isLost = this.#random.chance(LOSS_CHANCE);
    this.#scheduler.at(atMs, () => {
      const end = this.#ends.get(to);
      const isGone = isLost || pair.epoch !== epoch || this.#isCut(from, to);
      if (isGone || end === undefined) this.lostCount++;
      else end.receive(from, kind, bytes);
    });
    return true;
  }

  /** The connection between two nodes breaks; both hear of it within `maxMs`. */
  reset(a: number, b: number): void {
    this.#pair(a, b).epoch++;
    this.#closeSoon(a, b, 20);
  }

  /** Connections that are cut break when their ends notice. */
  noticeCuts(nodes: readonly number[]): void {
    for (const a of nodes) {
      for (const b of nodes) {
        if (a < b && (this.#isCut(a, b) || this.#isCut(b, a))) {
          this.#closeSoon(a, b, DETECTION_MAX_MS);
        }
      }
    }
  }

  #closeSoon(a: number, b: number, maxMs: number): void {
    const pair = this.#pair(a, b);
    if (!pair.isOpen) return;
    this.#scheduler.after(this.#random.float() * maxMs, () => {
      if (!pair.isOpen) return;
      pair.isOpen = false;
      pair.epoch++;
      this.#ends.get(a)?.onPeerLost(b);
      this.#ends.get(b)?.onPeerLost(a);
    });
  }

  #openSoon(a: number, b: number): void {
    const pair = this.#pair(a, b);
    this.#scheduler.after(this.#random.exponential(REOPEN_MEAN_MS), () => {
      const isPossible = this.#ends.has(a) && this.#ends.has(b);
      if (isPossible && !this.#isCut(a, b) && !this.#isCut(b, a)) pair.isOpen = true;
    });
  }

  #pair(a: number, b: number): Pair {
    const key = `${Math.min(a, b)}-${Math.max(a, b)}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { isOpen: false, epoch: 0, arrivals: new Map() };
      this.#pairs.set(key, pair);
    }
    return pair;
  }
}
