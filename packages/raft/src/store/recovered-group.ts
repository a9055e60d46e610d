import type { IndexRange } from "../core/hard-state.ts";
import type { GroupLog } from "./group-log.ts";
import type { RecoveredGroup } from "./log-store.ts";
import { unflatten } from "./ranges.ts";

/** A group as the host starts it. */
export function recoveredGroup(group: GroupLog): RecoveredGroup {
  const { groupId, epoch, replicaId, snapshot, promise, forcedIndex, isSnapshotDamaged } = group;
  const commitIndex = Math.min(Math.max(group.commitIndex, snapshot.index), group.lastIndex);
  return {
    groupId,
    epoch,
    replicaId,
    hardState: group.isHardStateLost ? "lost" : { ...group.hardState, commitIndex },
    snapshot,
    holes: holesOf(group),
    isSnapshotDamaged,
    promise: promise.index === 0 ? undefined : promise,
    forcedIndex,
  };
}

function holesOf(group: GroupLog): IndexRange[] {
  const holes = unflatten(group.holes);
  if (!group.isSnapshotDamaged || group.snapshot.index === 0) return holes;
  const [first] = holes;
  const last = group.snapshot.index;
  // One hole if they touch.
  if (first?.first === last + 1) return [{ first: 1, last: first.last }, ...holes.slice(1)];
  return [{ first: 1, last }, ...holes];
}
