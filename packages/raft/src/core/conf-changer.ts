import type { ConfChange, ConfChangeStep, ConfState } from "./conf-state.ts";
import { NONE, type ReplicaId } from "./ids.ts";

/** Members of a group: more make every commit wait for more disks, and no one has use for them. */
export const MEMBERS_MAX = 64;

export type ConfResult =
  | { readonly ok: true; readonly conf: ConfState }
  | { readonly ok: false; readonly why: string };

/** Whether the group is between two configurations. */
export function isJoint(conf: ConfState): boolean {
  return conf.votersOutgoing.length > 0;
}

/** Voters of either half, sorted. */
export function allVoters(conf: ConfState): readonly ReplicaId[] {
  return isJoint(conf) ? sorted(new Set([...conf.voters, ...conf.votersOutgoing])) : conf.voters;
}

/** Everyone who gets the log: voters of both halves and learners, sorted. */
export function allMembers(conf: ConfState): readonly ReplicaId[] {
  return sorted(new Set([...conf.voters, ...conf.votersOutgoing, ...conf.learners]));
}

export function isVoter(conf: ConfState, replica: ReplicaId): boolean {
  return conf.voters.includes(replica) || conf.votersOutgoing.includes(replica);
}

/** Computes the configuration after a change (Raft dissertation 4.1, 4.3). The same on every replica, also in what it refuses. */
export function changeConf(conf: ConfState, change: ConfChange): ConfResult {
  if (change.steps.length === 0) return leaveJoint(conf);
  if (change.transition !== "auto") return enterJoint(conf, change.steps, change.transition);
  const simple = changeSimply(conf, change.steps);
  if (simple.ok || isJoint(conf)) return simple;
  return enterJoint(conf, change.steps, "joint-implicit");
}

/** A change by which at most one voter comes or goes, so that old and new majorities overlap. */
export function changeSimply(conf: ConfState, steps: readonly ConfChangeStep[]): ConfResult {
  if (isJoint(conf)) return refused("a joint configuration has to be left first");
  const draft = new Draft(conf);
  draft.applyAll(steps);
  const before = new Set(conf.voters);
  let changed = 0;
  for (const voter of draft.voters) if (!before.has(voter)) changed++;
  for (const voter of before) if (!draft.voters.has(voter)) changed++;
  if (changed > 1) return refused("more than one voter changes");
  return draft.finish([], false);
}

/** Starts a joint configuration: the voters so far become the outgoing half. */
export function enterJoint(
  conf: ConfState,
  steps: readonly ConfChangeStep[],
  transition: "joint-implicit" | "joint-explicit",
): ConfResult {
  if (isJoint(conf)) return refused("the configuration is joint already");
  if (conf.voters.length === 0) return refused("there are no voters");
  const draft = new Draft(conf);
  draft.outgoing = new Set(conf.voters);
  draft.applyAll(steps);
  return draft.finish(conf.voters, transition === "joint-implicit");
}

/** Ends a joint configuration: outgoing voters that are to be learners become so. */
export function leaveJoint(conf: ConfState): ConfResult {
  if (!isJoint(conf)) return refused("the configuration is not joint");
  const draft = new Draft(conf);
  for (const replica of conf.learnersNext) draft.learners.add(replica);
  draft.learnersNext.clear();
  draft.outgoing.clear();
  return draft.finish([], false);
}

class Draft {
  readonly voters: Set<ReplicaId>;
  outgoing: Set<ReplicaId>;
  readonly learners: Set<ReplicaId>;
  readonly learnersNext: Set<ReplicaId>;

  constructor(conf: ConfState) {
    this.voters = new Set(conf.voters);
    this.outgoing = new Set(conf.votersOutgoing);
    this.learners = new Set(conf.learners);
    this.learnersNext = new Set(conf.learnersNext);
  }

  applyAll(steps: readonly ConfChangeStep[]): void {
    for (const step of steps) if (step.replica !== NONE) this.#apply(step);
  }

  #apply(step: ConfChangeStep): void {
    const { replica } = step;
    switch (step.kind) {
      case "add-voter":
        this.learners.delete(replica);
        this.learnersNext.delete(replica);
        this.voters.add(replica);
        return;
      case "add-learner":
        this.#addLearner(replica);
        return;
      case "remove":
        this.voters.delete(replica);
        this.learners.delete(replica);
        this.learnersNext.delete(replica);
        return;
      default:
        step.kind satisfies never;
    }
  }

  /** Nobody is voter and learner at once: a voter of the outgoing half becomes learner when that half is left. */
  #addLearner(replica: ReplicaId): void {
    if (this.learners.has(replica)) return;
    this.voters.delete(replica);
    if (this.outgoing.has(replica)) this.learnersNext.add(replica);
    else this.learners.add(replica);
  }

  finish(outgoing: readonly ReplicaId[], autoLeave: boolean): ConfResult {
    if (this.voters.size === 0) return refused("no voter would be left");
    const members = this.voters.size + outgoing.length + this.learners.size;
    if (members > MEMBERS_MAX) return refused(`more than ${MEMBERS_MAX} members`);
    return {
      ok: true,
      conf: {
        voters: sorted(this.voters),
        votersOutgoing: outgoing,
        learners: sorted(this.learners),
        learnersNext: sorted(this.learnersNext),
        autoLeave,
      },
    };
  }
}

function sorted(replicas: ReadonlySet<ReplicaId>): readonly ReplicaId[] {
  return [...replicas].sort((left, right) => left - right);
}

function refused(why: string): ConfResult {
  return { ok: false, why };
}
