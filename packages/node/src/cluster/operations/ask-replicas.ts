import type { GroupId, NodeId } from "@leveret/raft";
import {
  GROUPS_PER_QUESTION,
  type GroupService,
  type LeaderMoveRequest,
  type ReplicaState,
  readStates,
} from "./group-service.ts";

/** Names of the control methods by which nodes ask each other. */
export const GROUP_METHODS = {
  states: "peer.group_states",
  handOver: "peer.hand_over",
} as const;

export interface ReplicaQuestions {
  readonly nodeId: NodeId;
  readonly service: GroupService;
  /** The answer of another node's control method, within a few seconds. @throws OperationError */
  ask(nodeId: NodeId, method: string, params: object): Promise<unknown>;
}

/** The replicas on one node, by group; groups are left out that have none there. Empty: the node does not answer. */
export async function statesOn(
  nodeId: NodeId,
  groups: readonly GroupId[],
  questions: ReplicaQuestions,
): Promise<ReadonlyMap<GroupId, ReplicaState>> {
  const found = new Map<GroupId, ReplicaState>();
  for (let at = 0; at < groups.length; at += GROUPS_PER_QUESTION) {
    const some = groups.slice(at, at + GROUPS_PER_QUESTION);
    const states = await someStates(nodeId, some, questions);
    if (states === undefined) break;
    for (const [index, groupId] of some.entries()) {
      const state = states[index];
      if (state !== undefined) found.set(groupId, state);
    }
  }
  return found;
}

/** undefined: the node does not answer. */
async function someStates(
  nodeId: NodeId,
  groups: readonly GroupId[],
  { nodeId: self, service, ask }: ReplicaQuestions,
): Promise<readonly (ReplicaState | undefined)[] | undefined> {
  if (nodeId === self) return service.states(groups);
  try {
    return readStates(await ask(nodeId, GROUP_METHODS.states, { groups }));
  } catch {
    // Whoever asks shows it as not answering.
    return undefined;
  }
}

/** Asks the node to hand over what it leads; whether that comes about shows in who leads. @throws OperationError */
export async function handOver(
  from: NodeId,
  moves: readonly LeaderMoveRequest[],
  { nodeId: self, service, ask }: ReplicaQuestions,
): Promise<void> {
  if (from === self) service.handOver(moves);
  else await ask(from, GROUP_METHODS.handOver, { moves });
}
