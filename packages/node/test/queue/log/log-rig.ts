import type { Entry, SnapshotSource } from "@leveret/raft";
import { decodeEnqueueBatch, type EnqueueBatch } from "../../../src/queue/log/enqueue-batch.ts";
import type { LogCursor } from "../../../src/queue/log/log-cursor.ts";
import { encodeProgress, type Progress } from "../../../src/queue/log/progress.ts";
import { QueueLog } from "../../../src/queue/log/queue-log.ts";

export interface Item {
  readonly level: number;
  readonly size: number;
  /** -1: never. */
  readonly expiresAtMs: number;
}

const NOTHING: Progress = { removed: [], delivered: [], returned: [] };

/** A batch of messages without properties or routing key, written by the layout in enqueue-batch.ts. */
export function batchBytes(items: readonly Item[]): Buffer {
  const header = Buffer.from([1, 1, items.length & 0xff, items.length >> 8]);
  return Buffer.concat([header, ...items.map((item, nth) => itemBytes(item, nth === 0))]);
}

function itemBytes({ level, size, expiresAtMs }: Item, isFirst: boolean): Buffer {
  const expires = expiresAtMs >= 0;
  const head = Buffer.alloc(12 + (expires ? 8 : 0));
  head[0] = (isFirst ? 0 : 2) | (expires ? 4 : 0);
  head[1] = level;
  head.writeUInt32LE(size, 8);
  if (expires) head.writeDoubleLE(expiresAtMs, 12);
  return Buffer.concat([head, Buffer.alloc((isFirst ? 2 : 0) + size)]);
}

export function batchOf(items: readonly Item[]): EnqueueBatch {
  return decodeEnqueueBatch(batchBytes(items));
}

/** Messages that are all alike. */
export function alike(count: number, item: Partial<Item> = {}): Item[] {
  return Array.from({ length: count }, () => ({ level: 0, size: 10, expiresAtMs: -1, ...item }));
}

export function entryOf(index: number, data: Uint8Array, command?: unknown): Entry {
  return { index, term: 1, type: 0, data, crc: 0, command };
}

export function progressOf(progress: Partial<Progress>): Progress {
  return { ...NOTHING, ...progress };
}

export function enqueue(log: QueueLog, index: number, items: readonly Item[]): void {
  log.apply(entryOf(index, batchBytes(items)));
}

export function progress(log: QueueLog, index: number, what: Partial<Progress>): void {
  log.apply(entryOf(index, encodeProgress(progressOf(what))));
}

export interface Seen extends Item {
  readonly ref: number;
  readonly returnCount: number;
}

/** Takes all that is beyond a cursor, and says what it was. */
function takeAll(cursor: LogCursor, level: number): Seen[] {
  const seen: Seen[] = [];
  while (cursor.count > 0) {
    const { ref, bodySize: size, expiresAtMs, returnCount } = cursor;
    seen.push({ level, ref, size, expiresAtMs, returnCount });
    cursor.take();
  }
  return seen;
}

/** All messages of a log of which no cursor was moved. */
export function walk(log: QueueLog): Seen[] {
  return Array.from(log.levels()).flatMap((level) => takeAll(log.cursorOf(level), level));
}

/** Pulls a snapshot to its end. */
export function pullAll(source: SnapshotSource, pieceBytes = 65_536): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = source.next(pieceBytes);
    if (piece === undefined) break;
    if (piece.length === 0 || piece.length > pieceBytes) throw new Error("a piece of wrong size");
    pieces.push(piece);
  }
  source.close();
  return Buffer.concat(pieces);
}

/** A new log with the state of a snapshot. */
export function restored(bytes: Uint8Array, index: number, pieceBytes = 65_536): QueueLog {
  const log = new QueueLog();
  restoreInto(log, bytes, { index, pieceBytes });
  return log;
}

function restoreInto(
  log: QueueLog,
  bytes: Uint8Array,
  { index, pieceBytes }: { readonly index: number; readonly pieceBytes: number },
): void {
  const conf = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
  const sink = log.restore({ index, term: 1, conf });
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = Uint8Array.from(bytes.subarray(at, at + pieceBytes));
    sink.add(piece);
    piece.fill(0xde);
  }
  sink.finish();
}
