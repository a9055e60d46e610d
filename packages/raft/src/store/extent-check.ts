import type { Extent } from "./extents.ts";
import type { GroupLog } from "./group-log.ts";
import { LogFile } from "./log-file.ts";
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
    for (const { file, isGone, ranges } of missingOf(group, files, damaged)) {
      log.replay.notes.beginFile(file, isGone);
      for (let at = 0; at < ranges.length; at += 2) {
        const range = { first: ranges[at] ?? 0, last: ranges[at + 1] ?? 0 };
        log.replay.damage(group, range, group.lastTerm);
      }
    }
  }
}

/** Entries of a group that should be in a file. */
interface Missing {
  readonly file: LogFile;
  /** The file is not there at all. */
  readonly isGone: boolean;
  readonly ranges: Ranges;
}

function missingOf(group: GroupLog, files: LogFiles, damaged: ReadonlySet<number>): Missing[] {
  const missing: Missing[] = [];
  for (let position = 0; position < group.extents.length; position++) {
    const extent = group.extents.get(position);
    const file = files.get(extent.fileSeq);
    if (file === undefined) {
      // What kind it was is not known any more.
      const gone = new LogFile(extent.fileSeq, "hot", 0);
      missing.push({ file: gone, isGone: true, ranges: [extent.first, extent.last] });
    } else if (damaged.has(extent.fileSeq)) {
      const ranges: number[] = [];
      addMissing(group, extent, files, ranges);
      if (ranges.length > 0) missing.push({ file, isGone: false, ranges });
    }
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
