import type { IndexRange } from "../core/hard-state.ts";
import { type NodeId, nodeIdOf, type ReplicaId } from "../core/ids.ts";
import type { RaftLimits } from "../limits.ts";
import type { LoadedSnapshot, LogStore, ReadResult } from "../store/log-store.ts";
import type { GroupRunner } from "./group-runner.ts";
import { NoteKind } from "./note-kind.ts";
import {
  AnswerStatus,
  encodeEntriesChunk,
  encodeOffer,
  encodeStateChunk,
  encodeTransferId,
  type SnapshotAnswer,
  type TransferId,
} from "./transfer-codec.ts";

type OpenSnapshot = Extract<LoadedSnapshot, { kind: "snapshot" }>;

/**
 * Why a transfer ended. "current": the receiver is as far as the snapshot; "busy": it asks to try later; "damaged": entries that
 * the snapshot needs cannot be read here.
 */
export type TransferResult = "done" | "current" | "busy" | "damaged" | "failed";

/** What a transfer needs of the sender of all snapshots. */
export interface TransferOwner {
  readonly store: LogStore;
  readonly limits: RaftLimits;
  nowMs(): number;
  /** False: not taken; `pump` is called when there is room. */
  sendNote(to: NodeId, lane: "control" | "bulk", kind: number, body: Uint8Array): boolean;
  /** Bytes sent to a node and not yet acknowledged, of all transfers. */
  inflightBytes(to: NodeId): number;
  addInflightBytes(to: NodeId, bytes: number): void;
  onEnded(transfer: OutgoingTransfer, result: TransferResult): void;
}

/** Where the next chunk starts. */
type Cursor =
  | { readonly part: "entries"; readonly range: number; readonly index: number }
  | { readonly part: "state"; readonly position: number }
  | { readonly part: "end" };

/** A chunk on its way: enough to make it again. */
interface SentChunk {
  readonly seq: number;
  readonly size: number;
  readonly start: Cursor;
}

const FIRST_STATE: Cursor = { part: "state", position: 0 };
const END: Cursor = { part: "end" };

/** Silence is answered by a question; so many unanswered ones in a row end the transfer. */
const QUERIES_MAX = 5;

/**
 * One snapshot on its way from this leader to one follower: the offer, the live entries that the follower lacks, the state.
 * Chunks are made when there is room for them and made again when they got lost; nothing but their places is kept.
 */
export class OutgoingTransfer {
  readonly runner: GroupRunner;
  readonly to: ReplicaId;
  readonly node: NodeId;
  readonly #owner: TransferOwner;
  readonly #atLeast: number;
  readonly #transferId: number;
  #id: TransferId | undefined;
  #snapshot: OpenSnapshot | undefined;
  #missing: readonly IndexRange[] | undefined;
  #cursor: Cursor = FIRST_STATE;
  #nextSeq = 0;
  #sent: SentChunk[] = [];
  #isReading = false;
  /** A chunk that the lane did not take. */
  #refused: { readonly body: Uint8Array; readonly chunk: SentChunk } | undefined;
  #progressAtMs: number;
  #queries = 0;
  #isEnded = false;

  constructor(
    owner: TransferOwner,
    runner: GroupRunner,
    request: { readonly to: ReplicaId; readonly atLeast: number; readonly transferId: number },
  ) {
    this.#owner = owner;
    this.runner = runner;
    this.to = request.to;
    this.node = nodeIdOf(request.to);
    this.#atLeast = request.atLeast;
    this.#transferId = request.transferId;
    this.#progressAtMs = owner.nowMs();
  }

  get transferId(): number {
    return this.#transferId;
  }

  start(): void {
    this.#load(true);
  }

