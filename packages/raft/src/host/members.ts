import type { ConfState } from "../core/conf-state.ts";
import { NONE, type NodeId, nodeIdOf, type ReplicaId } from "../core/ids.ts";

/** Calls `visit` for each member; for one that is in two lists, twice. */
export function forEachMember(conf: ConfState, visit: (replica: ReplicaId) => void): void {
  for (const replica of conf.voters) visit(replica);
  for (const replica of conf.votersOutgoing) visit(replica);
  for (const replica of conf.learners) visit(replica);
}

/** Each member once, ascending. */
export function memberIds(conf: ConfState): ReplicaId[] {
  const members = new Set<ReplicaId>();
  forEachMember(conf, (replica) => members.add(replica));
  return [...members].sort((a, b) => a - b);
}

/** Whether the replica is a member. */
export function isMember(conf: ConfState, replica: ReplicaId): boolean {
  return (
    conf.voters.includes(replica) ||
    conf.votersOutgoing.includes(replica) ||
    conf.learners.includes(replica)
  );
}

/** Whether the group has one member, and no other is on its way in or out. */
export function isAlone(conf: ConfState): boolean {
  return conf.voters.length === 1 && conf.votersOutgoing.length + conf.learners.length === 0;
}

/** The members that live on a node: usually one or none; more only while a node is being added again. */
export function membersOn(conf: ConfState, node: NodeId): ReplicaId[] {
  const found: ReplicaId[] = [];
  forEachMember(conf, (replica) => {
    if (nodeIdOf(replica) === node && !found.includes(replica)) found.push(replica);
  });
  return found;
}

/** The node that leads, as far as `leader` is known; 0 if not. */
export function leaderNode(leader: ReplicaId): NodeId {
  return leader === NONE ? 0 : nodeIdOf(leader);
}
