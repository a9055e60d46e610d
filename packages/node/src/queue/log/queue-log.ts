import type { Entry, RestoreSink, SnapshotMeta, SnapshotSource, StateMachine } from "@leveret/raft";
import { BatchOrigins, type BatchStanding } from "./batch-origin.ts";
import { COMMAND_ENQUEUE, COMMAND_PROGRESS } from "./command-type.ts";
import { decodeEnqueueBatch, EnqueueBatch } from "./enqueue-batch.ts";
import { LevelContents } from "./level-contents.ts";
import type { LogCursor } from "./log-cursor.ts";
import { messageHash } from "./log-page.ts";
import { LogRestore, type RestoredContents } from "./log-restore.ts";
import { LogSnapshot } from "./log-snapshot.ts";
import { ENTRY_INDEX_MAX, MESSAGES_PER_ENTRY_MAX, refOf } from "./message-ref.ts";
import { decodeProgress, type Progress } from "./progress.ts";
import { ReclaimableBytes } from "./reclaimable-bytes.ts";

const LEVEL_MAX = 255;

/**
 * What a durable queue contains: a replicated state machine that follows from the entries of its log alone. It knows refs, sizes,
 * expiry and returns of the messages, 12 bytes for each; their bytes stay in the log. Who gets what is decided by the leader's
 * queue machine; its decisions come back here as commands.
 */
export class QueueLog implements StateMachine {
  /**
   * Called inside `apply`, after the messages are in, for a batch proposed by this node (its entry comes with the command). Must
   * neither throw nor propose.
   */
  onEnqueued: ((entryIndex: number, batch: EnqueueBatch) => void) | undefined;
  /**
   * Called inside `apply`, as `onEnqueued`, for a batch proposed by this node that the log does not take: it has it, or one before it is
   * missing, or its node has restarted.
   */
  onIgnored: ((batch: EnqueueBatch, standing: BatchStanding) => void) | undefined;
  /** Live messages. */
  count = 0;
  /** Octets of their bodies. */
  bytes = 0;
  /** By level; a level stays once it had a message or was asked for. */
  #levels: (LevelContents | undefined)[] = [];
  readonly #reclaimable = new ReclaimableBytes();
  /** Index of the last entry that is part of the state. */
  #lastIndex = 0;
  /** Sums of hashes, 32 bits: of messages with their return counts, and of the delivered marks. */
  #hash = 0;
  #markHash = 0;
  #origins = new BatchOrigins();

  /** The last batch of each node that the log has. */
  get origins(): BatchOrigins {
    return this.#origins;
  }

  /** See StateMachine. Dead messages and progress since the last snapshot, and a share of all that replay would read again. */
  get reclaimableBytes(): number {
    return this.#reclaimable.total;
  }

