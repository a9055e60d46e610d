import {
  BATCH_FLAG_AFTER_MARKER,
  BATCH_FLAG_MARKER,
  type BatchRow,
  readBatchTrailer,
} from "../codec/record-batch.ts";
import type { Disk, DiskFile } from "../env/disk.ts";
import type { LogEnd } from "./batch-writer.ts";
import type { GroupTable } from "./group-table.ts";
import { cutOf, endOf, type HotContent, readHotContents, spansOf } from "./hot-contents.ts";
import type { BatchSpan } from "./hot-file-scan.ts";
import type { IndexImages } from "./index-images.ts";
import { LogFile } from "./log-file.ts";
import type { LogFiles } from "./log-files.ts";
import { type BatchBytes, Replay } from "./replay.ts";
import { copiedRowsIn, damagedBatches, salvage } from "./salvage.ts";
import { encodeImageRow, encodeTombstoneRow } from "./seal-job.ts";
import { call, type Task } from "./task.ts";

/** Numbers of the files found in the log's folder. */
export interface LogListing {
  /** Ascending. */
  readonly hot: readonly number[];
  readonly cold: readonly number[];
  readonly indexed: ReadonlySet<number>;
}

export interface RecoveryDependencies {
  readonly disk: Disk;
  readonly stamp: number;
  readonly hotFileBytes: number;
  readonly files: LogFiles;
  readonly table: GroupTable;
  /** Files of the log that are gone without having been removed: found by an earlier attempt. */
  readonly lostFiles: readonly number[];
  /** Files that are still there though the log says that they were removed: found by an earlier attempt. */
  readonly undeadFiles: readonly number[];
}

/** A file that was scanned, as it has no index, and what its index is to say. */
export interface ScannedFile {
  readonly file: LogFile;
  readonly images: readonly Buffer[];
  /** Some of it could not be read. */
  readonly isDamaged: boolean;
}

/** The last batch, if nothing proves it to be on the disk: it may have been read from the page cache only. */
export interface UnprovenTail extends BatchBytes {
  readonly recordsSize: number;
}

export interface RecoveredLog {
  readonly replay: Replay;
  readonly end: LogEnd;
  readonly tail: UnprovenTail | undefined;
  readonly scanned: readonly ScannedFile[];
  readonly spares: readonly LogFile[];
  /** Paths of files without a single batch. */
  readonly remains: readonly string[];
  /** Paths of files that are needed until what was found, the last batch above all, is written again. */
  readonly emptied: readonly string[];
  /** Files that should be there and are not: recovery has to start over, knowing that. */
  readonly missing: readonly number[];
  /** Files that should not be there: likewise. */
  readonly undead: readonly number[];
}

/** A batch that follows on another, possibly in the next file. */
interface Following {
  readonly content: HotContent;
  readonly span: BatchSpan;
}

/** Brings back what was durable when the node stopped; docs/log-format.md says by which rules. */
export class Recovery {
  readonly #deps: RecoveryDependencies;
  readonly #replay: Replay;
  readonly #scanned: ScannedFile[] = [];
  /** The highest batch that is proven to have been durable. */
  #provenSeq = 0;
  /** The last batch applied. */
  #lastSeq = 0;
  /** That one is a marker, which may not be durable: it may be gone next time. */
  #endsInMarker = false;
  #tail: UnprovenTail | undefined;
  #isFileDamaged = false;

  constructor(deps: RecoveryDependencies) {
    this.#deps = deps;
    this.#replay = new Replay(deps.table);
  }

