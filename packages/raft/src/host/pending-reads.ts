import type { Refusal } from "./node-options.ts";

export type ReadResult = { readonly kind: "ready"; readonly index: number } | Refusal;
export type ReadDone = (result: ReadResult) => void;

/** Reads that were asked for in the same turn: they share one question to the leader. */
interface ReadRound {
  readonly context: number;
  readonly deadlineMs: number;
  readonly dones: readonly ReadDone[];
}

/** A round that the leader has answered, waiting for the index to be applied here. */
interface AnsweredRound extends ReadRound {
  readonly index: number;
}

/** Takes the outcome of a read. */
export interface ReadSettler {
  /**
   * A number for a question to the leader, never given before, not even in an earlier life of this node: a leader may still
   * hold, and answer, questions of that.
   */
  nextReadContext(): number;
  settleRead(done: ReadDone, result: ReadResult): void;
}

/** Reads of one group that wait for the leader's read index or for that index to be applied here. */
export class PendingReads {
  readonly #settler: ReadSettler;
  /** Asked for and not yet put to the core. */
  #fresh: ReadDone[] = [];
  /** Put to the core, by context, oldest first. */
  readonly #asked = new Map<number, ReadRound>();
  #answered: AnsweredRound[] = [];
  #count = 0;

  constructor(settler: ReadSettler) {
    this.#settler = settler;
  }

  get count(): number {
    return this.#count;
  }

  get hasFresh(): boolean {
    return this.#fresh.length > 0;
  }

  add(done: ReadDone): void {
    this.#fresh.push(done);
    this.#count++;
  }

  /** Makes one round of all new reads; the result is its context, to be put to the core. */
  startRound(deadlineMs: number): number {
    const context = this.#settler.nextReadContext();
    this.#asked.set(context, { context, deadlineMs, dones: this.#fresh });
    this.#fresh = [];
    return context;
  }

  /** The core answered: safe at `index`. Call `onApplied` afterwards. */
  onIndex(context: number, index: number): void {
    const round = this.#asked.get(context);
    if (round === undefined) return;
    this.#asked.delete(context);
    this.#answered.push({ ...round, index });
  }

  /** The core could not get an index for this round. */
  refuse(context: number, refusal: Refusal): void {
    const round = this.#asked.get(context);
    if (round === undefined) return;
    this.#asked.delete(context);
    this.#settle(round, refusal);
  }

  onApplied(appliedIndex: number): void {
    if (this.#answered.length === 0) return;
    const answered = this.#answered;
    this.#answered = answered.filter((round) => round.index > appliedIndex);
    for (const round of answered) {
      if (round.index <= appliedIndex) this.#settle(round, { kind: "ready", index: round.index });
    }
  }

  /** A question forwarded to the leader, or its answer, may have been lost on the way: reads have an end. */
  expire(nowMs: number): void {
    for (const round of this.#asked.values()) {
      if (round.deadlineMs > nowMs) return;
      this.refuse(round.context, { kind: "unknown" });
    }
  }

  /** The group stops here. */
  stop(refusal: Refusal): void {
    const rounds = [...this.#answered, ...this.#asked.values()];
    const fresh: ReadRound = { context: 0, deadlineMs: 0, dones: this.#fresh };
    this.#answered = [];
    this.#asked.clear();
    this.#fresh = [];
    for (const round of [...rounds, fresh]) this.#settle(round, refusal);
  }

  #settle(round: ReadRound, result: ReadResult): void {
    this.#count -= round.dones.length;
    for (const done of round.dones) this.#settler.settleRead(done, result);
  }
}
