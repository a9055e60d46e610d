import type { GroupId, ReplicaId } from "../../core/ids.ts";
import { NONE } from "../../core/ids.ts";
import type { Append } from "../../core/ready.ts";
import type { BatchFact } from "./batch-facts.ts";
import type { GroupLedger } from "./group-ledger.ts";
import { TermList } from "./term-list.ts";

/** What is surely on a replica's disk. */
export interface DurableState {
  term: number;
  vote: ReplicaId;
  commit: number;
  readonly log: TermList;
}

/**
 * What is known of one replica over all its lives: the log as it was handed to the store, the part of it that is surely on
 * the disk, and what it has asserted to others and so must never forget.
 */
export class ReplicaRecord {
  readonly ledger: GroupLedger;
  readonly replicaId: ReplicaId;
  readonly log: TermList = new TermList(0, 0);
  readonly durable: DurableState = { term: 0, vote: NONE, commit: 0, log: new TermList(0, 0) };
  /** Highest term in any message sent. */
  assertedTerm = 0;
  /** Whom it voted for in `votedTerm`, the highest term in which it sent a vote. */
  votedTerm = 0;
  votedFor: ReplicaId = NONE;
  /** Highest index acknowledged (or, as leader, counted) that was not replaced since. */
  ackedIndex = 0;
  ackedTerm: number | undefined = 0;
  /** Its disk was damaged or emptied on purpose: it may have forgotten, as long as it says so. */
  isExcused = false;

  /** Commit index that was handed over together with the entry at an index. */
  readonly #commitWith: Map<number, number> = new Map();

  constructor(ledger: GroupLedger, replicaId: ReplicaId) {
    this.ledger = ledger;
    this.replicaId = replicaId;
  }

  get groupId(): GroupId {
    return this.ledger.groupId;
  }

  /** The store got an append. */
  handsOver(append: Append): void {
    if (append.snapshot !== undefined) {
      this.log.compact(append.snapshot.index, append.snapshot.term, append.keepsSuffix);
    }
    const last = append.entries.at(-1);
    if (last !== undefined && append.hardState !== undefined) {
      this.#commitWith.set(last.index, append.hardState.commitIndex);
    }
    for (const entry of append.repairs) this.log.fill(entry.index, entry.term);
    for (const entry of append.entries) {
      if (entry.index <= this.ackedIndex && this.log.get(entry.index) !== entry.term) {
        this.ackedIndex = entry.index - 1;
        this.ackedTerm = this.log.get(this.ackedIndex);
      }
      this.log.setLast(entry.index, entry.term);
    }
  }

  /** A record of the log is on the disk. */
  becomesDurable(fact: BatchFact): void {
    const { durable } = this;
    switch (fact.kind) {
      case "hard-state":
        durable.term = fact.term;
        durable.vote = fact.vote;
        durable.commit = Math.max(durable.commit, fact.commit);
        return;
      case "snapshot":
        durable.commit = Math.max(durable.commit, fact.index);
        durable.log.compact(fact.index, fact.term, fact.keepsSuffix);
        return;
      case "entry":
        if (fact.isRepair) durable.log.fill(fact.index, fact.term);
        else durable.log.setLast(fact.index, fact.term);
        this.#learnsCommit(fact.index);
        return;
      default:
        fact satisfies never;
    }
  }

  /** The store keeps the commit index that came with an entry where it likes; with the entry it is on the disk. */
  #learnsCommit(index: number): void {
    const commit = this.#commitWith.get(index);
    if (commit === undefined) return;
    this.#commitWith.delete(index);
    this.durable.commit = Math.max(this.durable.commit, commit);
  }

  /** Whether the entry, or a snapshot that includes it, is or was on the disk and was not replaced since. */
  hasDurably(index: number, term: number | undefined): boolean {
    const { log } = this.durable;
    if (log.base >= index) return true;
    return term !== undefined && log.get(index) === term;
  }

  acks(index: number, term: number | undefined): void {
    if (index < this.ackedIndex) return;
    this.ackedIndex = index;
    this.ackedTerm = term;
  }
}