  /** Sends what there is room for. */
  pump(): void {
    if (this.#isEnded || this.#missing === undefined) return;
    const refused = this.#refused;
    if (refused !== undefined) {
      this.#refused = undefined;
      if (!this.#send(refused.body, refused.chunk)) return;
    }
    while (this.#cursor.part !== "end" && this.#hasRoom()) this.#readNext(this.#cursor);
  }

  onAnswer(answer: SnapshotAnswer): void {
    if (this.#isEnded) return;
    this.#progressAtMs = this.#owner.nowMs();
    this.#queries = 0;
    switch (answer.status) {
      case AnswerStatus.Accept:
        this.#onAccepted(answer.missing);
        return;
      case AnswerStatus.Ack:
        this.#forget(answer.nextSeq);
        this.pump();
        return;
      case AnswerStatus.Resend:
        this.#rewind(answer.nextSeq);
        this.pump();
        return;
      case AnswerStatus.Done:
        this.end("done");
        return;
      case AnswerStatus.Current:
        this.end("current");
        return;
      case AnswerStatus.Busy:
        this.end("busy");
        return;
      case AnswerStatus.Refused:
        this.end("failed");
        return;
      default:
        answer.status satisfies never;
    }
  }

  /** Asks the receiver where it stands if it has been silent for too long. */
  tick(nowMs: number): void {
    if (this.#isEnded || nowMs - this.#progressAtMs < this.#owner.limits.snapshotStallMs) return;
    this.#progressAtMs = nowMs;
    // While the store works on the snapshot there is nothing to ask.
    if (this.#snapshot === undefined) return;
    this.#queries++;
    if (this.#queries > QUERIES_MAX) {
      this.#abort();
      return;
    }
    if (this.#missing === undefined) this.#offer();
    else this.#note(NoteKind.SnapshotQuery);
  }

  /** Breaks off: this replica leads no more, the follower's node is gone ... */
  abort(): void {
    if (!this.#isEnded) this.#abort();
  }

  end(result: TransferResult): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#owner.addInflightBytes(this.node, -sizeOf(this.#sent));
    this.#sent = [];
    this.#refused = undefined;
    this.#snapshot?.close();
    this.#owner.onEnded(this, result);
  }

  #load(maySave: boolean): void {
    const { groupId } = this.runner;
    this.#owner.store.loadSnapshot(groupId, (loaded) => {
      const isOpen = loaded.kind === "snapshot";
      const isUsable = isOpen && loaded.meta.index >= this.#atLeast;
      if (this.#isEnded || !isUsable) {
        if (isOpen) loaded.close();
        if (this.#isEnded) return;
        if (maySave) this.#save();
        else this.end("failed");
        return;
      }
      this.#snapshot = loaded;
      this.#id = this.#identify(loaded);
      this.#progressAtMs = this.#owner.nowMs();
      this.#offer();
    });
  }

  /** The stored snapshot is missing, damaged or too old: the state as it is now will do. */
  #save(): void {
    this.runner.snapshotter.save(this.runner.core, (result) => {
      if (this.#isEnded) return;
      if (result === "saved" || result === "current" || result === "superseded") this.#load(false);
      else this.end("failed");
    });
  }

  #identify(snapshot: OpenSnapshot): TransferId {
    const { core, groupId } = this.runner;
    return {
      transferId: this.#transferId,
      groupId,
      epoch: core.groupEpoch,
      from: core.self,
      to: this.to,
      term: core.currentTerm,
      snapshotIndex: snapshot.meta.index,
      snapshotTerm: snapshot.meta.term,
    };
  }

  #offer(): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || this.#id === undefined) return;
    const body = encodeOffer({ id: this.#id, meta: snapshot.meta, live: snapshot.live });
    // An offer that is not taken is made again after the usual silence.
    this.#owner.sendNote(this.node, "bulk", NoteKind.SnapshotOffer, body);
  }

  #note(kind: NoteKind): void {
    if (this.#id === undefined) return;
    this.#owner.sendNote(this.node, "control", kind, encodeTransferId(this.#id));
  }

  #abort(result: "damaged" | "failed" = "failed"): void {
    this.#note(NoteKind.SnapshotAbort);
    this.end(result);
  }

  #onAccepted(missing: readonly IndexRange[]): void {
    if (this.#missing !== undefined) return;
    this.#missing = missing;
    const first = missing[0];
    if (first !== undefined) this.#cursor = { part: "entries", range: 0, index: first.first };
    this.pump();
  }

  #hasRoom(): boolean {
    const { limits } = this.#owner;
    const used = this.#owner.inflightBytes(this.node);
    // A single chunk always goes, even if it is larger than the window.
    return (
      !this.#isEnded &&
      !this.#isReading &&
      this.#refused === undefined &&
      (used === 0 || used + limits.snapshotChunkBytes <= limits.snapshotInflightBytes)
    );
  }

  #readNext(start: Exclude<Cursor, { part: "end" }>): void {
    this.#isReading = true;
    if (start.part === "entries") this.#readEntries(start);
    else this.#readState(start);
  }

  #readEntries(start: Extract<Cursor, { part: "entries" }>): void {
    const { store, limits } = this.#owner;
    const last = this.#missing?.[start.range]?.last ?? start.index;
    const { groupId } = this.runner;
    store.read(groupId, start.index, last, limits.snapshotChunkBytes, (result) => {
      this.#onRead(start, () => this.#onEntries(start, last, result));
    });
  }

  #onEntries(start: Extract<Cursor, { part: "entries" }>, last: number, result: ReadResult): void {
    const newest = result.kind === "entries" ? result.entries.at(-1) : undefined;
    if (result.kind !== "entries" || newest === undefined || this.#id === undefined) {
      this.#abort(result.kind === "damaged" ? "damaged" : "failed");
      return;
    }
    const seq = this.#nextSeq;
    this.#advance(
      newest.index < last
        ? { part: "entries", range: start.range, index: newest.index + 1 }
        : this.#startOfRange(start.range + 1),
    );
    const body = encodeEntriesChunk(this.#id, { seq, entries: result.entries });
    this.#send(body, { seq, size: body.length, start });
  }

