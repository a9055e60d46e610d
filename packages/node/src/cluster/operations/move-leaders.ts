import { setTimeout as pause } from "node:timers/promises";
import type { GroupId, NodeId } from "@leveret/raft";
import { handOver, type ReplicaQuestions } from "./ask-replicas.ts";
import {
  LEADER_MOVE_AGAIN_MS,
  LEADER_MOVE_LOOK_MS,
  LEADER_MOVE_TIMEOUT_MS,
  LEADER_MOVES_AT_ONCE,
} from "./operation-limits.ts";

export interface GroupMove {
  readonly groupId: GroupId;
  readonly to: NodeId;
}

export interface MoveOptions extends ReplicaQuestions {
  /** The node said to lead the group; undefined: none is known. */
  leaderOf(groupId: GroupId): NodeId | undefined;
}

/** Has groups led where they are to be, a few at a time. Those that are not there in time are returned. */
export async function moveLeaders(
  moves: readonly GroupMove[],
  options: MoveOptions,
): Promise<GroupMove[]> {
  const left: GroupMove[] = [];
  for (let at = 0; at < moves.length; at += LEADER_MOVES_AT_ONCE) {
    left.push(...(await moveSome(moves.slice(at, at + LEADER_MOVES_AT_ONCE), options)));
  }
  return left;
}

async function moveSome(moves: readonly GroupMove[], options: MoveOptions): Promise<GroupMove[]> {
  const untilMs = performance.now() + LEADER_MOVE_TIMEOUT_MS;
  let left = [...moves];
  let askAtMs = Number.NEGATIVE_INFINITY;
  while (left.length > 0 && performance.now() < untilMs) {
    if (performance.now() >= askAtMs) {
      await askLeaders(left, options);
      askAtMs = performance.now() + LEADER_MOVE_AGAIN_MS;
    }
    left = left.filter(({ groupId, to }) => options.leaderOf(groupId) !== to);
    if (left.length > 0) await pause(LEADER_MOVE_LOOK_MS);
  }
  return left;
}

/** One question for each node that leads some of them; who does not answer is asked again later. */
async function askLeaders(moves: readonly GroupMove[], options: MoveOptions): Promise<void> {
  const byLeader = new Map<NodeId, (readonly [GroupId, NodeId])[]>();
  for (const { groupId, to } of moves) {
    const leader = options.leaderOf(groupId);
    if (leader === undefined || leader === to) continue;
    const known = byLeader.get(leader);
    if (known === undefined) byLeader.set(leader, [[groupId, to]]);
    else known.push([groupId, to]);
  }
  const asked = Array.from(byLeader, ([from, some]) => handOver(from, some, options));
  await Promise.allSettled(asked);
}
