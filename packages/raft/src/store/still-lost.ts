import type { GroupLoss } from "./damage-notes.ts";
import type { GroupLog } from "./group-log.ts";
import { difference, type Ranges, unflatten, within } from "./ranges.ts";

/** What is left of a loss, as the group is now; nothing if the group is gone. */
export function stillLost(group: GroupLog | undefined, loss: GroupLoss): readonly GroupLoss[] {
  if (group === undefined) return [];
  const { what, first, last } = loss;
  switch (what) {
    case "state":
      return group.isHardStateLost ? [loss] : [];
    case "snapshot":
      return group.isSnapshotDamaged ? [loss] : [];
    case "entries": {
      const lost = [...unflatten(lostLive(group)), ...unflatten(group.holes)];
      return lost
        .map((range) => ({ first: Math.max(first, range.first), last: Math.min(last, range.last) }))
        .filter((range) => range.first <= range.last)
        .map((range) => ({ ...loss, ...range }));
    }
    default:
      return what satisfies never;
  }
}

/** Entries before the log's own that the snapshot still needs and that are not here. */
export function lostLive(group: GroupLog): Ranges {
  const live = within(group.live, 0, group.compactedIndex);
  return difference(live, group.presentThrough(group.compactedIndex));
}
