import type { ConfState } from "../../core/conf-state.ts";
import type { Entry } from "../../core/entry.ts";
import type { ReplicaId } from "../../core/ids.ts";
import type { RaftMessage } from "../../core/message.ts";
import { check, checkClaims } from "./claims.ts";
import { type LogImage, termAt, vouchesFor } from "./log-image.ts";
import type { Replica } from "./replica.ts";

interface Identity {
  readonly term: number;
  readonly crc: number;
}

interface Committed {
  readonly term: number;
  /** Term of the leader that committed it: leaders of later terms have it, a belated one of an earlier term need not. */
  readonly by: number;
}

interface Marks {
  boot: number;
  term: number;
  commit: number;
  applied: number;
  isLeader: boolean;
}

/** What a ledger lets pass. */
export interface LedgerOptions {
  /** Replicas of groups of one that may apply what is not durable. */
  readonly appliesBeforeDurable: boolean;
}

/**
 * Remembers who led, what was committed and applied, and checks each step of each replica against it: election safety,
 * leader completeness, log matching, state machine safety (Raft paper, figure 3), and that what is said is on the disk.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #replicas: ReadonlyMap<ReplicaId, Replica>;
  readonly #leaders = new Map<number, ReplicaId>();
  readonly #committed = new Map<number, Committed>();
  readonly #contents = new Map<string, string>();
  readonly #applied = new Map<number, Identity>();
  readonly #marks = new Map<ReplicaId, Marks>();

  constructor(replicas: ReadonlyMap<ReplicaId, Replica>, options: LedgerOptions) {
    this.#replicas = replicas;
    this.#options = options;
  }

  /** A replica's disk at the start: what it knows as committed counts as such. */
  seed(image: LogImage): void {
    this.#recordCommit(image.compacted.index, image.compacted.term, 0);
    for (let index = image.compacted.index + 1; index <= image.hardState.commitIndex; index++) {
      const term = termAt(image, index);
      if (term !== undefined) this.#recordCommit(index, term, 0);
    }
    image.entries.forEach((entry, offset) => {
      const previous = termAt(image, image.compacted.index + offset);
      if (entry !== undefined && previous !== undefined) this.#matchLogs(entry, previous);
    });
  }

  /** Takes an entry for committed that a scenario made up. */
  declare(index: number, term: number): void {
    this.#recordCommit(index, term, 0);
  }

  /** Highest index known to be committed. */
  get committedIndex(): number {
    return Math.max(0, ...this.#committed.keys());
  }

  afterStep(replica: Replica): void {
    const { core } = replica;
    const marks = this.#marksOf(replica);
    check(core.currentTerm >= marks.term, "a term went back");
    check(core.commitIndex >= marks.commit, "a commit index went back");
    check(core.appliedIndex >= marks.applied, "an applied index went back");
    check(core.commitIndex <= core.lastIndex, "the commit index is beyond the log");
    if (!this.#options.appliesBeforeDurable) {
      check(core.appliedIndex <= core.commitIndex, "applied beyond the commit index");
      // What was applied before it was damaged stays applied.
      const isDurable = core.isDamaged || core.appliedIndex <= core.durableIndex;
      check(isDurable, "applied what is not durable");
    }
    this.#checkCommits(replica, marks.commit);
    const isLeader = core.role === "leader";
    if (isLeader && (!marks.isLeader || core.currentTerm !== marks.term))
      this.#checkLeader(replica);
    marks.term = core.currentTerm;
    marks.commit = core.commitIndex;
    marks.applied = core.appliedIndex;
    marks.isLeader = isLeader;
  }

  /** Entries were handed to storage: equal index and term must mean equal contents and equal history. */
  onWrite(replica: Replica, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const previous = replica.core.termAt(entry.index - 1);
      if (previous !== undefined) this.#matchLogs(entry, previous);
      const committed = this.#committed.get(entry.index);
      check(
        committed === undefined || committed.term === entry.term,
        `committed entry ${entry.index} is replaced`,
      );
    }
  }

  /** A message leaves. */
  onSend(replica: Replica, message: RaftMessage): void {
    checkClaims(replica.id, replica.log.durable, message);
  }

  onApply(replica: Replica, entry: Entry): void {
    if (this.#options.appliesBeforeDurable && entry.index > replica.core.commitIndex) return;
    const known = this.#applied.get(entry.index);
    check(
      known === undefined || (known.term === entry.term && known.crc === entry.crc),
      `another entry ${entry.index} is applied`,
    );
    check(
      this.#committed.get(entry.index)?.term === entry.term,
      `entry ${entry.index} is applied but not committed`,
    );
    this.#applied.set(entry.index, { term: entry.term, crc: entry.crc });
  }

  #marksOf(replica: Replica): Marks {
    let marks = this.#marks.get(replica.id);
    if (marks === undefined || marks.boot !== replica.boots) {
      marks = { boot: replica.boots, term: 0, commit: 0, applied: 0, isLeader: false };
      const { snapshot } = replica.log.durable;
      if (!replica.log.durable.isSnapshotDamaged) marks.commit = snapshot.meta.index;
      this.#marks.set(replica.id, marks);
    }
    return marks;
  }

  #checkLeader(replica: Replica): void {
    const { core, log } = replica;
    const other = this.#leaders.get(core.currentTerm);
    check(
      other === undefined || other === replica.id,
      `${other} and ${replica.id} both lead term ${core.currentTerm}`,
    );
    this.#leaders.set(core.currentTerm, replica.id);
    for (const [index, { term, by }] of this.#committed) {
      check(
        by >= core.currentTerm || index <= log.compactedIndex || core.termAt(index) === term,
        `the leader of term ${core.currentTerm} lacks committed entry ${index}`,
      );
    }
  }

  #checkCommits(replica: Replica, known: number): void {
    const { core } = replica;
    for (let index = known + 1; index <= core.commitIndex; index++) {
      const term = core.termAt(index);
      if (term === undefined) continue;
      if (!this.#committed.has(index)) {
        check(core.role === "leader", `entry ${index} is committed first by a follower`);
        check(
          isQuorum(core.conf, (member) => this.#holds(member, index, term)),
          `entry ${index} is committed but not durable on a quorum`,
        );
      }
      this.#recordCommit(index, term, core.currentTerm);
    }
  }

  #holds(member: ReplicaId, index: number, term: number): boolean {
    return vouchesFor(this.#replicas.get(member)?.log.durable, index, term);
  }

  #recordCommit(index: number, term: number, by: number): void {
    const known = this.#committed.get(index);
    check(known === undefined || known.term === term, `two entries ${index} are committed`);
    if (known === undefined) this.#committed.set(index, { term, by });
  }

  #matchLogs(entry: Entry, previousTerm: number): void {
    const key = `${entry.index}:${entry.term}`;
    const value = `${entry.crc} after ${previousTerm}`;
    const known = this.#contents.get(key);
    check(known === undefined || known === value, `two logs differ at ${key}`);
    this.#contents.set(key, value);
  }
}

/** Whether the members for which `has` is true are a majority of the voters, and in a joint configuration of both sets. */
export function isQuorum(conf: ConfState, has: (member: ReplicaId) => boolean): boolean {
  const isMajority = (voters: readonly ReplicaId[]): boolean =>
    voters.length === 0 || voters.filter(has).length * 2 > voters.length;
  return conf.voters.length > 0 && isMajority(conf.voters) && isMajority(conf.votersOutgoing);
}
