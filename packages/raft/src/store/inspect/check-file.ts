import { crc32 } from "../../codec/crc32.ts";
import { DecodeError } from "../../codec/decode-error.ts";
import { BATCH_FLAG_AFTER_MARKER } from "../../codec/record-batch.ts";
import {
  decodeIndexHeader,
  INDEX_HEADER_SIZE,
  INDEX_ROW_SIZE,
  type IndexHeader,
  type IndexRow,
  readIndexRow,
} from "../../codec/record-index.ts";
import type { Disk, DiskFile } from "../../env/disk.ts";
import type { DamagePlace } from "../damage-notes.ts";
import { type BatchSpan, scanFile } from "../hot-file-scan.ts";
import type { LogFile } from "../log-file.ts";
import { isDamage, readFully } from "../read-fully.ts";
import { ScanReader } from "../scan-reader.ts";
import { call, type Task } from "../task.ts";

/** `isDoubtful`: it may only be a marker, which was never synced, unless something is missing. */
export type FoundDamage = DamagePlace & { readonly isDoubtful: boolean };

/** What reading all of a file found. */
export interface CheckedFile {
  readonly batches: number;
  readonly index: "whole" | "none" | "damaged";
  /** Parts of the file itself that are not as they were written. */
  readonly damage: readonly FoundDamage[];
}

/** What a file should be like. */
interface Expected {
  readonly stamp: number;
  /** Where its last batch ends. */
  readonly end: number;
  readonly lastBatchSeq: number;
}

interface Tools {
  readonly disk: Disk;
  readonly stamp: number;
}

/**
 * Reads a sealed file and its index from end to end. A start reads only as much as it needs, so that damage in the rest shows
 * when somebody wants an entry. @throws DiskError
 */
export function* checkFile(file: LogFile, hasIndex: boolean, tools: Tools): Task<CheckedFile> {
  const header = hasIndex ? yield* checkIndex(file, tools) : undefined;
  const index = header !== undefined ? "whole" : hasIndex ? "damaged" : "none";
  const handle = yield* call<DiskFile>((done) => tools.disk.open(file.path, "read", done));
  try {
    const { end, lastBatchSeq } = header ?? file;
    const found = yield* checkBatches(file, handle, { stamp: tools.stamp, end, lastBatchSeq });
    return { index, ...found };
  } finally {
    handle.close(() => undefined);
  }
}

function* checkBatches(
  file: LogFile,
  handle: DiskFile,
  expected: Expected,
): Task<Omit<CheckedFile, "index">> {
  const size = yield* call<number>((done) => handle.size(done));
  const reader = new ScanReader(handle, Math.min(size, expected.end));
  const { spans } = yield* scanFile(file, reader, expected.stamp);
  const damage: FoundDamage[] = [];
  let end = 0;
  let batches = 0;
  let lastSeq = 0;
  for (const [position, span] of spans.entries()) {
    const place = { path: file.path, offset: span.position, size: span.size, isDoubtful: false };
    end = span.position + span.size;
    if (span.header !== undefined) {
      batches++;
      lastSeq = span.header.batchSeq;
      if (!span.isIntact) damage.push({ ...place, kind: "batch" });
    } else if (hidesBatches(lastSeq, spans[position + 1])) {
      damage.push({ ...place, kind: "gap" });
    }
  }
  if (end < expected.end) damage.push(endDamage(file, { end, lastSeq, size }, expected));
  return { batches, damage };
}

/** Whether there were batches in a part before `next` where none can be found; a marker is none. */
function hidesBatches(lastSeq: number, next: BatchSpan | undefined): boolean {
  if (next?.header === undefined || lastSeq === 0) return true;
  const { batchSeq, flags } = next.header;
  const markers = (flags & BATCH_FLAG_AFTER_MARKER) === 0 ? 0 : 1;
  return batchSeq - lastSeq - 1 - markers > 0;
}

function endDamage(
  { path }: LogFile,
  found: { readonly end: number; readonly lastSeq: number; readonly size: number },
  expected: Expected,
): FoundDamage {
  const { end, lastSeq } = found;
  const kind = found.size < expected.end ? "short" : "gap";
  const isDoubtful = kind === "gap" && lastSeq >= expected.lastBatchSeq - 1;
  return { kind, path, offset: end, size: expected.end - end, isDoubtful };
}

/** The header of a file's index; undefined if any of the index is damaged. */
function* checkIndex(file: LogFile, tools: Tools): Task<IndexHeader | undefined> {
  try {
    const handle = yield* call<DiskFile>((done) => tools.disk.open(file.indexPath, "read", done));
    try {
      const size = yield* call<number>((done) => handle.size(done));
      const bytes = yield* readFully(handle, 0, size);
      const header = decodeIndexHeader(bytes.subarray(0, INDEX_HEADER_SIZE), {
        fileSeq: file.seq,
        stamp: tools.stamp,
      });
      checkParts(bytes, header);
      return header;
    } finally {
      handle.close(() => undefined);
    }
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** @throws DecodeError */
function checkParts(bytes: Buffer, header: IndexHeader): void {
  const { imagesOffset, imagesSize, imagesCrc } = header;
  checkPart(bytes, { offset: imagesOffset, size: imagesSize, crc: imagesCrc });
  const { directoryOffset, directoryCount, directoryCrc } = header;
  const directorySize = directoryCount * INDEX_ROW_SIZE;
  checkPart(bytes, { offset: directoryOffset, size: directorySize, crc: directoryCrc });
  for (let row = 0; row < directoryCount; row++) {
    const at = directoryOffset + row * INDEX_ROW_SIZE;
    checkPart(bytes, readIndexRow(bytes, at));
  }
}

function checkPart(bytes: Buffer, place: Pick<IndexRow, "offset" | "size" | "crc">): void {
  const { offset, size, crc } = place;
  const part = bytes.subarray(offset, offset + size);
  if (part.length !== size || crc32(part) !== crc) throw new DecodeError("the index is damaged");
}
