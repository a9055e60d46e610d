import type { ConfState } from "../../core/conf-state.ts";
import type { Entry } from "../../core/entry.ts";
import type { GroupId, ReplicaId } from "../../core/ids.ts";
import { membersOf } from "../membership.ts";
import { ensure } from "./violation.ts";

/** What is known of the entry at some index and term, on whichever replica. */
export interface KnownEntry {
  readonly term: number;
  readonly crc: number;
  readonly type: number;
  /** Term of the entry before it: equal for equal entries, so that by induction all before is equal (log matching). */
  readonly previousTerm: number | undefined;
  /** Id of the command in it, 0 if it has none. */
  readonly commandId: number;
}

interface CommitMark {
  /** Term of the leader that first knew. */
  readonly term: number;
  index: number;
}

/** A committed entry and the state after it. */
interface CommittedEntry {
  readonly entry: KnownEntry;
  digest: number | undefined;
  conf: ConfState | undefined;
}

/**
 * What is true of a group once and for all, pieced together from all its replicas: who led in which term, which entries
 * exist, what was committed, and which state follows from it.
 */
export class GroupLedger {
  readonly groupId: GroupId;
  /** Replicas that were members after some change, if only for a moment. */
  readonly everMembers: Set<ReplicaId> = new Set();
  readonly #leaders = new Map<string, ReplicaId>();
  readonly #known: KnownEntry[][] = [];
  #committed: (CommittedEntry | undefined)[] = [];
  #committedIndex = 0;
  #commitMarks: CommitMark[] = [];
  /** Where each command is committed. */
  readonly #commandIndex = new Map<number, number>();
  /** Commands that were refused for certain: they must never show up. */
  readonly #refused = new Set<number>();
  #latestConf: { readonly index: number; readonly conf: ConfState } | undefined;
  /** States by the index that led to them. */
  readonly #digests = new Map<number, number>();

  constructor(groupId: GroupId) {
    this.groupId = groupId;
  }

  /** Highest index that any replica ever knew to be committed. */
  get committedIndex(): number {
    return this.#committedIndex;
  }

  committedTerm(index: number): number | undefined {
    return this.#committed[index]?.entry.term;
  }

  /** Id of the command that is committed at an index, 0 if what is there is none; undefined: nothing is known to be. */
  commandIdAt(index: number): number | undefined {
    return this.#committed[index]?.entry.commandId;
  }

  /** Where a command is committed; undefined: not (yet). */
  indexOfCommand(commandId: number): number | undefined {
    return this.#commandIndex.get(commandId);
  }

  get committedCommands(): number {
    return this.#commandIndex.size;
  }

  /** Invariant 1. */
  leads(epoch: number, term: number, replica: ReplicaId): void {
    const key = `${epoch}:${term}`;
    const known = this.#leaders.get(key);
    if (known === undefined) {
      this.#leaders.set(key, replica);
      return;
    }
    ensure(
      known === replica,
      "election-safety",
      () => `group ${this.groupId} term ${term}: both ${known} and ${replica} lead`,
    );
  }

