import type { RestoreSink } from "@leveret/raft";
import type { BatchOrigin } from "./batch-origin.ts";
import { RANGE_GAP_MAX } from "./entry-ranges.ts";
import { LevelContents, SnapshotRun } from "./level-contents.ts";
import { RUN_FLAGS, RunFlag, SNAPSHOT_FORMAT } from "./log-snapshot.ts";
import { entryIndexOf, refOf } from "./message-ref.ts";
import { RETURN_COUNT_MAX } from "./progress.ts";
import { VarintReader } from "./varint.ts";

/** More than any item of a snapshot takes: six numbers. */
const ITEM_SIZE_MAX = 64;
const LEVELS_MAX = 256;
/** The format before batches were numbered. */
const FORMAT_WITHOUT_ORIGINS = 1;
const NODE_MAX = 0xffff;
const SIZE_MAX: number = 2 ** 32 - 1;

/** What a snapshot says. */
export interface RestoredContents {
  readonly levels: readonly LevelContents[];
  readonly origins: readonly BatchOrigin[];
  /** As the snapshot gives it: to be compared with that of the contents. */
  readonly digest: number;
  /** Sum of the hashes of all messages, 32 bits. */
  readonly hash: number;
}

/** Reads a snapshot (format: LogSnapshot) as its pieces come. All methods throw an Error on what no snapshot can be. */
export class LogRestore implements RestoreSink {
  readonly #refEnd: number;
  readonly #done: (contents: RestoredContents) => void;
  readonly #levels: LevelContents[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #step: "start" | "level" | "run" | "origins" | "origin" | "digest" | "end" = "start";
  #format = 0;
  readonly #origins: BatchOrigin[] = [];
  #originsLeft = 0;
  #levelsLeft = 0;
  #messagesLeft = 0;
  #current: LevelContents = new LevelContents(0);
  readonly #run = new SnapshotRun();
  #previousRef = -1;
  #previousExpiryMs = 0;
  #hash = 0;
  #digest = 0;

  /** @param index of the last entry that the snapshot is made of @param done called by `finish` */
  constructor(index: number, done: (contents: RestoredContents) => void) {
    this.#refEnd = refOf(index + 1, 0);
    this.#done = done;
  }

  add(bytes: Uint8Array): void {
    const whole = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const reader = new VarintReader(whole);
    while (this.#step !== "end" && reader.rest >= ITEM_SIZE_MAX) this.#read(reader);
    // The bytes are the caller's; and slice of a Buffer would be a view.
    this.#rest = Uint8Array.from(whole.subarray(reader.position));
    if (this.#step === "end") this.#requireEnd(reader);
  }

  finish(): void {
    const reader = new VarintReader(this.#rest);
    while (this.#step !== "end") this.#read(reader);
    this.#requireEnd(reader);
    this.#done({
      levels: this.#levels,
      origins: this.#origins,
      digest: this.#digest,
      hash: this.#hash,
    });
  }

  #requireEnd(reader: VarintReader): void {
    if (reader.rest > 0) throw new Error(`${reader.rest} bytes follow the snapshot of a queue`);
  }

  #read(reader: VarintReader): void {
    switch (this.#step) {
      case "start":
        this.#readStart(reader);
        break;
      case "level":
        this.#readLevel(reader);
        break;
      case "run":
        this.#readRun(reader);
        break;
      case "origins":
        this.#originsLeft = reader.unsigned();
        this.#nextOrigin();
        break;
      case "origin":
        this.#readOrigin(reader);
        break;
      case "digest":
        this.#digest = reader.uint32();
        this.#step = "end";
        break;
      case "end":
        break;
      default:
        this.#step satisfies never;
    }
  }

  #readStart(reader: VarintReader): void {
    this.#format = reader.byte();
    if (this.#format !== SNAPSHOT_FORMAT && this.#format !== FORMAT_WITHOUT_ORIGINS) {
      throw new Error(`a queue's snapshot has format ${this.#format}, which is not known here`);
    }
    this.#levelsLeft = reader.unsigned();
    if (this.#levelsLeft > LEVELS_MAX) throw new Error(`a queue of ${this.#levelsLeft} levels`);
    this.#nextLevel();
  }