  /** Index of the entry that brought the oldest live message; Infinity: there is none. */
  get oldestIndex(): number {
    return this.#contents().reduce(
      (oldest, level) => Math.min(oldest, level.oldestIndex),
      Infinity,
    );
  }

  /** The cursor of a level, the same each time, at the oldest message at first. A restored log has new cursors. */
  cursorOf(level: number): LogCursor {
    return this.#levelOf(level).cursor();
  }

  /** The cursors start anew, for a new leader's queue machine. */
  forgetCursors(): void {
    for (const contents of this.#contents()) contents.forgetCursor();
  }

  /**
   * The last leader is gone, and handed out at most so many messages of each level without the log having heard of it: they show as
   * returned once, as they may be delivered for the second time.
   */
  suspectDeliveries(limit: number): void {
    for (const contents of this.#contents()) contents.suspect(limit);
  }

  /** The last leader says up to where it handed out messages of a level: they show as returned once. */
  suspectUpTo(delivered: readonly { readonly level: number; readonly ref: number }[]): void {
    for (const { level, ref } of delivered) {
      const contents = this.#levels[level];
      if (contents !== undefined) contents.suspectRef = Math.max(contents.suspectRef, ref);
    }
  }

  /** What was suspected since the log heard of deliveries: by level, up to which ref. */
  *suspects(): Iterable<{ readonly level: number; readonly ref: number }> {
    for (const { level, suspectRef, deliveredRef } of this.#contents()) {
      if (suspectRef > deliveredRef) yield { level, ref: suspectRef };
    }
  }

  /** Levels that ever had a message, ascending. */
  levels(): Iterable<number> {
    return this.#contents().map(({ level }) => level);
  }

  /** @throws Error on a command that is not understood, or cannot be: the replica stops */
  apply(entry: Entry): void {
    const { index, data } = entry;
    if (index <= this.#lastIndex || index > ENTRY_INDEX_MAX) {
      throw new Error(`entry ${index} of a queue follows entry ${this.#lastIndex}`);
    }
    const [type] = data;
    if (type === COMMAND_ENQUEUE) this.#applyBatch(entry);
    else if (type === COMMAND_PROGRESS) this.#applyProgress(entry);
    else throw new Error(`a queue has no command ${type}`);
  }

  snapshot(): SnapshotSource {
    const undo = this.#reclaimable.onSnapshot();
    // A snapshot that was not taken to its end was not saved, as the disk is full: what it would set free still counts.
    const state = {
      levels: this.#contents(),
      origins: this.#origins.all(),
      digest: this.digest(),
    };
    return new LogSnapshot(state, (isComplete) => {
      if (!isComplete) undo();
    });
  }

  restore(meta: SnapshotMeta): RestoreSink {
    return new LogRestore(meta.index, (contents) => this.#replace(contents, meta.index));
  }

  digest(): number {
    const hash = (this.#hash + this.#origins.hash) | 0;
    return messageHash(0, this.count, hash, this.#markHash >>> 0) >>> 0;
  }

  #applyBatch(entry: Entry): void {
    const isOwn = entry.command instanceof EnqueueBatch;
    const batch = isOwn ? (entry.command as EnqueueBatch) : decodeEnqueueBatch(entry.data);
    const { count } = batch;
    if (count > MESSAGES_PER_ENTRY_MAX) throw new Error(`a batch of ${count} messages`);
    this.#lastIndex = entry.index;
    const standing = this.#origins.standingOf(batch.origin);
    if (standing !== "next") {
      this.#reclaimable.onProgress(entry.data.length);
      if (isOwn) this.onIgnored?.(batch, standing);
      return;
    }
    this.#origins.note(batch.origin);
    this.#enqueue(entry.index, batch, entry.data.length);
    if (isOwn) this.onEnqueued?.(entry.index, batch);
  }

  #enqueue(entryIndex: number, batch: EnqueueBatch, entrySize: number): void {
    const { count } = batch;
    const bytesBefore = this.bytes;
    for (let from = 0; from < count; ) {
      const level = batch.levelAt(from);
      let to = from + 1;
      while (to < count && batch.levelAt(to) === level) to++;
      const contents = this.#levelOf(level);
      const { bytes } = contents;
      const hash = contents.append(batch, entryIndex, { from, to });
      this.#hash = (this.#hash + hash) | 0;
      this.bytes += contents.bytes - bytes;
      from = to;
    }
    this.count += count;
    this.#reclaimable.onBatch(entrySize, count, this.bytes - bytesBefore);
  }

  #applyProgress(entry: Entry): void {
    // A command that comes with an entry is what the entry's data says, see Entry.
    const progress = (entry.command as Progress | undefined) ?? decodeProgress(entry.data);
    requireKnown(progress, refOf(entry.index, 0));
    this.#lastIndex = entry.index;
    this.#reclaimable.onProgress(entry.data.length);
    for (const { level, first, last } of progress.removed) this.#remove(level, first, last);
    for (const { level, ref } of progress.delivered) this.#markDelivered(level, ref);
    for (const { level, ref, count } of progress.returned) {
      const change = this.#levels[level]?.setReturns(ref, count) ?? 0;
      this.#hash = (this.#hash + change) | 0;
    }
  }

  #remove(level: number, first: number, last: number): void {
    const contents = this.#levels[level];
    if (contents === undefined) return;
    const { count, bytes } = contents;
    const hash = contents.remove(first, last);
    const removedCount = count - contents.count;
    const removedBytes = bytes - contents.bytes;
    this.#hash = (this.#hash - hash) | 0;
    this.count -= removedCount;
    this.bytes -= removedBytes;
    this.#reclaimable.onRemoved(removedCount, removedBytes);
  }

  #markDelivered(level: number, ref: number): void {
    // Whether a level is here may depend on who asked for its cursor: the mark must not.
    const contents = this.#levelOf(level);
    if (ref <= contents.deliveredRef) return;
    this.#markHash = (this.#markHash - markHash(contents)) | 0;
    contents.deliveredRef = ref;
    this.#markHash = (this.#markHash + markHash(contents)) | 0;
  }

  #levelOf(level: number): LevelContents {
    const known = this.#levels[level];
    if (known !== undefined) return known;
    if (!Number.isInteger(level) || level < 0 || level > LEVEL_MAX) {
      throw new RangeError(`level ${level} of a queue`);
    }
    while (this.#levels.length <= level) this.#levels.push(undefined);
    const contents = new LevelContents(level);
    this.#levels[level] = contents;
    return contents;
  }

  #contents(): LevelContents[] {
    return this.#levels.filter((contents) => contents !== undefined);
  }

  #replace({ levels, origins, hash, digest }: RestoredContents, index: number): void {
    const restored = new QueueLog();
    for (const origin of origins) restored.#origins.note(origin);
    for (const contents of levels) {
      restored.#levelOf(contents.level);
      restored.#levels[contents.level] = contents;
      restored.count += contents.count;
      restored.bytes += contents.bytes;
      restored.#markHash = (restored.#markHash + markHash(contents)) | 0;
    }
    restored.#hash = hash;
    if (restored.digest() !== digest) {
      throw new Error(`the contents of a queue's snapshot do not match their digest ${digest}`);
    }
    this.#levels = restored.#levels;
    this.count = restored.count;
    this.bytes = restored.bytes;
    this.#hash = hash;
    this.#markHash = restored.#markHash;
    this.#origins = restored.#origins;
    this.#lastIndex = index;
    this.#reclaimable.onSnapshot();
  }
}

/** A progress can only speak of messages of entries before it. */
function requireKnown({ removed, delivered, returned }: Progress, refEnd: number): void {
  for (const { first, last } of removed) if (first > last || last >= refEnd) refuse(last);
  for (const { ref } of delivered) if (ref >= refEnd) refuse(ref);
  for (const { ref } of returned) if (ref >= refEnd) refuse(ref);
}

function refuse(ref: number): never {
  throw new Error(`a queue's progress speaks of message ${ref}, which cannot be there`);
}

function markHash({ level, deliveredRef }: LevelContents): number {
  return deliveredRef < 0 ? 0 : messageHash(level, deliveredRef, 0x6d61, -1);
}
