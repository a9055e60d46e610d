import type { Extent } from "./extents.ts";
import type { GroupLog } from "./group-log.ts";
import type { LogFiles } from "./log-files.ts";
import { append, includes, type Ranges } from "./ranges.ts";
import type { RecoveredLog } from "./recovery.ts";

/**
 * Compares what groups think they have with what is there: files that are gone, and entries of scanned files that could not
 * be read, become holes.
 */
export function checkExtents(log: RecoveredLog, files: LogFiles): void {
  const damaged = new Set<number>();
  for (const { file, isDamaged } of log.scanned) if (isDamaged) damaged.add(file.seq);
  for (const group of log.replay.table.all()) {
    const missing = missingOf(group, files, damaged);
    for (let at = 0; at < missing.length; at += 2) {
      const range = { first: missing[at] ?? 0, last: missing[at + 1] ?? 0 };
      log.replay.damage(group, range, group.lastTerm);
    }
  }
}

function missingOf(group: GroupLog, files: LogFiles, damaged: ReadonlySet<number>): Ranges {
  const missing: number[] = [];
  for (let position = 0; position < group.extents.length; position++) {
    const extent = group.extents.get(position);
    const isGone = files.get(extent.fileSeq) === undefined;
    if (isGone) append(missing, extent.first, extent.last);
    else if (damaged.has(extent.fileSeq)) addMissing(group, extent, files, missing);
  }
  return missing;
}

function addMissing(group: GroupLog, extent: Extent, files: LogFiles, missing: number[]): void {
  const index = files.get(extent.fileSeq)?.indexes.get(group.groupId);
  for (let entry = extent.first; entry <= extent.last; entry++) {
    const counts = entry > group.compactedIndex || includes(group.live, entry);
    if (counts && (index?.positionOf(entry) ?? -1) < 0) append(missing, entry, entry);
  }
}