  #nextLevel(): void {
    if (this.#levelsLeft > 0) this.#step = "level";
    else this.#step = this.#format === FORMAT_WITHOUT_ORIGINS ? "digest" : "origins";
  }

  #nextOrigin(): void {
    this.#step = this.#originsLeft > 0 ? "origin" : "digest";
  }

  #readOrigin(reader: VarintReader): void {
    const node = reader.unsigned();
    const before = this.#origins.at(-1)?.node ?? 0;
    if (node <= before || node > NODE_MAX) throw new Error(`node ${node} follows node ${before}`);
    const incarnation = reader.unsigned();
    this.#origins.push({ node, incarnation, number: reader.unsigned() });
    this.#originsLeft--;
    this.#nextOrigin();
  }

  #readLevel(reader: VarintReader): void {
    const level = reader.byte();
    const before = this.#levels.at(-1)?.level ?? -1;
    if (level <= before) throw new Error(`level ${level} of a queue follows level ${before}`);
    this.#levelsLeft--;
    this.#current = new LevelContents(level);
    this.#run.level = level;
    this.#levels.push(this.#current);
    this.#current.deliveredRef = this.#requireRef(reader.unsigned() - 1);
    this.#messagesLeft = reader.unsigned();
    if (this.#messagesLeft === 0) {
      this.#nextLevel();
      return;
    }
    this.#step = "run";
    this.#previousRef = reader.unsigned() - 1;
    this.#previousExpiryMs = 0;
  }

  #readRun(reader: VarintReader): void {
    const run = this.#run;
    this.#decodeRun(reader, run);
    const last = run.ref + run.count - 1;
    this.#requireRef(last);
    if (run.count > this.#messagesLeft) {
      throw new Error(`level ${this.#current.level} of a queue has more messages than it says`);
    }
    this.#hash = (this.#hash + this.#current.restore(run)) | 0;
    if (run.returns >= 0) this.#restoreReturns(run);
    this.#previousRef = last;
    this.#messagesLeft -= run.count;
    if (this.#messagesLeft === 0) this.#nextLevel();
  }

  #restoreReturns({ ref, count, returns }: SnapshotRun): void {
    for (let nth = 0; nth < count; nth++) {
      this.#hash = (this.#hash + this.#current.setReturns(ref + nth, returns)) | 0;
    }
  }

  #decodeRun(reader: VarintReader, run: SnapshotRun): void {
    const start = reader.unsigned();
    const flags = start % RUN_FLAGS;
    const isFar = (flags & RunFlag.isFar) !== 0;
    const distance = isFar ? reader.unsigned() : Math.floor(start / RUN_FLAGS);
    run.ref = this.#previousRef + 1 + distance;
    run.count = (flags & RunFlag.isLong) === 0 ? 1 : reader.unsigned() + 2;
    run.size = reader.unsigned();
    if (run.size > SIZE_MAX) throw new Error(`a body of ${run.size} octets`);
    run.expiresAtMs = (flags & RunFlag.expires) === 0 ? -1 : this.#readExpiry(reader);
    run.returns = (flags & RunFlag.hasReturns) === 0 ? -1 : reader.unsigned();
    if (run.returns > RETURN_COUNT_MAX) throw new Error(`a return count of ${run.returns}`);
    run.joinsRange = (flags & RunFlag.joinsRange) !== 0;
    if (run.joinsRange) this.#requireNear(run.ref);
  }

  #readExpiry(reader: VarintReader): number {
    const expiresAtMs = this.#previousExpiryMs + reader.signed();
    if (expiresAtMs < 0 || !Number.isSafeInteger(expiresAtMs)) {
      throw new Error(`a message that expires at ${expiresAtMs}`);
    }
    this.#previousExpiryMs = expiresAtMs;
    return expiresAtMs;
  }

  #requireRef(ref: number): number {
    if (ref >= this.#refEnd) throw new Error(`the snapshot has message ${ref} of a later entry`);
    return ref;
  }

  #requireNear(ref: number): void {
    const gap = entryIndexOf(ref) - entryIndexOf(this.#previousRef);
    if (gap > RANGE_GAP_MAX + 1) throw new Error(`entries ${gap} apart are said to be together`);
  }
}
