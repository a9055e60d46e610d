import { ENTRY_FLAG_LIVE, ENTRY_FLAG_REPAIR, readEntryRecord } from "../codec/entry-record.ts";
import { BATCH_HEADER_SIZE } from "../codec/record-batch.ts";
import type { GroupId } from "../core/ids.ts";
import { EntryIndex } from "./entry-index.ts";
import { scanFile } from "./hot-file-scan.ts";
import type { LogFile } from "./log-file.ts";
import type { LogFiles } from "./log-files.ts";
import { intactRecords } from "./replay.ts";
import { ScanReader } from "./scan-reader.ts";
import type { Slicer } from "./slicer.ts";
import { call, type Task } from "./task.ts";

/**
 * Finds the places of a file's entries again, by reading all of it. They come all at once, as readers that meet a part of them
 * would miss the rest. @throws DiskError
 */
export function* rebuildIndexes(
  file: LogFile,
  tools: { readonly files: LogFiles; readonly slicer: Slicer; readonly stamp: number },
): Task<Map<GroupId, EntryIndex>> {
  const indexes = new Map<GroupId, EntryIndex>();
  const handle = yield* tools.files.open(file);
  const size = yield* call<number>((done) => handle.size(done));
  const reader = new ScanReader(handle, Math.min(size, file.end));
  const scan = yield* scanFile(file, reader, tools.stamp);
  for (const span of scan.spans) {
    const bytes = yield* reader.view(span.position, span.size);
    const end = BATCH_HEADER_SIZE + (span.header?.recordsSize ?? 0);
    const { offsets } = intactRecords(bytes, Math.min(end, bytes.length));
    const batch = { bytes, end, start: span.position, isCold: file.kind === "cold" };
    for (const offset of offsets) addRecord(indexes, batch, offset);
    yield* tools.slicer.pause(offsets.length);
  }
  return indexes;
}

interface ScannedBatch {
  readonly bytes: Buffer;
  /** Of its records. */
  readonly end: number;
  /** Of the batch in the file. */
  readonly start: number;
  readonly isCold: boolean;
}

function addRecord(indexes: Map<GroupId, EntryIndex>, batch: ScannedBatch, offset: number): void {
  const record = readEntryRecord(batch.bytes, offset, batch.end);
  if (typeof record !== "object") return;
  const { groupId, flags, entry } = record;
  const index = indexes.get(groupId) ?? new EntryIndex();
  indexes.set(groupId, index);
  const position = batch.start + offset;
  const size = record.end - offset;
  const isPlaced = batch.isCold || (flags & (ENTRY_FLAG_LIVE | ENTRY_FLAG_REPAIR)) !== 0;
  if (isPlaced) index.place(entry.index, position, size);
  else index.append(entry.index, position, size);
}
