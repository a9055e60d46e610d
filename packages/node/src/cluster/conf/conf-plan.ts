import {
  type ConfChange,
  type ConfChangeStep,
  type ConfState,
  nodeIdOf,
  type ReplicaId,
} from "@leveret/raft";
import { CATCH_UP_ENTRIES } from "../../limits.ts";

/** Who is to be in a group. Nobody is in both lists. */
export interface ConfTarget {
  readonly voters: readonly ReplicaId[];
  readonly learners: readonly ReplicaId[];
}

/** What the leader knows of another member. */
export interface MemberState {
  /** Highest index known to be on its disk. */
  readonly match: number;
  /** Entries flow to it. */
  readonly isReplicating: boolean;
  /** It has answered since the leader began to think of this step. */
  readonly isActive: boolean;
}

/** What the leader of a group knows when it decides on the next step. */
export interface ConfSituation {
  readonly conf: ConfState;
  readonly target: ConfTarget;
  /** The leader's replica. */
  readonly self: ReplicaId;
  readonly commitIndex: number;
  /** Whether the node answers; true for the leader's own. */
  isAlive(nodeId: number): boolean;
  /** Of another member; undefined: not known (yet). */
  progress(replica: ReplicaId): MemberState | undefined;
  /** The operator takes the risk that the new voters have no quorum. Default false. */
  readonly force?: boolean;
}

/** Why nothing can be done now. Those marked "soon" pass by themselves within moments. */
export type WaitReason =
  /** Soon: the joint configuration is being left. */
  | "joint"
  /** Soon: a replica that is to vote is still getting the log. */
  | "catching-up"
  /** The voters, or those that would be left, lack a live majority. */
  | "no-quorum"
  /** Replicas that are to vote are on nodes that do not answer. */
  | "not-alive"
  /** The leader is to leave, and nobody can take over. */
  | "no-successor"
  /** An older replica of the same node has to leave first, and cannot: nobody else has the contents. */
  | "old-replica";

export type ConfStep =
  | { readonly kind: "change"; readonly change: ConfChange }
  | { readonly kind: "transfer"; readonly to: ReplicaId }
  | { readonly kind: "wait"; readonly why: WaitReason }
  | { readonly kind: "done" };

const DONE: ConfStep = { kind: "done" };
const NO_CONTEXT = new Uint8Array(0);

/**
 * The next step from the members that a group has to those that it is to have; taken by its leader, one after another.
 *
 * Whoever is missing comes as a learner and votes when it has the log; only when all that are to vote and are alive do so, those go
 * that are not to vote any more. The voters after a step always have a live majority, unless forced, so voters that are dead
 * stay as long as they are wanted; only where a planned leave would otherwise be impossible they become learners for the time.
 * A leader that is to go hands over first. The last voter stays.
 */
export function nextConfStep(situation: ConfSituation): ConfStep {
  const { conf } = situation;
  if (conf.votersOutgoing.length > 0) return leaveJoint(conf);
  if (!hasLiveMajority(situation, conf.voters)) return wait("no-quorum");
  return (
    addMissing(situation) ??
    promote(situation) ??
    retire(situation) ??
    removeLearners(situation) ??
    unfinished(situation) ??
    DONE
  );
}

/** Whether the step takes a vote from somebody or gives one: whom it rests on has to be known to be alive. */
export function movesVotes({ voters }: ConfState, step: ConfStep): boolean {
  if (step.kind !== "change") return step.kind === "transfer";
  return step.change.steps.some(
    ({ kind, replica }) => kind === "add-voter" || voters.includes(replica),
  );
}

/** Whether anything is left to do for the members of a group that this node leads; false also while it cannot be done. */
export function isAtTarget(conf: ConfState, { voters, learners }: ConfTarget): boolean {
  return (
    conf.votersOutgoing.length === 0 &&
    isSameSet(conf.voters, voters) &&
    isSameSet(conf.learners, learners)
  );
}

