import { crc32 } from "../codec/crc32.ts";
import {
  encodeIndexHeader,
  encodeIndexSection,
  INDEX_HEADER_SIZE,
  INDEX_ROW_SIZE,
  writeIndexRow,
} from "../codec/record-index.ts";
import type { GroupId } from "../core/ids.ts";
import type { Disk, DiskFile } from "../env/disk.ts";
import type { EntryIndex } from "./entry-index.ts";
import type { LogFile } from "./log-file.ts";
import { LOG_DIRECTORY } from "./log-file.ts";
import type { Slicer } from "./slicer.ts";
import { call, type Task } from "./task.ts";

/** Bytes collected before they are written. */
const PIECE_BYTES = 256 * 1024;

/**
 * Writes the index of a sealed file from what is in memory. `images` say how the file's groups stand at its end; a cold
 * file has none. @throws DiskError
 */
export function* writeIndexFile(
  file: LogFile,
  images: readonly Buffer[],
  tools: { readonly disk: Disk; readonly slicer: Slicer; readonly stamp: number },
): Task<void> {
  const { disk } = tools;
  const temporary = `${file.indexPath}.tmp`;
  yield* call((done) => disk.remove(temporary, () => done(undefined)));
  const handle = yield* call<DiskFile>((done) => disk.open(temporary, "create", done));
  try {
    yield* new IndexOutput(file, handle, tools).write(images);
    yield* call((done) => handle.sync(done));
  } finally {
    handle.close(() => undefined);
  }
  yield* call((done) => disk.rename(temporary, file.indexPath, done));
  yield* call((done) => disk.syncDirectory(LOG_DIRECTORY, done));
}

class IndexOutput {
  readonly #file: LogFile;
  readonly #handle: DiskFile;
  readonly #slicer: Slicer;
  readonly #stamp: number;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #written = INDEX_HEADER_SIZE;

  constructor(
    file: LogFile,
    handle: DiskFile,
    tools: { readonly slicer: Slicer; readonly stamp: number },
  ) {
    this.#file = file;
    this.#handle = handle;
    this.#slicer = tools.slicer;
    this.#stamp = tools.stamp;
  }

  *write(images: readonly Buffer[]): Task<void> {
    const directory = yield* this.#writeSections();
    const imagesOffset = this.#offset;
    let imagesCrc = 0;
    for (const image of images) {
      imagesCrc = crc32(image, imagesCrc);
      yield* this.#add(image);
    }
    const imagesSize = this.#offset - imagesOffset;
    const directoryOffset = this.#offset;
    yield* this.#add(directory);
    yield* this.#flush();
    const header = encodeIndexHeader({
      stamp: this.#stamp,
      fileSeq: this.#file.seq,
      firstBatchSeq: this.#file.firstBatchSeq,
      lastBatchSeq: this.#file.lastBatchSeq,
      end: this.#file.end,
      lastHeadCrc: this.#file.lastHeadCrc,
      directoryOffset,
      directoryCount: directory.length / INDEX_ROW_SIZE,
      directoryCrc: crc32(directory),
      imagesOffset,
      imagesSize,
      imagesCrc,
      imageCount: images.length,
    });
    yield* call((done) => this.#handle.write(header, 0, done));
  }

  /** Returns the directory. */
  *#writeSections(): Task<Buffer> {
    const indexes = [...this.#file.indexes].sort(byGroup);
    const directory = Buffer.allocUnsafe(indexes.length * INDEX_ROW_SIZE);
    let row = 0;
    for (const [groupId, index] of indexes) {
      const section = encodeIndexSection(index);
      const { length: size } = section;
      writeIndexRow(directory, row, { groupId, offset: this.#offset, size, crc: crc32(section) });
      row += INDEX_ROW_SIZE;
      yield* this.#add(section);
      yield* this.#slicer.pause(index.count);
    }
    return directory;
  }

  get #offset(): number {
    return this.#written + this.#pieceBytes;
  }

  *#add(bytes: Buffer): Task<void> {
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
    if (this.#pieceBytes >= PIECE_BYTES) yield* this.#flush();
  }

  *#flush(): Task<void> {
    const bytes = Buffer.concat(this.#pieces);
    yield* call((done) => this.#handle.write(bytes, this.#written, done));
    this.#written += bytes.length;
    this.#pieces = [];
    this.#pieceBytes = 0;
  }
}

function byGroup(a: [GroupId, EntryIndex], b: [GroupId, EntryIndex]): number {
  return a[0] - b[0];
}