  /** Invariant 4, leader completeness: what was committed in earlier terms is in the log of a new leader. */
  mustBeComplete(
    term: number,
    log: { termAt(index: number): number | undefined; firstIndex: number },
    replica: ReplicaId,
  ): void {
    let index = 0;
    for (const mark of this.#commitMarks) if (mark.term < term) index = Math.max(index, mark.index);
    if (index < log.firstIndex) return;
    const expected = this.committedTerm(index);
    const found = log.termAt(index);
    ensure(
      found === expected,
      "leader-completeness",
      () =>
        `group ${this.groupId}: ${replica} leads term ${term} with term ${found} at ${index}, where ${expected} is committed`,
    );
  }

  /** Invariant 3: an entry that some replica writes to its log. */
  writes(entry: Entry, previousTerm: number | undefined, commandId: () => number): void {
    const found = this.find(entry.index, entry.term);
    if (found === undefined) {
      const known: KnownEntry = {
        term: entry.term,
        crc: entry.crc,
        type: entry.type,
        previousTerm,
        commandId: commandId(),
      };
      const at = this.#known[entry.index];
      if (at === undefined) this.#known[entry.index] = [known];
      else at.push(known);
      return;
    }
    ensure(
      found.crc === entry.crc && found.type === entry.type,
      "log-matching",
      () => `group ${this.groupId}: two entries with index ${entry.index} and term ${entry.term}`,
    );
    ensure(
      previousTerm === undefined ||
        found.previousTerm === undefined ||
        found.previousTerm === previousTerm,
      "log-matching",
      () =>
        `group ${this.groupId}: entry ${entry.index} of term ${entry.term} follows both term ${found.previousTerm} and ${previousTerm}`,
    );
  }

  find(index: number, term: number): KnownEntry | undefined {
    const at = this.#known[index];
    if (at === undefined) return undefined;
    for (const known of at) if (known.term === term) return known;
    return undefined;
  }

  /** Invariants 4 and 5: a replica knows that `index` is committed, and has an entry of `term` there. */
  commits(index: number, term: number | undefined, leaderTerm: number): void {
    const committed = this.#committed[index];
    if (committed !== undefined) {
      ensure(
        term === undefined || committed.entry.term === term,
        "committed-forever",
        () =>
          `group ${this.groupId}: committed at ${index} both with term ${committed.entry.term} and ${term}`,
      );
      return;
    }
    if (term === undefined) return;
    const entry = this.find(index, term);
    if (entry === undefined) return;
    this.#committed[index] = { entry, digest: undefined, conf: undefined };
    this.#committedIndex = Math.max(this.#committedIndex, index);
    this.#markCommit(leaderTerm, index);
    this.#commitsCommand(entry.commandId, index);
  }

  /** Invariant 5: a replica applied an entry and has this state after it. */
  applies(entry: Entry, digest: number): void {
    const committed = this.#committed[entry.index];
    ensure(
      committed !== undefined,
      "state-machine-safety",
      () => `group ${this.groupId}: applied ${entry.index}, which is not committed`,
    );
    ensure(
      committed.entry.term === entry.term && committed.entry.crc === entry.crc,
      "state-machine-safety",
      () =>
        `group ${this.groupId}: applied an entry of term ${entry.term} at ${entry.index}, where one of term ${committed.entry.term} is committed`,
    );
    this.hasState(entry.index, digest);
  }

  hasState(index: number, digest: number): void {
    const known = this.#digests.get(index);
    if (known === undefined) this.#digests.set(index, digest);
    else {
      ensure(
        known === digest,
        "state-machine-safety",
        () => `group ${this.groupId}: states ${known} and ${digest} after ${index}`,
      );
    }
  }

  /** Invariant 9: all replicas have the same members after the same entry. */
  hasConf(index: number, conf: ConfState): void {
    const committed = this.#committed[index];
    if (committed === undefined) return;
    this.#noteConf(index, conf);
    if (committed.conf === undefined) {
      committed.conf = conf;
      return;
    }
    const known = committed.conf;
    ensure(
      isSameConf(known, conf),
      "membership",
      () =>
        `group ${this.groupId}: members after ${index}: ${describeConf(known)} and ${describeConf(conf)}`,
    );
  }

  /** The members as of the last change that any replica applied; undefined: those that the group began with. */
  get latestConf(): ConfState | undefined {
    return this.#latestConf?.conf;
  }

  /** Index of the entry that led to `latestConf`; 0: none. */
  get latestConfIndex(): number {
    return this.#latestConf?.index ?? 0;
  }

  #noteConf(index: number, conf: ConfState): void {
    for (const member of membersOf(conf)) this.everMembers.add(member);
    if (this.#latestConf === undefined || this.#latestConf.index < index) {
      this.#latestConf = { index, conf };
    }
  }

  /** A client was told that its command is applied at `index`. */
  confirms(commandId: number, index: number, term: number): void {
    const committed = this.#committed[index];
    ensure(
      committed !== undefined &&
        committed.entry.commandId === commandId &&
        committed.entry.term === term,
      "confirmed-forever",
      () =>
        `group ${this.groupId}: command ${commandId} is confirmed at ${index} of term ${term}, where ${committed === undefined ? "nothing" : `command ${committed.entry.commandId} of term ${committed.entry.term}`} is committed`,
    );
  }

  /** A client was told that its command will never be applied. */
  refuses(commandId: number): void {
    this.#refused.add(commandId);
    ensure(
      !this.#commandIndex.has(commandId),
      "confirmed-forever",
      () => `group ${this.groupId}: command ${commandId} is refused, but committed`,
    );
  }

  /** The operator gave up what follows `index` (accepted loss), or began anew at a higher epoch. */
  forgetAfter(index: number): void {
    for (let lost = index + 1; lost < this.#committed.length; lost++) {
      const commandId = this.#committed[lost]?.entry.commandId ?? 0;
      this.#commandIndex.delete(commandId);
      this.#digests.delete(lost);
    }
    this.#committed = this.#committed.slice(0, index + 1);
    this.#committedIndex = Math.min(this.#committedIndex, index);
    this.#commitMarks = this.#commitMarks.map((mark) => ({
      term: mark.term,
      index: Math.min(mark.index, index),
    }));
  }

  #commitsCommand(commandId: number, index: number): void {
    if (commandId === 0) return;
    const elsewhere = this.#commandIndex.get(commandId);
    ensure(
      elsewhere === undefined,
      "confirmed-forever",
      () => `group ${this.groupId}: command ${commandId} is committed at ${elsewhere} and ${index}`,
    );
    ensure(
      !this.#refused.has(commandId),
      "confirmed-forever",
      () => `group ${this.groupId}: command ${commandId} is committed at ${index}, but was refused`,
    );
    this.#commandIndex.set(commandId, index);
  }

  #markCommit(term: number, index: number): void {
    const last = this.#commitMarks.at(-1);
    if (last !== undefined && last.term === term) last.index = Math.max(last.index, index);
    else {
      const mark = this.#commitMarks.find((known) => known.term === term);
      if (mark === undefined) this.#commitMarks.push({ term, index });
      else mark.index = Math.max(mark.index, index);
    }
  }
}

function isSameConf(a: ConfState, b: ConfState): boolean {
  return (
    isSameList(a.voters, b.voters) &&
    isSameList(a.votersOutgoing, b.votersOutgoing) &&
    isSameList(a.learners, b.learners) &&
    isSameList(a.learnersNext, b.learnersNext) &&
    a.autoLeave === b.autoLeave
  );
}

export function describeConf(conf: ConfState): string {
  return `(${conf.voters})(${conf.votersOutgoing}) learners (${conf.learners})(${conf.learnersNext})`;
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((item, position) => item === b[position]);
}
