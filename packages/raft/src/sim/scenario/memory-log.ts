import { type Entry, entrySize } from "../../core/entry.ts";
import type { IndexRange } from "../../core/hard-state.ts";
import type { LogView } from "../../core/log-view.ts";
import type { Append } from "../../core/ready.ts";
import {
  damaged,
  entryAt,
  type LogImage,
  lastIndexOf,
  type StoredSnapshot,
  termAt,
  withOwnSnapshot,
  written,
} from "./log-image.ts";
import type { RecordedState } from "./recorder.ts";

/** A write that waits for the disk; `installed` is the contents of its snapshot. */
export interface PendingWrite {
  readonly append: Append;
  readonly installed: RecordedState | undefined;
}

/** What a read of entries that are not in memory gives. */
export type FetchResult = readonly Entry[] | "compacted" | "damaged";

/**
 * The storage of one replica in memory. What was handed over (this the core sees) and what is durable are held apart:
 * writes wait in order until {@link syncNext}, and a crash forgets those that still wait.
 */
export class MemoryLog implements LogView {
  #handedOver: LogImage;
  #durable: LogImage;
  #pending: PendingWrite[] = [];
  /** Entries up to here are not kept in memory: reading them takes a fetch. */
  #evictedTo = 0;

  constructor(image: LogImage) {
    this.#handedOver = image;
    this.#durable = image;
  }

  get compactedIndex(): number {
    return this.#handedOver.compacted.index;
  }

  get compactedTerm(): number {
    return this.#handedOver.compacted.term;
  }

  get lastIndex(): number {
    return lastIndexOf(this.#handedOver);
  }

  get snapshotIndex(): number {
    return this.#durable.snapshot.meta.index;
  }

  /** What would be there after a crash now. */
  get durable(): LogImage {
    return this.#durable;
  }

  /** What the core sees. */
  get handedOver(): LogImage {
    return this.#handedOver;
  }

  /** Writes that are not durable yet. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** These writes, oldest first. */
  get pendingWrites(): readonly PendingWrite[] {
    return this.#pending;
  }

  term(index: number): number | undefined {
    return termAt(this.#handedOver, index);
  }

  cached(from: number, to: number, maxBytes: number): readonly Entry[] | undefined {
    if (from <= this.#evictedTo) return undefined;
    const entries = this.#run(from, to, maxBytes);
    return entries.length === 0 ? undefined : entries;
  }

  /** Answers a fetch. */
  read(from: number, to: number, maxBytes: number): FetchResult {
    if (from <= this.compactedIndex) return "compacted";
    const entries = this.#run(from, to, maxBytes);
    return entries.length === 0 ? "damaged" : entries;
  }

  #run(from: number, to: number, maxBytes: number): Entry[] {
    const entries: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= to; index++) {
      const entry = entryAt(this.#handedOver, index);
      if (entry === undefined) break;
      bytes += entrySize(entry);
      if (entries.length > 0 && bytes > maxBytes) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Queues a write; the core's view has it at once. */
  write(append: Append, installed: RecordedState | undefined): void {
    this.#handedOver = written(this.#handedOver, append, installed);
    this.#pending.push({ append, installed });
  }

  /** The oldest waiting write reaches the disk. Undefined: none waits. */
  syncNext(): Append | undefined {
    const write = this.#pending.shift();
    if (write === undefined) return undefined;
    this.#durable = written(this.#durable, write.append, write.installed);
    return write.append;
  }

  /** Stores a snapshot of the applied state at once and forgets entries up to `compactTo`. */
  saveSnapshot(snapshot: StoredSnapshot, compactTo: number): void {
    this.#handedOver = withOwnSnapshot(this.#handedOver, snapshot, compactTo);
    this.#durable = withOwnSnapshot(this.#durable, snapshot, compactTo);
  }

  /** Entries up to `index` leave the memory, as bodies of a long log do. */
  evict(index: number): void {
    this.#evictedTo = index;
  }

  /** The medium loses entries, and the snapshot if asked. */
  damage(range: IndexRange, snapshot: boolean): void {
    this.#handedOver = damaged(this.#handedOver, range, snapshot);
    this.#durable = damaged(this.#durable, range, snapshot);
  }

  /** The process dies: waiting writes are lost except for the first `reached`, which the disk had taken already. */
  crash(reached: number): void {
    for (let count = 0; count < reached; count++) this.syncNext();
    this.#pending = [];
    this.#handedOver = this.#durable;
    this.#evictedTo = 0;
  }

  /** The disk comes back as it was at an earlier time: it lied about what was durable. */
  rollBack(image: LogImage): void {
    this.#pending = [];
    this.#durable = image;
    this.#handedOver = image;
  }
}
