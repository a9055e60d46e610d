import {
  type GroupId,
  NONE,
  type NodeId,
  nodeIdOf,
  type RaftGroup,
  type ReplicaId,
  replicaIdOf,
  type Timer,
  type Timers,
} from "@leveret/raft";
import { CLEANING_QUESTIONS_AT_ONCE, CLEANING_RETRY_MS } from "../../limits.ts";
import type { ReplicaPlace } from "./conf-target.ts";

/** Where a queue's replicas are wanted, as its record says. */
export interface GroupPlace {
  readonly replicas: readonly ReplicaPlace[];
  /** The replicas are those of the declaration, all of them: nothing was ever added or taken away. */
  readonly isAsDeclared: boolean;
}

/**
 * The leader's answer to whether a replica may be deleted. delete: it is no member and not needed; `term` and `lastIndex` are the
 * leader's when it knew. later: it is a member, or may be needed. not-leader: somebody else knows; `leader`: who, 0 if not known.
 */
export type CleaningAnswer =
  | { readonly kind: "delete"; readonly term: number; readonly lastIndex: number }
  | { readonly kind: "later" }
  | { readonly kind: "not-leader"; readonly leader: NodeId };

/** A replica to be asked about. */
interface Inquiry {
  /** Questions so far: each goes to another node. */
  readonly attempt: number;
  /** Who is said to lead; 0: not known. */
  readonly leader: NodeId;
}

export interface ReplicaCleanerOptions {
  readonly nodeId: NodeId;
  readonly node: {
    group(groupId: GroupId): RaftGroup | undefined;
    groups(): RaftGroup[];
    deleteGroup(groupId: GroupId, done: () => void): void;
  };
  readonly timers: Timers;
  /** By the record; undefined: there is none, and will not be any. */
  placeOf(groupId: GroupId): GroupPlace | undefined;
  /** The node that leads the group; undefined: not known. */
  leaderOf(groupId: GroupId): NodeId | undefined;
  /** Not the metadata's own group, whose replicas are not this one's business. */
  isQueueGroup(groupId: GroupId): boolean;
  /** Asks another node, which answers with {@link answerCleaning}. Calls back once, later; undefined: no answer. */
  ask(
    nodeId: NodeId,
    question: { readonly groupId: GroupId; readonly replicaId: ReplicaId },
    done: (answer: CleaningAnswer | undefined) => void,
  ): void;
}

/**
 * Deletes replicas of this node that are not wanted any more. A queue's that is deleted: at once. One that was moved away: when the
 * group's leader, which has just made sure that it still leads, says that nobody needs it (GroupStatus.isConfSettled).
 *
 * Why that is safe: a replica that the record names is never deleted, and generations are never used again, so one that it does not
 * name any more is never wanted again. The leader's answer counts only as long as the replica has not heard of a later
 * leader, nor of entries after the answer: if it had been added again meanwhile, by a leader whose metadata are old, it would have.
 * The metadata here must be current before {@link start}: a record that is not there yet would look like a deleted one.
 */
export class ReplicaCleaner {
  /** A replica was deleted: another one may be created. */
  onDeleted: (groupId: GroupId) => void = () => undefined;
  readonly #options: ReplicaCleanerOptions;
  readonly #unwanted = new Map<GroupId, Inquiry>();
  /** The same, after a pause. */
  readonly #asked = new Map<GroupId, Inquiry>();
  readonly #asking = new Set<GroupId>();
  readonly #deleting = new Set<GroupId>();
  #retry: Timer | undefined;
  #isRunning = false;

  constructor(options: ReplicaCleanerOptions) {
    this.#options = options;
  }