  /** @throws DiskError; DecodeError if the log was written by a newer version */
  *run(listing: LogListing): Task<RecoveredLog> {
    const { files } = this.#deps;
    for (const seq of listing.cold) yield* this.#addCold(seq);
    const hot = yield* readHotContents(listing.hot, listing.indexed, this.#deps);
    this.#collectEvidence(hot.contents);
    const contents = this.#withoutTorn(hot.contents);
    for (const { file } of contents) files.add(file);
    for (const seq of listing.hot) files.skipThrough(seq);
    for (const [position, content] of contents.entries()) {
      const previousSeq = contents[position - 1]?.file.seq ?? 0;
      const isLostBefore = (seq: number): boolean => seq > previousSeq && seq < content.file.seq;
      for (const seq of this.#deps.lostFiles.filter(isLostBefore)) {
        this.#replay.notes.beginFile(new LogFile(seq, "hot", 0), true);
        this.#replay.loseTrack();
      }
      yield* this.#apply(content, contents[position + 1]);
      content.handle.close(() => undefined);
    }
    const kept = this.#withoutUnused(contents);
    const unused = hot.contents.slice(kept.length).map(({ file }) => file.path);
    return {
      replay: this.#replay,
      end: this.#endOf(kept.at(-1)),
      tail: this.#tail,
      scanned: this.#scanned,
      spares: hot.spares,
      remains: hot.remains,
      emptied: [...hot.dropped, ...unused, ...this.#strayIndexes(listing)],
      missing: this.#missing(hot.listed, contents),
      undead: this.#undead(contents),
    };
  }

  *#addCold(seq: number): Task<void> {
    const file = new LogFile(seq, "cold", 0);
    const handle = yield* call<DiskFile>((done) => this.#deps.disk.open(file.path, "read", done));
    file.size = yield* call<number>((done) => handle.size(done));
    handle.close(() => undefined);
    file.end = file.size;
    file.contentBytes = file.size;
    file.isSealed = true;
    // Read when needed; made again from the file if it is damaged or missing.
    file.isIndexed = true;
    this.#deps.files.add(file);
  }

  /**
   * A last file that has only a torn batch is as if it were not there: a life that began it got no further, and the
   * log ends with the file before, whose last batch that life was going to write again.
   */
  #withoutTorn(contents: readonly HotContent[]): readonly HotContent[] {
    let count = contents.length;
    for (let last = contents[count - 1]; last !== undefined; last = contents[count - 1]) {
      const spans = last.images === undefined ? (last.scan?.spans ?? []) : [];
      const [first] = spans;
      if (spans.length !== 1 || first?.header === undefined || first.isIntact) break;
      last.handle.close(() => undefined);
      count--;
    }
    return contents.slice(0, count);
  }

  /** If nothing of the last file counts, not even its first batch, the log ends with the one before. */
  #withoutUnused(contents: readonly HotContent[]): readonly HotContent[] {
    const last = contents.at(-1);
    if (last === undefined || last.file.end > 0) return contents;
    this.#deps.files.remove(last.file);
    this.#scanned.pop();
    return contents.slice(0, -1);
  }

  #endOf(last: HotContent | undefined): LogEnd {
    const file = last === undefined ? undefined : { seq: last.file.seq, end: last.file.end };
    return { file, batchSeq: this.#lastSeq, isMarker: this.#endsInMarker };
  }

  /** Paths of index files without a file. */
  #strayIndexes(listing: LogListing): string[] {
    const stray = [...listing.indexed].filter((seq) => this.#deps.files.get(seq) === undefined);
    return stray.map((seq) => new LogFile(seq, "hot", 0).indexPath);
  }

