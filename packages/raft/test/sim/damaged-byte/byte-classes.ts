/*
 * What each byte of a node's files is for, found by a reader of the test's own: docs/log-format.md says where things are.
 */

/** Bytes `start` to `end` of a file that serve the same purpose. */
export interface ByteRange {
  readonly path: string;
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

const BATCH_MAGIC = 0x4254_564c;
const INDEX_MAGIC = 0x4958_564c;
const SNAPSHOT_MAGIC = 0x5053_564c;
const HEADER_SIZE = 64;
const ROW_SIZE = 72;
const TRAILER_SIZE = 48;
const RECORD_HEADER_SIZE = 32;
const SECTOR = 512;
const INDEX_HEADER_SIZE = 80;
const INDEX_ROW_SIZE = 20;
const SNAPSHOT_FOOTER_SIZE = 16;
const SNAPSHOT_BLOCK = 64 * 1024;
const FLAG_MARKER = 1;

const RECORD_NAMES = new Map([
  [1, "entry"],
  [2, "hard-state"],
  [3, "promise"],
  [4, "snapshot"],
  [5, "group-state"],
  [6, "group-delete"],
  [7, "file-start"],
  [8, "file-drop"],
]);

/** All bytes of a file, in order. @throws Error if the file is not as the format says */
export function classify(path: string, content: Uint8Array): ByteRange[] {
  const bytes = Buffer.from(content);
  const ranges = new Ranges(path);
  if (path.endsWith(".hot") || path.endsWith(".cold"))
    classifyLog(bytes, ranges, Number.parseInt(path.slice("log/".length), 10));
  else if (path.endsWith(".idx")) classifyIndex(bytes, ranges);
  else if (path.endsWith(".snap")) classifySnapshot(bytes, ranges);
  else ranges.add(path.includes("node.meta") ? path : "other", bytes.length);
  if (ranges.end !== bytes.length) throw new Error(`${path}: ${ranges.end} of ${bytes.length}`);
  return ranges.all;
}

class Ranges {
  readonly all: ByteRange[] = [];
  end = 0;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The next bytes, up to `end`. */
  add(kind: string, end: number): void {
    if (end < this.end) throw new Error(`${this.#path}: ${kind} ends at ${end}`);
    if (end > this.end) this.all.push({ path: this.#path, kind, start: this.end, end });
    this.end = end;
  }
}

/** Batches of another number are what is left of the file that this one was before. */
function classifyLog(bytes: Buffer, ranges: Ranges, fileSeq: number): void {
  let prefix = "hot";
  while (ranges.end + SECTOR <= bytes.length) {
    const start = ranges.end;
    if (bytes.readUInt32LE(start) !== BATCH_MAGIC || bytes.readUInt32LE(start + 20) !== fileSeq) {
      break;
    }
    const flags = bytes.readUInt16LE(start + 6);
    if ((flags & 4) !== 0) prefix = "cold";
    classifyBatch(bytes, ranges, (flags & FLAG_MARKER) === 0 ? prefix : "marker");
  }
  ranges.add(`${prefix} unused`, bytes.length);
}

function classifyBatch(bytes: Buffer, ranges: Ranges, prefix: string): void {
  const start = ranges.end;
  const end = start + bytes.readUInt32LE(start + 24);
  const recordsEnd = start + HEADER_SIZE + bytes.readUInt32LE(start + 28);
  const trailer = end - TRAILER_SIZE;
  const rows = trailer - bytes.readUInt32LE(start + 32) * ROW_SIZE;
  const copiedRows = rows - bytes.readUInt32LE(start + 36) * ROW_SIZE;
  ranges.add(`${prefix} header`, start + HEADER_SIZE);
  while (ranges.end < recordsEnd) {
    const record = ranges.end;
    const name = RECORD_NAMES.get(bytes[record] ?? 0) ?? "unknown";
    ranges.add(`${prefix} ${name} head`, record + RECORD_HEADER_SIZE);
    ranges.add(`${prefix} ${name} payload`, ranges.end + bytes.readUInt32LE(record + 20));
  }
  ranges.add(`${prefix} padding`, copiedRows);
  ranges.add(`${prefix} copied rows`, rows);
  ranges.add(`${prefix} rows`, trailer);
  ranges.add(`${prefix} trailer`, end);
}

function classifyIndex(bytes: Buffer, ranges: Ranges): void {
  if (bytes.readUInt32LE(0) !== INDEX_MAGIC) throw new Error("no index");
  const images = bytes.readUInt32LE(48);
  const directory = bytes.readUInt32LE(36);
  ranges.add("index header", INDEX_HEADER_SIZE);
  ranges.add("index sections", images);
  ranges.add("index images", directory);
  ranges.add("index directory", directory + bytes.readUInt32LE(40) * INDEX_ROW_SIZE);
}

function classifySnapshot(bytes: Buffer, ranges: Ranges): void {
  const footer = bytes.length - SNAPSHOT_FOOTER_SIZE;
  if (bytes.readUInt32LE(footer) !== SNAPSHOT_MAGIC) throw new Error("no snapshot");
  const description = footer - bytes.readUInt32LE(footer + 4);
  // State and checksums together: as many checksums as the state has blocks, begun ones included.
  let blocks = 1;
  while (description - blocks * 4 > blocks * SNAPSHOT_BLOCK) blocks++;
  ranges.add("snapshot state", description - blocks * 4);
  ranges.add("snapshot checksums", description);
  ranges.add("snapshot description", footer);
  ranges.add("snapshot footer", bytes.length);
}