  /** The metadata here are current. Reviews all replicas. */
  start(): void {
    this.#isRunning = true;
    for (const { groupId } of this.#options.node.groups()) this.review(groupId);
  }

  stop(): void {
    this.#isRunning = false;
    this.#retry?.cancel();
    this.#retry = undefined;
  }

  /** Being removed from the store; no replica of the group can be created before it is. */
  isDeleting(groupId: GroupId): boolean {
    return this.#deleting.has(groupId);
  }

  /** The record changed or is gone, or a leader said that the replica is removed (GroupEvent "removed" and "obsolete"). */
  review(groupId: GroupId): void {
    if (!this.#isRunning || !this.#options.isQueueGroup(groupId)) return;
    const group = this.#options.node.group(groupId);
    if (group === undefined) return;
    const place = this.#options.placeOf(groupId);
    if (place === undefined) this.#delete(groupId);
    else if (isNamed(place, group.status().replicaId)) this.#forget(groupId);
    else if (!this.#unwanted.has(groupId) && !this.#asking.has(groupId)) {
      this.#forget(groupId);
      this.#unwanted.set(groupId, { attempt: 0, leader: 0 });
      this.#askAll();
    }
  }

  #askAll(): void {
    for (const [groupId, inquiry] of this.#unwanted) {
      if (this.#asking.size >= CLEANING_QUESTIONS_AT_ONCE) break;
      this.#unwanted.delete(groupId);
      this.#ask(groupId, inquiry);
    }
  }

  #forget(groupId: GroupId): void {
    this.#unwanted.delete(groupId);
    this.#asked.delete(groupId);
  }

  #ask(groupId: GroupId, inquiry: Inquiry): void {
    const group = this.#options.node.group(groupId);
    if (group === undefined) return;
    const asked = this.#whomToAsk(group, inquiry);
    if (asked === undefined) {
      this.#later(groupId, inquiry);
      return;
    }
    const { replicaId } = group.status();
    this.#asking.add(groupId);
    this.#options.ask(asked, { groupId, replicaId }, (answer) => {
      this.#asking.delete(groupId);
      if (!this.#isRunning) return;
      this.#onAnswer(group, inquiry, answer);
      this.#askAll();
    });
  }

  /** Who was said to lead; then who is known to; then each of those who may know, one after the other. */
  #whomToAsk(group: RaftGroup, { attempt, leader }: Inquiry): NodeId | undefined {
    const { nodeId: self } = this.#options;
    if (leader !== 0 && leader !== self) return leader;
    const known = this.#options.leaderOf(group.groupId);
    if (known !== undefined && known !== self && attempt % 2 === 0) return known;
    const { conf } = group.status();
    const others = new Set(this.#options.placeOf(group.groupId)?.replicas.map((r) => r.nodeId));
    for (const member of [...conf.voters, ...conf.learners]) others.add(nodeIdOf(member));
    others.delete(self);
    return [...others][(attempt >>> 1) % others.size];
  }

  #onAnswer(group: RaftGroup, inquiry: Inquiry, answer: CleaningAnswer | undefined): void {
    const { groupId } = group;
    if (this.#options.node.group(groupId) !== group) return;
    const place = this.#options.placeOf(groupId);
    if (place === undefined) this.#delete(groupId);
    else if (isNamed(place, group.status().replicaId)) return;
    else if (answer?.kind === "delete" && !hasNews(group, answer)) this.#delete(groupId);
    else this.#later(groupId, { attempt: inquiry.attempt + 1, leader: leaderIn(answer) });
  }

  #later(groupId: GroupId, inquiry: Inquiry): void {
    this.#asked.set(groupId, inquiry);
    this.#retry ??= this.#options.timers.setTimer(CLEANING_RETRY_MS, () => {
      this.#retry = undefined;
      for (const [again, inquiries] of this.#asked) this.#unwanted.set(again, inquiries);
      this.#asked.clear();
      this.#askAll();
    });
  }

  #delete(groupId: GroupId): void {
    this.#forget(groupId);
    this.#deleting.add(groupId);
    this.#options.node.deleteGroup(groupId, () => {
      this.#deleting.delete(groupId);
      this.onDeleted(groupId);
    });
  }
}

/** Answers another node's question about its replica, from the group as it is here; `done` is called once, now or later. */
export function answerCleaning(
  group: RaftGroup | undefined,
  replicaId: ReplicaId,
  done: (answer: CleaningAnswer) => void,
): void {
  const now = group === undefined ? NOBODY : answerOf(group, replicaId);
  if (group === undefined || now.kind !== "delete") {
    done(now);
    return;
  }
  // A leader that was cut off may not know yet that the members have changed again.
  group.read((result) => done(result.kind === "ready" ? answerOf(group, replicaId) : NOBODY));
}

const NOBODY: CleaningAnswer = { kind: "not-leader", leader: 0 };
const LATER: CleaningAnswer = { kind: "later" };

function answerOf(group: RaftGroup, replicaId: ReplicaId): CleaningAnswer {
  const { role, leader, conf, isConfSettled, term, lastIndex } = group.status();
  if (role !== "leader" || !group.isReady) {
    return { kind: "not-leader", leader: leader === NONE ? 0 : nodeIdOf(leader) };
  }
  const isMember = [conf.voters, conf.votersOutgoing, conf.learners, conf.learnersNext].some(
    (members) => members.includes(replicaId),
  );
  if (isMember) return LATER;
  if (isConfSettled) return { kind: "delete", term, lastIndex };
  group.settleMembers();
  return LATER;
}

function leaderIn(answer: CleaningAnswer | undefined): NodeId {
  return answer?.kind === "not-leader" ? answer.leader : 0;
}

/** Whether the replica knows of anything after the answer. One that does not run hears of nothing. */
function hasNews(group: RaftGroup, answer: { term: number; lastIndex: number }): boolean {
  const { term, lastIndex, stoppedBecause } = group.status();
  if (stoppedBecause !== undefined) return false;
  return term > answer.term || (term === answer.term && lastIndex > answer.lastIndex);
}

function isNamed({ replicas }: GroupPlace, replicaId: ReplicaId): boolean {
  const nodeId = nodeIdOf(replicaId);
  return replicas.some(
    (place) => place.nodeId === nodeId && replicaIdOf(nodeId, place.generation) === replicaId,
  );
}
