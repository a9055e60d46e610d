import type { ConfState } from "../core/conf-state.ts";
import type { ReplicaId } from "../core/ids.ts";

/** All members of a configuration, voting or not. */
export function membersOf(conf: ConfState): Set<ReplicaId> {
  return new Set([...conf.voters, ...conf.votersOutgoing, ...conf.learners, ...conf.learnersNext]);
}