  #missing(listed: readonly number[], contents: readonly HotContent[]): number[] {
    const present = new Set(contents.map(({ file }) => file.seq));
    const { droppedFiles } = this.#replay;
    const isKnown = (seq: number): boolean =>
      present.has(seq) || droppedFiles.has(seq) || this.#deps.lostFiles.includes(seq);
    return listed.filter((seq) => !isKnown(seq));
  }

  /** Their groups may be deleted, with nothing left but these files to speak of them. */
  #undead(contents: readonly HotContent[]): number[] {
    const { droppedFiles } = this.#replay;
    return contents.map(({ file }) => file.seq).filter((seq) => droppedFiles.has(seq));
  }

  /** A header proves all batches before it durable, as each was synced before the next one was written. */
  #collectEvidence(contents: readonly HotContent[]): void {
    for (const [position, content] of contents.entries()) {
      if (content.images !== undefined) this.#prove(content.images.header.lastBatchSeq);
      const cut = cutOf(content, contents[position + 1]);
      for (const span of content.scan?.spans ?? []) {
        if (span.header === undefined || span.position >= cut) continue;
        this.#prove(span.header.batchSeq - 1);
        this.#prove(span.header.durableSeq);
      }
    }
  }

  #prove(seq: number): void {
    this.#provenSeq = Math.max(this.#provenSeq, seq);
  }

  *#apply(content: HotContent, next: HotContent | undefined): Task<void> {
    const { file, images } = content;
    file.isSealed = true;
    if (content.isIndexDamaged) {
      this.#replay.notes.begin({ kind: "index", path: file.indexPath, offset: 0, size: 0 });
    }
    if (images === undefined) yield* this.#applySpans(content, next);
    else this.#applyImages(file, images);
  }

  #applyImages(file: LogFile, images: IndexImages): void {
    const { table } = this.#deps;
    for (const { groupId, image } of images.groups) {
      if (image === undefined) this.#replay.delete(groupId, file);
    }
    // One that is deleted and there had a new replica on this node afterwards.
    for (const { groupId, image } of images.groups) {
      if (image === undefined) continue;
      table.tombstones.delete(groupId);
      table.putUnread(groupId, image);
    }
    for (const seq of images.droppedFiles) this.#replay.droppedFiles.add(seq);
    const { header } = images;
    file.end = header.end;
    file.firstBatchSeq = header.firstBatchSeq;
    file.lastBatchSeq = header.lastBatchSeq;
    file.lastHeadCrc = header.lastHeadCrc;
    file.isIndexed = true;
    this.#endsInMarker = false;
    this.#lastSeq = header.lastBatchSeq;
  }

  *#applySpans(content: HotContent, next: HotContent | undefined): Task<void> {
    const { file, start } = content;
    const spans = spansOf(content, next);
    this.#replay.touched.clear();
    this.#isFileDamaged = false;
    // The files before may be gone: then nothing is missing between them and this one.
    if (start !== undefined) this.#lastSeq = start.previousBatchSeq;
    file.firstBatchSeq = this.#lastSeq + 1;
    this.#endsInMarker = hasFlag(spans[0], BATCH_FLAG_AFTER_MARKER);
    const tailPosition = next === undefined ? this.#tailPosition(spans) : spans.length;
    for (let position = 0; position < tailPosition; position++) {
      const span = spans[position];
      if (span === undefined) break;
      const following = spans[position + 1];
      yield* this.#applySpan(
        content,
        span,
        following === undefined ? firstOf(next) : { content, span: following },
      );
    }
    file.end = endOf(spans.slice(0, tailPosition));
    file.lastBatchSeq = this.#lastSeq;
    this.#noteImages(file);
    const tail = spans[tailPosition];
    if (tail !== undefined) yield* this.#takeTail(content, tail);
  }

  /** Where the part of the last file starts that nothing proves durable; the count of batches if there is none. */
  #tailPosition(spans: readonly BatchSpan[]): number {
    const position = spans.findIndex(
      ({ header }) => header !== undefined && header.batchSeq > this.#provenSeq,
    );
    return position < 0 ? spans.length : position;
  }

  *#takeTail(content: HotContent, span: BatchSpan): Task<void> {
    const { header } = span;
    // A write that was cut short, of which nobody was told, or a marker: nothing to keep.
    if (header === undefined || !span.isIntact || hasFlag(span, BATCH_FLAG_MARKER)) return;
    const bytes = yield* content.reader.view(span.position, span.size);
    const { file } = content;
    this.#tail = { bytes, file, position: span.position, recordsSize: header.recordsSize };
    this.#replay.noteDrops(this.#tail, header.recordsSize);
  }

  *#applySpan(content: HotContent, span: BatchSpan, following: Following | undefined): Task<void> {
    const { header } = span;
    if (header === undefined) {
      yield* this.#applyGap(content, span, following);
      return;
    }
    const { file, reader } = content;
    const { stamp } = this.#deps;
    const bytes = yield* reader.view(span.position, span.size);
    const batch = { bytes, file, position: span.position };
    const { batchSeq, recordsSize } = header;
    this.#lastSeq = batchSeq;
    this.#endsInMarker = hasFlag(span, BATCH_FLAG_MARKER);
    if (span.isIntact) {
      this.#replay.batch(batch, recordsSize, stamp);
      return;
    }
    this.#noteDamage("batch", content, span);
    const place = { fileSeq: file.seq, stamp, position: span.position + span.size };
    const own = readBatchTrailer(bytes, 0, bytes.length, place)?.rows;
    const rows = own ?? (yield* this.#copiedRows(following, batchSeq));
    salvage(this.#replay, { ...batch, batchSeq, recordsSize, rows });
  }

  /** A part of the file in which no batch can be found. */
  *#applyGap(content: HotContent, span: BatchSpan, following: Following | undefined): Task<void> {
    const header = following?.span.header;
    const isAfterMarker = hasFlag(following?.span, BATCH_FLAG_AFTER_MARKER);
    this.#endsInMarker = isAfterMarker;
    const last = (header?.batchSeq ?? 0) - (isAfterMarker ? 2 : 1);
    const seqs = { first: this.#lastSeq + 1, last, marker: isAfterMarker ? last + 1 : undefined };
    // Only a marker is missing, or nothing: the file was not used up.
    if (seqs.last < seqs.first) return;
    this.#noteDamage("gap", content, span);
    const bytes = yield* content.reader.view(span.position, span.size);
    const region = { bytes, file: content.file, position: span.position };
    const batches = damagedBatches(region, seqs, this.#deps.stamp);
    for (const batch of batches) {
      const rows = batch.rows ?? (yield* this.#copiedRows(following, batch.batchSeq));
      salvage(this.#replay, { ...batch, rows });
    }
    this.#lastSeq = seqs.last;
  }

  #noteDamage(kind: "batch" | "gap", { file }: HotContent, span: BatchSpan): void {
    this.#isFileDamaged = true;
    this.#replay.damagedFiles.add(file);
    this.#replay.notes.begin({ kind, path: file.path, offset: span.position, size: span.size });
  }

  /** The rows of a batch as the one behind it has them. */
  *#copiedRows(
    following: Following | undefined,
    batchSeq: number,
  ): Task<readonly BatchRow[] | undefined> {
    if (following === undefined) return undefined;
    const { content, span } = following;
    const bytes = yield* content.reader.view(span.position, span.size);
    if (span.header === undefined) {
      const region = { bytes, file: content.file, position: span.position };
      return copiedRowsIn(region, batchSeq, this.#deps.stamp);
    }
    if (span.header.batchSeq !== batchSeq + 1) return undefined;
    return readBatchTrailer(bytes, 0, bytes.length, {
      fileSeq: content.file.seq,
      stamp: this.#deps.stamp,
      position: span.position + span.size,
    })?.copiedRows;
  }

  #noteImages(file: LogFile): void {
    const { table } = this.#deps;
    const images: Buffer[] = [];
    for (const groupId of this.#replay.touched) {
      const group = table.get(groupId);
      images.push(group === undefined ? encodeTombstoneRow(groupId) : encodeImageRow(group));
    }
    this.#scanned.push({ file, images, isDamaged: this.#isFileDamaged });
  }
}

function hasFlag(span: BatchSpan | undefined, flag: number): boolean {
  return ((span?.header?.flags ?? 0) & flag) !== 0;
}

function firstOf(next: HotContent | undefined): Following | undefined {
  const span = next?.scan?.spans[0];
  return next === undefined || span === undefined ? undefined : { content: next, span };
}
