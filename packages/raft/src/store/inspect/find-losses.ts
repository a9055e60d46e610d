import type { IndexRange } from "../../core/hard-state.ts";
import type { EntryIndex } from "../entry-index.ts";
import type { GroupLog } from "../group-log.ts";
import type { LogFile } from "../log-file.ts";
import type { ReadResult } from "../log-store.ts";
import { append, includes, type Ranges, unflatten } from "../ranges.ts";
import { type Task, until } from "../task.ts";
import type { FoundDamage } from "./check-file.ts";
import type { InspectedLog } from "./inspected-log.ts";

/** Bytes of entries read at once. */
const READ_BYTES = 1024 * 1024;

/** Entries of a group whose places are in a damaged part. */
interface Suspects {
  readonly group: GroupLog;
  readonly ranges: number[];
}

/**
 * Reads what groups still need of the damaged parts of a file, as the broker would, and notes what cannot be had. A
 * batch may be damaged without anything being lost: what was in it may be dead, or whole.
 */
export function* noteLosses(
  log: InspectedLog,
  file: LogFile,
  damage: readonly FoundDamage[],
): Task<void> {
  const { notes } = log.recovered.log.replay;
  const suspects = yield* findSuspects(log, file, damage);
  for (const part of damage) {
    const lost: { readonly group: GroupLog; readonly range: IndexRange }[] = [];
    for (const { group, ranges } of suspects.get(part) ?? []) {
      for (const range of yield* unreadable(log, group, ranges)) lost.push({ group, range });
    }
    if (part.isDoubtful && lost.length === 0) continue;
    const { kind, path, offset, size } = part;
    notes.begin({ kind, path, offset, size });
    for (const { group, range } of lost) notes.loseEntries(group.groupId, range.first, range.last);
  }
}

function* findSuspects(
  log: InspectedLog,
  file: LogFile,
  damage: readonly FoundDamage[],
): Task<Map<FoundDamage, Suspects[]>> {
  const suspects = new Map<FoundDamage, Suspects[]>();
  for (const group of log.recovered.table.all()) {
    if (!hasExtentIn(group, file)) continue;
    const index = yield* log.recovered.reader.indexes.load(file, group.groupId);
    for (const [part, ranges] of suspectsOf(group, { file, index, damage })) {
      const list = suspects.get(part) ?? [];
      list.push({ group, ranges });
      suspects.set(part, list);
    }
  }
  return suspects;
}

function hasExtentIn(group: GroupLog, file: LogFile): boolean {
  for (let position = 0; position < group.extents.length; position++) {
    if (group.extents.get(position).fileSeq === file.seq) return true;
  }
  return false;
}

function suspectsOf(
  group: GroupLog,
  place: {
    readonly file: LogFile;
    readonly index: EntryIndex | undefined;
    readonly damage: readonly FoundDamage[];
  },
): Map<FoundDamage, number[]> {
  const { file, index, damage } = place;
  const suspects = new Map<FoundDamage, number[]>();
  for (let position = 0; position < group.extents.length; position++) {
    const extent = group.extents.get(position);
    if (extent.fileSeq !== file.seq) continue;
    for (let entry = extent.first; entry <= extent.last; entry++) {
      if (entry <= group.compactedIndex && !includes(group.live, entry)) continue;
      const part = partOf(index, entry, damage);
      if (part === undefined) continue;
      const ranges = suspects.get(part) ?? [];
      append(ranges, entry, entry);
      suspects.set(part, ranges);
    }
  }
  return suspects;
}

/** The damaged part that an entry is in; the first one if its place is not known, as that is lost, too. */
function partOf(
  index: EntryIndex | undefined,
  entry: number,
  damage: readonly FoundDamage[],
): FoundDamage | undefined {
  const at = index?.positionOf(entry) ?? -1;
  if (index === undefined || at < 0) return damage[0];
  const start = index.offsetAt(at);
  const end = start + index.sizeAt(at);
  return damage.find((part) => part.offset < end && part.offset + part.size > start);
}

/** Those of the entries that a reader would not get. */
function* unreadable(log: InspectedLog, group: GroupLog, ranges: Ranges): Task<IndexRange[]> {
  const lost: number[] = [];
  for (const { first, last } of unflatten(ranges)) {
    for (let next = first; next <= last; ) {
      const result = yield* readEntries(log, group, { first: next, last });
      if (result.kind === "damaged") append(lost, result.range.first, result.range.last);
      next = nextOf(result, next);
    }
  }
  return unflatten(lost);
}

function nextOf(result: ReadResult, from: number): number {
  switch (result.kind) {
    case "entries":
      return from + result.entries.length;
    case "damaged":
      return result.range.last + 1;
    case "compacted":
      return from + 1;
    default:
      return result satisfies never;
  }
}

/** As a group's host would read them. @throws DiskError */
export function* readEntries(
  log: InspectedLog,
  group: GroupLog,
  range: IndexRange,
): Task<ReadResult> {
  let answer: { readonly result: ReadResult } | { readonly error: unknown } | undefined;
  yield* until((done) => {
    log.recovered.reader.read(group, range.first, range.last, {
      maxBytes: READ_BYTES,
      isStopped: () => false,
      defer: (callback) => log.slicer.defer(callback),
      done: (result) => {
        answer = { result };
        done();
      },
      onFatal: (error) => {
        answer = { error };
        done();
      },
    });
  });
  if (answer === undefined) throw new Error("no answer");
  if ("error" in answer) throw answer.error;
  return answer.result;
}
