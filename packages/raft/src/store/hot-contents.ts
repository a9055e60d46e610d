import type { FileStart } from "../codec/record-file-start.ts";
import type { Disk, DiskFile } from "../env/disk.ts";
import { type BatchSpan, type FileScan, gap, readFileStart, scanFile } from "./hot-file-scan.ts";
import { type IndexImages, readIndexImages } from "./index-images.ts";
import { LogFile } from "./log-file.ts";
import { ScanReader } from "./scan-reader.ts";
import { call, type Task } from "./task.ts";

/** A hot file with batches, as recovery finds it. */
export interface HotContent {
  readonly file: LogFile;
  readonly reader: ScanReader;
  readonly handle: DiskFile;
  /** Its index, if it can be used. */
  readonly images: IndexImages | undefined;
  /** It has an index that cannot be used. */
  readonly isIndexDamaged: boolean;
  /** Its batches: of all files without an index, and of one that follows such a file. */
  scan: FileScan | undefined;
  /** What its first record says; read for the newest file, and with the batches. */
  start: FileStart | undefined;
}

export interface HotContents {
  /** Ascending. */
  readonly contents: readonly HotContent[];
  /** Filled with zeros, ready to be used. */
  readonly spares: readonly LogFile[];
  /** Paths of files without a single batch. */
  readonly remains: readonly string[];
  /** Paths of files that the log says were removed. That may stand in its last batch, which may not be on the disk. */
  readonly dropped: readonly string[];
  /** Files that should be there by what the newest one says. */
  readonly listed: readonly number[];
}

interface Tools {
  readonly disk: Disk;
  readonly stamp: number;
  readonly hotFileBytes: number;
  readonly undeadFiles: readonly number[];
}

/** Looks through all hot files. @throws DiskError */
export function* readHotContents(
  seqs: readonly number[],
  indexed: ReadonlySet<number>,
  tools: Tools,
): Task<HotContents> {
  const found: HotContent[] = [];
  const blank: LogFile[] = [];
  const spares: LogFile[] = [];
  const remains: string[] = [];
  for (const seq of seqs) {
    const content = yield* readHotFile(seq, indexed.has(seq), tools);
    if (content.images !== undefined || (content.scan?.spans.length ?? 0) > 0) {
      found.push(content);
      continue;
    }
    const { file, reader } = content;
    const isSpare = file.size === tools.hotFileBytes && (yield* reader.isBlank());
    content.handle.close(() => undefined);
    // What is neither content nor blank is the beginning of a write that nobody was told of.
    if (isSpare) blank.push(file);
    else remains.push(file.path);
  }
  const newest = found.at(-1)?.file.seq ?? 0;
  for (const file of blank) {
    // Files are used in the order of their numbers.
    if (file.seq > newest) spares.push(yield* openSpare(file, tools.disk));
    else remains.push(file.path);
  }
  const dropped: string[] = [];
  const undead = new Set(tools.undeadFiles);
  const alive = keep(found, dropped, (seq) => !undead.has(seq));
  const listed = yield* readStarts(alive, tools);
  const contents = keepListed(alive, listed, dropped);
  return { contents, spares, remains, dropped, listed: listed?.hotFiles ?? [] };
}

function* openSpare(file: LogFile, disk: Disk): Task<LogFile> {
  file.handle = yield* call<DiskFile>((done) => disk.open(file.path, "write-through", done));
  return file;
}

function* readHotFile(seq: number, isIndexed: boolean, tools: Tools): Task<HotContent> {
  const { disk, stamp, hotFileBytes } = tools;
  const file = new LogFile(seq, "hot", hotFileBytes);
  const handle = yield* call<DiskFile>((done) => disk.open(file.path, "read", done));
  file.size = yield* call<number>((done) => handle.size(done));
  const reader = new ScanReader(handle, file.size);
  const images = isIndexed ? yield* readIndexImages(disk, file, stamp) : undefined;
  if (images !== undefined) {
    const isIndexDamaged = false;
    return { file, reader, handle, images, isIndexDamaged, scan: undefined, start: undefined };
  }
  const scan = yield* scanFile(file, reader, stamp);
  return { file, reader, handle, images, isIndexDamaged: isIndexed, scan, start: scan.start };
}

/** Reads first records as far as they are needed; returns the newest one, with the number of its file. */
function* readStarts(
  contents: readonly HotContent[],
  tools: Tools,
): Task<(FileStart & { readonly seq: number }) | undefined> {
  for (const [position, content] of contents.entries()) {
    const previous = contents[position - 1];
    if (previous === undefined || previous.images !== undefined || content.scan !== undefined) {
      continue;
    }
    // Its batches tell where the file before it ended.
    content.scan = yield* scanFile(content.file, content.reader, tools.stamp);
    content.start = content.scan.start;
  }
  for (let position = contents.length - 1; position >= 0; position--) {
    const content = contents[position];
    if (content === undefined) continue;
    content.start ??= yield* readFileStart(content.file, content.reader, tools.stamp);
    if (content.start !== undefined) return { ...content.start, seq: content.file.seq };
  }
  return undefined;
}

/** Files that the newest one does not list were removed, but their names came back with a crash. */
function keepListed(
  contents: readonly HotContent[],
  newest: (FileStart & { readonly seq: number }) | undefined,
  dropped: string[],
): HotContent[] {
  if (newest === undefined) return [...contents];
  const listed = new Set(newest.hotFiles);
  return keep(contents, dropped, (seq) => seq >= newest.seq || listed.has(seq));
}

function keep(
  contents: readonly HotContent[],
  dropped: string[],
  isWanted: (seq: number) => boolean,
): HotContent[] {
  return contents.filter(({ file, handle }) => {
    if (isWanted(file.seq)) return true;
    handle.close(() => undefined);
    dropped.push(file.path);
    return false;
  });
}

/** Where the log ends in a file, by what the one after it says; infinite if that is not known. */
export function cutOf(content: HotContent, next: HotContent | undefined): number {
  return next?.start?.previousFileSeq === content.file.seq
    ? next.start.previousEnd
    : Number.POSITIVE_INFINITY;
}

/** The batches that count, and a gap at the end if batches may be missing there. */
export function spansOf(content: HotContent, next: HotContent | undefined): readonly BatchSpan[] {
  const cut = cutOf(content, next);
  const spans: BatchSpan[] = [];
  for (const span of content.scan?.spans ?? []) {
    if (span.position >= cut) break;
    if (span.position + span.size <= cut) spans.push(span);
    else spans.push(gap(span.position, cut));
  }
  const end = endOf(spans);
  const limit = Number.isFinite(cut) ? cut : content.file.size;
  if (next !== undefined && end < limit) spans.push(gap(end, limit));
  return spans;
}

export function endOf(spans: readonly BatchSpan[]): number {
  const last = spans.at(-1);
  return last === undefined ? 0 : last.position + last.size;
}
