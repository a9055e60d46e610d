import { type GroupId, type NodeId, nodeIdOf, type RaftGroup } from "@leveret/raft";
import * as v from "valibot";

/** One replica as its node answers for it. */
export interface ReplicaState {
  readonly role: "leader" | "follower" | "candidate" | "pre_vote" | "learner";
  readonly term: number;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly snapshotIndex: number;
  /** Nodes whose replicas vote, as this one knows it. */
  readonly voters: readonly NodeId[];
}

/** A leader that is to move. */
export type LeaderMoveRequest = readonly [groupId: GroupId, to: NodeId];

/** Of one question to another node: more are asked one after the other. */
export const GROUPS_PER_QUESTION = 1024;

const GROUPS = v.object({ groups: v.pipe(v.array(v.number()), v.maxLength(GROUPS_PER_QUESTION)) });
const MOVES = v.object({
  moves: v.pipe(v.array(v.tuple([v.number(), v.number()])), v.maxLength(GROUPS_PER_QUESTION)),
});
const STATE = v.object({
  role: v.picklist(["leader", "follower", "candidate", "pre_vote", "learner"]),
  term: v.number(),
  lastIndex: v.number(),
  commitIndex: v.number(),
  snapshotIndex: v.number(),
  voters: v.array(v.number()),
});
const STATES = v.array(v.nullable(STATE));

/** What operations on any node ask of the node that has the replica, or leads. */
export class GroupService {
  readonly #groupOf: (groupId: GroupId) => RaftGroup | undefined;
  readonly #isAlive: (nodeId: NodeId) => boolean;

  constructor(
    groupOf: (groupId: GroupId) => RaftGroup | undefined,
    isAlive: (nodeId: NodeId) => boolean,
  ) {
    this.#groupOf = groupOf;
    this.#isAlive = isAlive;
  }

  /** For each group the replica here; undefined: there is none, or it has stopped. */
  states(groups: readonly GroupId[]): (ReplicaState | undefined)[] {
    return groups.map((groupId) => stateOf(this.#groupOf(groupId)));
  }

  /** Hands over what is led here to nodes with a replica that can lead. What is led elsewhere is not this node's to move. */
  handOver(moves: readonly LeaderMoveRequest[]): void {
    for (const [groupId, to] of moves) {
      const group = this.#groupOf(groupId);
      if (group?.isReady !== true) continue;
      const heir = group.status().conf.voters.find((replica) => nodeIdOf(replica) === to);
      if (heir !== undefined) group.transferLeader(heir);
    }
  }

  /**
   * Nodes whose replicas have all that is stored, but for what is on its way to them. undefined: the group is led elsewhere.
   */
  synchronised(groupId: GroupId): NodeId[] | undefined {
    const group = this.#groupOf(groupId);
    if (group?.isReady !== true) return undefined;
    const { conf, replicaId } = group.status();
    return conf.voters
      .filter(
        (replica) =>
          replica === replicaId ||
          (this.#isAlive(nodeIdOf(replica)) && group.progressOf(replica)?.isReplicating === true),
      )
      .map(nodeIdOf);
  }
}

/** The question of another node. @throws v.ValiError */
export function readGroups(params: unknown): readonly GroupId[] {
  return v.parse(GROUPS, params).groups;
}

/** @throws v.ValiError */
export function readMoves(params: unknown): readonly LeaderMoveRequest[] {
  return v.parse(MOVES, params).moves;
}

/** Another node's answer; empty: it is not understood. */
export function readStates(answer: unknown): readonly (ReplicaState | undefined)[] {
  const read = v.safeParse(STATES, answer);
  return read.success ? read.output.map((state) => state ?? undefined) : [];
}

function stateOf(group: RaftGroup | undefined): ReplicaState | undefined {
  if (group === undefined) return undefined;
  const status = group.status();
  if (status.stoppedBecause !== undefined) return undefined;
  const { conf, replicaId, role, term, lastIndex, commitIndex, snapshotIndex } = status;
  const isLearner = conf.learners.includes(replicaId);
  return {
    role: isLearner ? "learner" : role === "pre-candidate" ? "pre_vote" : role,
    term,
    lastIndex,
    commitIndex,
    snapshotIndex,
    voters: conf.voters.map(nodeIdOf),
  };
}
