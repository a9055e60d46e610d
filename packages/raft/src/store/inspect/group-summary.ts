import type { GroupLog } from "../group-log.ts";
import { countOf, unflatten, within } from "../ranges.ts";
import { recoveredGroup } from "../recovered-group.ts";
import { lostLive } from "../still-lost.ts";
import { snapshotFileOf } from "../store-opening.ts";
import type { InspectedGroup, InspectedGroupState } from "./store-inspection.ts";

/** What recovery knows of a group, in numbers for people. */
export function summaryOf(group: GroupLog): InspectedGroup {
  const { groupId, epoch, replicaId, compactedIndex, lastIndex, snapshot, snapshotPlace } = group;
  const { hardState, promise, forcedIndex } = recoveredGroup(group);
  const live = within(group.live, 0, compactedIndex);
  const missing = unflatten(lostLive(group));
  const holes = unflatten(group.holes);
  const stateBytes = snapshotPlace.kind === "none" ? 0 : snapshotPlace.size;
  return {
    groupId,
    epoch,
    replicaId,
    state: stateOf(group, holes.length + missing.length > 0),
    currentTerm: group.currentTerm,
    votedFor: group.votedFor,
    firstIndex: compactedIndex + 1,
    lastIndex,
    commitIndex: hardState === "lost" ? group.commitIndex : hardState.commitIndex,
    compactedIndex,
    snapshot: {
      index: snapshot.index,
      term: snapshot.term,
      bytes: stateBytes,
      path: snapshotFileOf(group),
      isDamaged: group.isSnapshotDamaged,
    },
    conf: snapshot.conf,
    entries: lastIndex - compactedIndex,
    liveEntries: countOf(live),
    bytes: stateBytes + entryBytesOf(group),
    holes,
    lostLive: missing,
    promise,
    forcedIndex,
  };
}

function entryBytesOf(group: GroupLog): number {
  let bytes = 0;
  for (let position = 0; position < group.extents.length; position++) {
    bytes += group.extents.get(position).bytes;
  }
  return bytes;
}

function stateOf(group: GroupLog, hasHoles: boolean): InspectedGroupState {
  if (group.isHardStateLost) return "lost";
  if (hasHoles || group.isSnapshotDamaged) return "damaged";
  if (group.promise.index > 0) return "promised";
  const { conf, index } = group.snapshot;
  return conf.voters.length === 0 && index === 0 ? "waiting" : "ok";
}
