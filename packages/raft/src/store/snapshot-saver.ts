import type { SnapshotRecord } from "../codec/record-snapshot.ts";
import { SNAPSHOT_BLOCK_SIZE } from "../codec/record-snapshot-file.ts";
import type { SnapshotMeta } from "../core/message.ts";
import { type Disk, DiskError } from "../env/disk.ts";
import type { GroupLog } from "./group-log.ts";
import type { LogFiles } from "./log-files.ts";
import type { SnapshotSource } from "./log-store.ts";
import { flatten } from "./ranges.ts";
import type { Slicer } from "./slicer.ts";
import { SnapshotFileWriter } from "./snapshot-files.ts";
import type { Task } from "./task.ts";

/** Weight of one piece of state for the slicer, as it costs the machine some work to make it. */
const STEPS_PER_PIECE = 256;

export interface SnapshotSaverDependencies {
  readonly disk: Disk;
  readonly files: LogFiles;
  readonly slicer: Slicer;
  readonly stamp: number;
  readonly inlineMaxBytes: number;
  /** A newer snapshot is here, or on its way in. */
  isSuperseded(group: GroupLog, meta: SnapshotMeta): boolean;
}

export interface SnapshotToSave {
  readonly meta: SnapshotMeta;
  readonly source: SnapshotSource;
  readonly compactTo: number;
}

/**
 * Pulls a snapshot out of its source and makes its state durable, unless it is small enough to go into the log with its
 * record. Returns the record to write, or why there is none.
 */
export function* saveState(
  group: GroupLog,
  snapshot: SnapshotToSave,
  deps: SnapshotSaverDependencies,
): Task<SnapshotRecord | "superseded" | "no-space"> {
  const { meta, source } = snapshot;
  const live = flatten(source.live);
  const output = new SnapshotFileWriter(deps.disk, deps.files.takeSeq(), {
    stamp: deps.stamp,
    groupId: group.groupId,
    meta,
  });
  try {
    const state = yield* pullState(output, source, deps);
    if (deps.isSuperseded(group, meta)) {
      yield* output.abandon();
      return "superseded";
    }
    return { ...compactionOf(group, snapshot), meta, live, ...state, fetched: undefined };
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "no-space") throw error;
    yield* output.abandon();
    return "no-space";
  } finally {
    source.close();
  }
}

function* pullState(
  output: SnapshotFileWriter,
  source: SnapshotSource,
  deps: SnapshotSaverDependencies,
): Task<Pick<SnapshotRecord, "state" | "stateFile" | "stateSize">> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const piece = source.next(SNAPSHOT_BLOCK_SIZE);
    if (piece === undefined) break;
    size += piece.length;
    if (size <= deps.inlineMaxBytes) {
      pieces.push(piece);
    } else {
      for (const earlier of pieces.splice(0)) output.add(earlier);
      output.add(piece);
    }
    if (output.isFull) yield* output.flush();
    yield* deps.slicer.pause(STEPS_PER_PIECE);
  }
  if (size <= deps.inlineMaxBytes) {
    return { state: Buffer.concat(pieces), stateFile: 0, stateSize: size };
  }
  yield* output.finish();
  return { state: undefined, stateFile: output.fileSeq, stateSize: size };
}

/** Up to where the log can be forgotten: never past the snapshot, never back. */
function compactionOf(
  group: GroupLog,
  snapshot: SnapshotToSave,
): Pick<SnapshotRecord, "compactTo" | "compactTerm"> {
  const wanted = Math.min(snapshot.compactTo, snapshot.meta.index);
  if (wanted <= group.compactedIndex) {
    return { compactTo: group.compactedIndex, compactTerm: group.compactedTerm };
  }
  const isAtSnapshot = wanted === snapshot.meta.index;
  const term = isAtSnapshot ? snapshot.meta.term : group.term(wanted);
  // Its term is needed as the point where the log starts; an unreadable entry cannot give it.
  if (term === undefined) {
    return { compactTo: group.compactedIndex, compactTerm: group.compactedTerm };
  }
  return { compactTo: wanted, compactTerm: term };
}
