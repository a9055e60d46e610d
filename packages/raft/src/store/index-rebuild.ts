import { ENTRY_FLAG_LIVE, ENTRY_FLAG_REPAIR, readEntryRecord } from "../codec/entry-record.ts";
import { BATCH_HEADER_SIZE } from "../codec/record-batch.ts";
import { EntryIndex } from "./entry-index.ts";
import { scanFile } from "./hot-file-scan.ts";
import type { LogFile } from "./log-file.ts";
import type { LogFiles } from "./log-files.ts";
import { intactRecords } from "./replay.ts";
import { ScanReader } from "./scan-reader.ts";
import type { Slicer } from "./slicer.ts";
import { call, type Task } from "./task.ts";

/** Finds the places of a file's entries again, by reading all of it. @throws DiskError */
export function* rebuildIndexes(
  file: LogFile,
  tools: { readonly files: LogFiles; readonly slicer: Slicer; readonly stamp: number },
): Task<void> {
  const handle = yield* tools.files.open(file);
  const size = yield* call<number>((done) => handle.size(done));
  const reader = new ScanReader(handle, Math.min(size, file.end));
  const scan = yield* scanFile(file, reader, tools.stamp);
  for (const span of scan.spans) {
    const bytes = yield* reader.view(span.position, span.size);
    const end = BATCH_HEADER_SIZE + (span.header?.recordsSize ?? 0);
    const { offsets } = intactRecords(bytes, Math.min(end, bytes.length));
    for (const offset of offsets) addRecord(file, bytes, { offset, end, start: span.position });
    yield* tools.slicer.pause(offsets.length);
  }
}

function addRecord(
  file: LogFile,
  bytes: Buffer,
  at: { readonly offset: number; readonly end: number; readonly start: number },
): void {
  const record = readEntryRecord(bytes, at.offset, at.end);
  if (typeof record !== "object") return;
  const { groupId, flags, entry } = record;
  const index = file.indexes.get(groupId) ?? new EntryIndex();
  file.indexes.set(groupId, index);
  const position = at.start + at.offset;
  const size = record.end - at.offset;
  const isPlaced = file.kind === "cold" || (flags & (ENTRY_FLAG_LIVE | ENTRY_FLAG_REPAIR)) !== 0;
  if (isPlaced) index.place(entry.index, position, size);
  else index.append(entry.index, position, size);
}