  #startOfRange(range: number): Cursor {
    const next = this.#missing?.[range];
    return next === undefined ? FIRST_STATE : { part: "entries", range, index: next.first };
  }

  #readState(start: Extract<Cursor, { part: "state" }>): void {
    this.#snapshot?.read(start.position, this.#owner.limits.snapshotChunkBytes, (bytes) => {
      this.#onRead(start, () => this.#onState(start, bytes));
    });
  }

  #onState(start: Extract<Cursor, { part: "state" }>, payload: Uint8Array | "damaged"): void {
    const size = this.#snapshot?.size ?? 0;
    if (payload === "damaged" || this.#id === undefined) {
      this.#abort();
      return;
    }
    const seq = this.#nextSeq;
    const position = start.position + payload.length;
    const isLast = position >= size;
    if (!isLast && payload.length === 0) {
      this.#abort();
      return;
    }
    this.#advance(isLast ? END : { part: "state", position });
    const body = encodeStateChunk(this.#id, { seq, isLast, payload });
    this.#send(body, { seq, size: body.length, start });
  }

  /** A read for the chunk at `start` came back: takes it, unless the transfer ended or went elsewhere meanwhile. */
  #onRead(start: Cursor, take: () => void): void {
    this.#isReading = false;
    if (this.#isEnded) return;
    if (this.#cursor === start) take();
    this.pump();
  }

  #advance(cursor: Cursor): void {
    this.#cursor = cursor;
    this.#nextSeq++;
  }

  #send(body: Uint8Array, chunk: SentChunk): boolean {
    if (!this.#owner.sendNote(this.node, "bulk", NoteKind.SnapshotChunk, body)) {
      this.#refused = { body, chunk };
      return false;
    }
    this.#sent.push(chunk);
    this.#owner.addInflightBytes(this.node, chunk.size);
    return true;
  }

  /** Chunks before `seq` have arrived. */
  #forget(seq: number): void {
    const arrived = this.#sent.filter((chunk) => chunk.seq < seq);
    this.#sent.splice(0, arrived.length);
    this.#owner.addInflightBytes(this.node, -sizeOf(arrived));
  }

  /** Starts again at chunk `seq`, if it was sent. */
  #rewind(seq: number): void {
    this.#forget(seq);
    const first = this.#sent[0] ?? this.#refused?.chunk;
    if (first === undefined || first.seq !== seq) return;
    this.#owner.addInflightBytes(this.node, -sizeOf(this.#sent));
    this.#sent = [];
    this.#refused = undefined;
    this.#cursor = first.start;
    this.#nextSeq = seq;
  }
}

function sizeOf(chunks: readonly SentChunk[]): number {
  return chunks.reduce((size, chunk) => size + chunk.size, 0);
}
