import type { GroupImage } from "../codec/record-group-image.ts";
import { type ConfState, EMPTY_CONF } from "../core/conf-state.ts";
import { type GroupId, NONE, type ReplicaId } from "../core/ids.ts";
import { NO_PROMISE } from "./group-log.ts";
import { INITIAL_INDEX, INITIAL_TERM } from "./log-store.ts";

/** How a group starts. */
export function newGroupImage(group: {
  readonly groupId: GroupId;
  readonly epoch: number;
  readonly replicaId: ReplicaId;
  readonly conf: ConfState;
}): GroupImage {
  const { groupId, epoch, replicaId, conf } = group;
  // A replica that waits to be added has nothing yet, not even the initial state.
  const isJoining = conf.voters.length === 0;
  const index = isJoining ? 0 : INITIAL_INDEX;
  const term = isJoining ? 0 : INITIAL_TERM;
  return {
    groupId,
    epoch,
    replicaId,
    isHardStateLost: false,
    isSnapshotDamaged: false,
    hardState: { currentTerm: term, votedFor: NONE, commitIndex: index },
    snapshot: { index, term, conf: isJoining ? EMPTY_CONF : conf },
    snapshotPlace: { kind: "none" },
    compactedIndex: index,
    compactedTerm: term,
    lastIndex: index,
    promise: NO_PROMISE,
    stateFile: 0,
    forcedIndex: 0,
    holes: [],
    live: [],
    terms: [],
    extents: [],
  };
}
