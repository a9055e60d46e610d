import type { ProposalResult } from "./node-options.ts";

/** A proposal whose outcome is not known yet. */
export interface PendingProposal {
  readonly index: number;
  readonly term: number;
  readonly size: number;
  readonly done: (result: ProposalResult) => void;
}

/** Takes the outcome of a proposal. */
export interface ProposalSettler {
  settle(proposal: PendingProposal, result: ProposalResult): void;
}

const UNKNOWN: ProposalResult = { kind: "unknown" };

/** The term of no entry. */
const NO_TERM = -1;

/** Settled proposals stay in the list until there are so many. */
const COMPACT_AT = 512;

/**
 * Proposals of one group, by index. An outcome is decided by (index, term) of what is applied at the index, never by the
 * index alone: another leader's entry may have taken its place. A proposal that was lost on the way is "unknown", since only
 * the log can tell what became of it.
 */
export class PendingProposals {
  readonly #settler: ProposalSettler;
  #items: PendingProposal[] = [];
  /** Before this all are settled; from here to `#applied` they are applied and wait for the commit index. */
  #head = 0;
  #applied = 0;

  constructor(settler: ProposalSettler) {
    this.#settler = settler;
  }

  get count(): number {
    return this.#items.length - this.#head;
  }

  add(proposal: PendingProposal): void {
    this.#items.push(proposal);
  }

  /** The entry at `index` was applied here. */
  onApplied(index: number, term: number): void {
    for (let item = this.#items[this.#applied]; item !== undefined; ) {
      if (item.index > index) return;
      if (item.index === index && item.term === term) {
        this.#applied++;
        return;
      }
      // Overwritten, or passed over by a snapshot.
      this.#items.splice(this.#applied, 1);
      this.#settler.settle(item, UNKNOWN);
      item = this.#items[this.#applied];
    }
  }

  /** A snapshot took the place of the entries up to `index`. */
  onPassed(index: number): void {
    this.onApplied(index, NO_TERM);
  }

  /** Everything up to `index` is durable as Raft promises: what of it is applied has succeeded. */
  onDurable(index: number): void {
    while (this.#head < this.#applied) {
      const item = this.#items[this.#head];
      if (item === undefined || item.index > index) break;
      this.#head++;
      this.#settler.settle(item, { kind: "applied", index: item.index, term: item.term });
    }
    this.#compact();
  }

  /** Gives up the settled ones when they are most of the list: what stays is copied, and that seldom. */
  #compact(): void {
    if (this.#head === this.#items.length) this.#items = [];
    else if (this.#head < COMPACT_AT || this.#head * 2 < this.#items.length) return;
    else this.#items = this.#items.slice(this.#head);
    this.#applied -= this.#head;
    this.#head = 0;
  }

  /**
   * The leadership of some of them has ended: those above `commitIndex` that are not of `leadingTerm` may or may not survive.
   */
  onLeaderLost(commitIndex: number, leadingTerm: number): void {
    const isLost = (item: PendingProposal, at: number): boolean =>
      at >= this.#applied && item.index > commitIndex && item.term !== leadingTerm;
    const lost = this.#items.filter(isLost);
    if (lost.length === 0) return;
    this.#items = this.#items.filter((item, at) => !isLost(item, at));
    for (const item of lost) this.#settler.settle(item, UNKNOWN);
  }

  /** The group stops here. */
  stop(): void {
    const items = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    this.#applied = 0;
    for (const item of items) this.#settler.settle(item, UNKNOWN);
  }
}
