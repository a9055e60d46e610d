import type { ReplicaId } from "../../core/ids.ts";
import { check } from "../scenario/claims.ts";
import { isQuorum } from "../scenario/ledger.ts";
import { vouchesFor } from "../scenario/log-image.ts";
import type { Identified, LocalFacts } from "./local-facts.ts";

interface Committed {
  readonly index: number;
  readonly term: number;
  /** Term of the leader that committed it. */
  readonly by: number;
}

/** What has happened so far, as far as later events are judged by it. A value: each history has its own. */
export interface History {
  /** Who led which term. */
  readonly leaders: readonly (readonly [term: number, leader: ReplicaId])[];
  /** Ascending. */
  readonly committed: readonly Committed[];
}

/** Equal for equal histories. */
export function historyKey(history: History): string {
  const committed = history.committed.map(({ index, term, by }) => `${index}:${term}.${by}`);
  return `${history.leaders.join(";")}|${committed.join(";")}`;
}

/** One replica has made a step. */
export interface Step {
  readonly replica: ReplicaId;
  readonly before: LocalFacts;
  readonly after: LocalFacts;
}

/**
 * The history after a step.
 * @throws InvariantViolation if the step breaks one of Raft's properties (Raft paper, figure 3)
 */
export function extended(
  history: History,
  step: Step,
  all: ReadonlyMap<ReplicaId, LocalFacts>,
): History {
  checkAlone(step);
  for (const [replica, facts] of all) {
    if (replica !== step.replica) checkPair(step.after, facts);
  }
  const led = withLeader(history, step);
  return withCommits(led, step, all);
}

function checkAlone({ before, after }: Step): void {
  check(after.disk.hardState.currentTerm <= after.term, "the disk is ahead of the term");
  check(after.disk.hardState.currentTerm >= before.disk.hardState.currentTerm, "a term went back");
  if (!after.isUp) return;
  check(after.appliedIndex <= after.commit, "applied beyond the commit index");
  if (!before.isUp) return;
  check(
    after.term >= before.term && after.commit >= before.commit,
    "term or commit index went back",
  );
  if (!before.isLeader || !after.isLeader || before.term !== after.term) return;
  for (const entry of before.log) {
    const kept = entry.index <= after.base || sameAt(after, entry);
    check(kept, "a leader overwrote its own log");
  }
}

/** Log matching and state machine safety between two replicas. */
function checkPair(one: LocalFacts, other: LocalFacts): void {
  let isSame = false;
  for (let at = one.log.length - 1; at >= 0; at--) {
    const entry = one.log[at];
    const twin = entry && find(other, entry.index);
    if (entry === undefined || twin === undefined) continue;
    if (twin.term === entry.term) {
      check(twin.crc === entry.crc, `entries ${entry.index} of a term differ`);
      isSame = true;
    } else {
      check(!isSame, `logs agree after ${entry.index} but not there`);
    }
  }
  const [short, long] = one.commands.length < other.commands.length ? [one, other] : [other, one];
  short.commands.forEach((command, at) => {
    check(long.commands[at] === command, "state machines differ");
  });
}

function withLeader(history: History, { replica, before, after }: Step): History {
  if (!after.isLeader || (before.isLeader && before.term === after.term)) return history;
  const other = history.leaders.find(([term]) => term === after.term)?.[1];
  check(other === undefined || other === replica, `two leaders of term ${after.term}`);
  for (const { index, term, by } of history.committed) {
    const isThere = index <= after.base || find(after, index)?.term === term;
    check(by >= after.term || isThere, `the leader of term ${after.term} lacks entry ${index}`);
  }
  if (other !== undefined) return history;
  return { ...history, leaders: [...history.leaders, [after.term, replica]] };
}

function withCommits(
  history: History,
  { before, after }: Step,
  all: ReadonlyMap<ReplicaId, LocalFacts>,
): History {
  const known = before.isUp ? before.commit : 0;
  if (after.commit <= known) return history;
  const committed = [...history.committed];
  for (const { index, term } of after.log) {
    if (index <= known || index > after.commit) continue;
    const earlier = committed.find((entry) => entry.index === index);
    if (earlier !== undefined) {
      check(earlier.term === term, `two entries ${index} are committed`);
      continue;
    }
    // Committing its own removal, a leader stops leading in the same step.
    check(after.isLeader || before.isLeader, `entry ${index} is committed first by a follower`);
    // One step may commit a change and apply it: the commit was by the members before it.
    const has = (member: ReplicaId): boolean => vouchesFor(all.get(member)?.disk, index, term);
    const isDurable = isQuorum(before.conf, has) || isQuorum(after.conf, has);
    check(isDurable, `entry ${index} is committed but not durable on a quorum`);
    committed.push({ index, term, by: after.term });
  }
  return { ...history, committed };
}

function find(facts: LocalFacts, index: number): Identified | undefined {
  const entry = facts.log[index - facts.base - 1];
  return entry?.index === index ? entry : facts.log.find((other) => other.index === index);
}

function sameAt(facts: LocalFacts, entry: Identified): boolean {
  const other = find(facts, entry.index);
  return other?.term === entry.term && other.crc === entry.crc;
}