/** A joint configuration is usually left by its leader without being asked. */
function leaveJoint(conf: ConfState): ConfStep {
  return conf.autoLeave ? wait("joint") : change([]);
}

function addMissing(situation: ConfSituation): ConfStep | undefined {
  const missing = missingOf(situation).filter((replica) => !isBlocked(situation, replica));
  return missing.length === 0 ? undefined : change(missing.map((r) => step("add-learner", r)));
}

/** All that are ready at once: two voters more in one step leave the group more able to bear a failure than one after the other. */
function promote(situation: ConfSituation): ConfStep | undefined {
  const { conf, target } = situation;
  const ready = target.voters.filter((r) => conf.learners.includes(r) && hasCaughtUp(situation, r));
  return ready.length === 0 ? undefined : change(ready.map((r) => step("add-voter", r)));
}

/** Voters that are not to vote any more go, as soon as those that are to vote instead do. */
function retire(situation: ConfSituation): ConfStep | undefined {
  if (newVotersOnTheirWay(situation).length > 0) return undefined;
  const staying = stayingVoters(situation);
  const leaving = leavingVoters(situation, staying);
  if (leaving.length === 0) return undefined;
  if (!leaving.includes(situation.self)) {
    return change(leaving.map((replica) => goodbye(situation, replica)));
  }
  const to = successor(situation, staying);
  return to === undefined ? undefined : { kind: "transfer", to };
}

/** Those who need not go now: at least one. */
function stayingVoters(situation: ConfSituation): readonly ReplicaId[] {
  const { conf, target, self } = situation;
  const wanted = conf.voters.filter((replica) => target.voters.includes(replica));
  if (wanted.length > 0) return wanted;
  const inTheWay = conf.voters.filter((replica) => hasSuccessorHere(situation, replica));
  if (inTheWay.length > 0) {
    // Older replicas go first: all of them if others have the contents, otherwise one after the other.
    const others = conf.voters.filter((replica) => !inTheWay.includes(replica));
    const [first] = inTheWay.filter((replica) => replica !== self);
    return others.length > 0 ? others : conf.voters.filter((replica) => replica !== first);
  }
  // Nobody who is to vote can. Those who only leave for a time still may, as long as one stays: so a cluster that is stopped node
  // by node, or all at once, ends with one voter. It is the leader, which has everything.
  return conf.voters.filter((replica) => replica === self || !target.learners.includes(replica));
}

/** A newer replica of the same node is to vote, and could. */
function hasSuccessorHere(situation: ConfSituation, replica: ReplicaId): boolean {
  return situation.target.voters.some(
    (other) =>
      other !== replica && nodeIdOf(other) === nodeIdOf(replica) && isAlive(situation, other),
  );
}

/** Which voters may go now, so that the others have a live majority. */
function leavingVoters(situation: ConfSituation, staying: readonly ReplicaId[]): ReplicaId[] {
  const { conf, target, force } = situation;
  const surplus = conf.voters.filter((replica) => !staying.includes(replica));
  if (surplus.length === 0) return [];
  if (force === true || hasLiveMajority(situation, staying)) return surplus;
  // A planned leave: dead voters must not keep a node from stopping, while another could serve alone. They come back as learners.
  const onLeave = surplus.filter((replica) => target.learners.includes(replica));
  const dead = staying.filter((replica) => !isActive(situation, replica));
  const remaining = conf.voters.filter((r) => !onLeave.includes(r) && !dead.includes(r));
  const canLeave = onLeave.length > 0 && hasLiveMajority(situation, remaining);
  return canLeave ? [...onLeave, ...dead] : [];
}

/** The voter that has most of the log among those whose answers the leader has just had. */
function successor(situation: ConfSituation, staying: readonly ReplicaId[]): ReplicaId | undefined {
  let best: ReplicaId | undefined;
  let bestMatch = -1;
  for (const replica of staying) {
    const progress = situation.progress(replica);
    if (progress === undefined || progress.match <= bestMatch) continue;
    if (!isActive(situation, replica)) continue;
    best = replica;
    bestMatch = progress.match;
  }
  return best;
}

