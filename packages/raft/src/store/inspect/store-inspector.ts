import { type Entry, EntryType } from "../../core/entry.ts";
import type { IndexRange } from "../../core/hard-state.ts";
import type { GroupId } from "../../core/ids.ts";
import type { GroupLog } from "../group-log.ts";
import { runTask, type Task } from "../task.ts";
import { readSnapshot } from "./check-snapshots.ts";
import { readEntries } from "./find-losses.ts";
import type { InspectedLog } from "./inspected-log.ts";
import type { EntryHeader, StoreInspection } from "./store-inspection.ts";

type Done<T> = (error: Error | undefined, value: T | undefined) => void;

/** A data directory that was read back and stays open, so that single groups can be looked into. */
export class StoreInspector {
  readonly result: StoreInspection;
  readonly #log: InspectedLog;

  constructor(log: InspectedLog, result: StoreInspection) {
    this.#log = log;
    this.result = result;
  }

  /** Headers of the entries `range` of a group, as far as they are there; one of type "lost" for each that cannot be read. */
  readHeaders(groupId: GroupId, range: IndexRange, done: Done<readonly EntryHeader[]>): void {
    this.#run(this.#headers(groupId, range), done);
  }

  /**
   * Entries from `range.first` on, without gaps, up to about a mebibyte. Undefined: the first one is not there or cannot be
   * read.
   */
  readEntries(groupId: GroupId, range: IndexRange, done: Done<readonly Entry[] | undefined>): void {
    this.#run(this.#entries(groupId, range), done);
  }

  /**
   * The state of a group's newest snapshot, piece by piece, until `onPiece` returns false. The value is false if it cannot be
   * read.
   */
  readSnapshot(
    groupId: GroupId,
    onPiece: (bytes: Uint8Array) => boolean,
    done: Done<boolean>,
  ): void {
    this.#run(readSnapshot(this.#log, this.#group(groupId), onPiece), done);
  }

  close(): void {
    for (const spare of this.#log.recovered.log.spares) spare.handle?.close(() => undefined);
    this.#log.recovered.files.closeAll();
  }

  *#headers(groupId: GroupId, range: IndexRange): Task<EntryHeader[]> {
    const group = this.#group(groupId);
    const headers: EntryHeader[] = [];
    for (let next = range.first; next <= range.last; ) {
      const result = yield* readEntries(this.#log, group, { first: next, last: range.last });
      if (result.kind === "entries") {
        for (const entry of result.entries) headers.push(yield* this.#header(group, entry));
        next += result.entries.length;
      } else if (result.kind === "damaged") {
        const last = Math.min(result.range.last, range.last);
        for (; next <= last; next++) headers.push(lostHeader(next));
      } else {
        next++;
      }
    }
    return headers;
  }

  *#header(group: GroupLog, entry: Entry): Task<EntryHeader> {
    const { index, term, data } = entry;
    const extent = group.extents.find(index);
    const file = extent === undefined ? undefined : this.#log.recovered.files.get(extent.fileSeq);
    const places =
      file === undefined
        ? undefined
        : yield* this.#log.recovered.reader.indexes.load(file, group.groupId);
    const offset = places?.offsetAt(places.positionOf(index)) ?? 0;
    return { index, term, type: typeOf(entry), size: data.length, path: file?.path ?? "", offset };
  }

  *#entries(groupId: GroupId, range: IndexRange): Task<readonly Entry[] | undefined> {
    const result = yield* readEntries(this.#log, this.#group(groupId), range);
    return result.kind === "entries" ? result.entries : undefined;
  }

  #group(groupId: GroupId): GroupLog {
    const group = this.#log.recovered.table.get(groupId);
    if (group === undefined) throw new RangeError(`group ${groupId} is not here`);
    return group;
  }

  #run<T>(task: Task<T>, done: Done<T>): void {
    runTask(task, (error, value) => {
      if (error === undefined) done(undefined, value);
      else done(error instanceof Error ? error : new Error(String(error)), undefined);
    });
  }
}

function lostHeader(index: number): EntryHeader {
  return { index, term: 0, type: "lost", size: 0, path: "", offset: 0 };
}

function typeOf({ type }: Entry): EntryHeader["type"] {
  switch (type) {
    case EntryType.Command:
      return "command";
    case EntryType.Noop:
      return "empty";
    case EntryType.ConfChange:
      return "conf-change";
    default:
      return type satisfies never;
  }
}
