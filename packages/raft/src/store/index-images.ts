import { crc32 } from "../codec/crc32.ts";
import { DecodeError } from "../codec/decode-error.ts";
import { RecordReader, RecordWriter } from "../codec/record-bytes.ts";
import { decodeIndexHeader, INDEX_HEADER_SIZE, type IndexHeader } from "../codec/record-index.ts";
import type { GroupId } from "../core/ids.ts";
import { type Disk, DiskError, type DiskFile } from "../env/disk.ts";
import type { LogFile } from "./log-file.ts";
import { readFully } from "./read-fully.ts";
import { call, type Task } from "./task.ts";

/** How the groups of a file stood at its end, by its index. */
export interface IndexImages {
  readonly header: IndexHeader;
  /** Files that records in this file say were removed. */
  readonly droppedFiles: readonly number[];
  /** Encoded images; undefined: the group was deleted. */
  readonly groups: readonly { readonly groupId: GroupId; readonly image: Uint8Array | undefined }[];
}

/** The first of a file's images: which files were removed. */
export function encodeDropsRow(droppedFiles: readonly number[]): Buffer {
  const row = new RecordWriter();
  row.varint(droppedFiles.length);
  for (const seq of droppedFiles) row.varint(seq);
  return row.finish();
}

/** Reads a hot file's images; undefined if the index is damaged or missing. */
export function* readIndexImages(
  disk: Disk,
  file: LogFile,
  stamp: number,
): Task<IndexImages | undefined> {
  try {
    const handle = yield* call<DiskFile>((done) => disk.open(file.indexPath, "read", done));
    try {
      const head = yield* readFully(handle, 0, INDEX_HEADER_SIZE);
      const header = decodeIndexHeader(head, { fileSeq: file.seq, stamp });
      const bytes = yield* readFully(handle, header.imagesOffset, header.imagesSize);
      if (crc32(bytes) !== header.imagesCrc) throw new DecodeError("damaged images");
      return decodeImages(header, bytes);
    } finally {
      handle.close(() => undefined);
    }
  } catch (error) {
    if (error instanceof DecodeError || error instanceof DiskError) return undefined;
    throw error;
  }
}

function decodeImages(header: IndexHeader, bytes: Buffer): IndexImages {
  const reader = new RecordReader(bytes);
  const droppedFiles: number[] = [];
  for (let count = reader.count(1); count > 0; count--) droppedFiles.push(reader.varint());
  const groups: { groupId: GroupId; image: Uint8Array | undefined }[] = [];
  while (reader.remaining > 0) {
    const size = reader.varint();
    if (size === 0) {
      groups.push({ groupId: reader.varint(), image: undefined });
      continue;
    }
    const image = reader.bytes(size);
    // The group's number follows the version.
    groups.push({ groupId: new RecordReader(image, 1).varint(), image });
  }
  return { header, droppedFiles, groups };
}