function removeLearners({ conf, target }: ConfSituation): ConfStep | undefined {
  const surplus = conf.learners.filter((replica) => !isWanted(target, replica));
  return surplus.length === 0 ? undefined : change(surplus.map((r) => step("remove", r)));
}

/** What the group waits for, if it is not yet as it is to be. */
function unfinished(situation: ConfSituation): ConfStep | undefined {
  const { conf, target, self } = situation;
  if (newVotersOnTheirWay(situation).length > 0) return wait("catching-up");
  if (missingOf(situation).length > 0) return wait("old-replica");
  if (target.voters.some((replica) => !conf.voters.includes(replica))) return wait("not-alive");
  if (conf.voters.every((replica) => target.voters.includes(replica))) return undefined;
  if (target.voters.length === 0) return undefined;
  return wait(target.voters.includes(self) ? "no-quorum" : "no-successor");
}

/** Replicas on live nodes that are to vote, are no voters yet, and will be without anybody's doing. */
function newVotersOnTheirWay(situation: ConfSituation): ReplicaId[] {
  const { conf, target } = situation;
  return target.voters.filter(
    (replica) =>
      !conf.voters.includes(replica) &&
      isAlive(situation, replica) &&
      !isBlocked(situation, replica),
  );
}

function missingOf({ conf, target }: ConfSituation): ReplicaId[] {
  const isHere = (r: ReplicaId): boolean => conf.voters.includes(r) || conf.learners.includes(r);
  return [...target.voters, ...target.learners].filter((replica) => !isHere(replica));
}

/** A node has one replica of a group at a time: a new one cannot be made before the old one has left. */
function isBlocked({ conf }: ConfSituation, replica: ReplicaId): boolean {
  const isOther = (r: ReplicaId): boolean => r !== replica && nodeIdOf(r) === nodeIdOf(replica);
  return conf.voters.some(isOther) || conf.learners.some(isOther);
}

function hasCaughtUp(situation: ConfSituation, replica: ReplicaId): boolean {
  const progress = situation.progress(replica);
  if (progress === undefined) return false;
  const isClose = situation.commitIndex - progress.match <= CATCH_UP_ENTRIES;
  return isClose && progress.isReplicating && isActive(situation, replica);
}

function isAlive(situation: ConfSituation, replica: ReplicaId): boolean {
  return replica === situation.self || situation.isAlive(nodeIdOf(replica));
}

/** Its node answers, and it does. */
function isActive(situation: ConfSituation, replica: ReplicaId): boolean {
  const isSilent = situation.progress(replica)?.isActive === false;
  return replica === situation.self || (isAlive(situation, replica) && !isSilent);
}

function hasLiveMajority(situation: ConfSituation, voters: readonly ReplicaId[]): boolean {
  const live = voters.filter((replica) => isActive(situation, replica)).length;
  return live * 2 > voters.length;
}

function isWanted({ voters, learners }: ConfTarget, replica: ReplicaId): boolean {
  return voters.includes(replica) || learners.includes(replica);
}

function goodbye({ target }: ConfSituation, replica: ReplicaId): ConfChangeStep {
  return step(isWanted(target, replica) ? "add-learner" : "remove", replica);
}

function step(kind: ConfChangeStep["kind"], replica: ReplicaId): ConfChangeStep {
  return { kind, replica };
}

function change(steps: readonly ConfChangeStep[]): ConfStep {
  return { kind: "change", change: { transition: "auto", steps, context: NO_CONTEXT } };
}

function wait(why: WaitReason): ConfStep {
  return { kind: "wait", why };
}

function isSameSet(left: readonly ReplicaId[], right: readonly ReplicaId[]): boolean {
  return left.length === right.length && left.every((replica) => right.includes(replica));
}
