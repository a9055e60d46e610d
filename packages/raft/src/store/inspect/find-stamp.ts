import { BATCH_HEADER_SIZE, readBatchHeader, SECTOR_SIZE } from "../../codec/record-batch.ts";
import { readU32 } from "../../codec/u48.ts";
import type { Disk, DiskFile } from "../../env/disk.ts";
import { LogFile } from "../log-file.ts";
import { readUpTo } from "../read-fully.ts";
import type { LogListing } from "../recovery.ts";
import { call, type Task } from "../task.ts";

/** Searched at the beginning of each file; batches are rarely longer. */
const SEARCHED_BYTES = 1024 * 1024;
/** Position of the stamp in a batch's header. */
const STAMP_AT = 48;

/**
 * The stamp of the node that wrote a log, as its batches have it: for when node.meta, from which it follows, is gone.
 * Undefined: there is no batch. @throws DiskError
 */
export function* findStamp(disk: Disk, listing: LogListing): Task<number | undefined> {
  const hot = listing.hot.map((seq) => new LogFile(seq, "hot", 0));
  const cold = listing.cold.map((seq) => new LogFile(seq, "cold", 0));
  for (const file of [...hot, ...cold]) {
    const handle = yield* call<DiskFile>((done) => disk.open(file.path, "read", done));
    const bytes = yield* readUpTo(handle, 0, SEARCHED_BYTES);
    handle.close(() => undefined);
    const stamp = stampIn(bytes, file.seq);
    if (stamp !== undefined) return stamp;
  }
  return undefined;
}

function stampIn(bytes: Buffer, fileSeq: number): number | undefined {
  for (let position = 0; position + BATCH_HEADER_SIZE <= bytes.length; position += SECTOR_SIZE) {
    const stamp = readU32(bytes, position + STAMP_AT);
    // Its checksum is only right for the stamp that it has.
    if (readBatchHeader(bytes, position, { fileSeq, stamp, position }) !== undefined) return stamp;
  }
  return undefined;
}
