import type { Duplex } from "node:stream";
import {
  OUTPUT_ARENA_SIZE,
  OUTPUT_EAGER_FLUSH,
  OUTPUT_HIGH_WATER,
  OUTPUT_LOW_WATER,
} from "../limits.ts";
import { type Arena, makeArena, returnArena, takeArena } from "./arena-pool.ts";

/** Shared by all outputs; never changed. */
const NONE: Arena[] = [];

/** Asked to call `flush` once, when the current turn of the event loop has read its input. */
export interface FlushSchedule {
  add(output: OutputBuffer): void;
}

export interface OutputListener {
  /** Output fell below the low water mark after it had been above the high one. */
  onDrained(): void;
}

/**
 * What one connection is about to send. Frames are appended to an arena and written with one system call per
 * turn of the event loop. Bytes that were handed to the socket stay untouched until it reports them written.
 */
export class OutputBuffer {
  /** Where the next byte goes, in the arena that {@link reserve} returned. */
  end = 0;
  /** Unwritten output reached the high water mark and has not fallen to the low one yet. */
  congested = false;
  /** Frames ever handed over for writing: lets the heartbeat see whether anything was sent. */
  flushCount = 0;

  readonly #socket: Duplex;
  readonly #schedule: FlushSchedule;
  readonly #listener: OutputListener;
  /** Bytes of the arena before this are with the socket already. */
  #start = 0;
  /** Complete pieces in front of the arena, in order. */
  readonly #pieces: Buffer[] = [];
  #piecesSize = 0;
  #scheduled = false;
  /** Arenas that are full; they go with the next flush. */
  #spent: Arena[] = NONE;
  #arena: Arena | undefined = undefined;
  /** For each flush that the socket has not finished, the arenas that are free afterwards. */
  readonly #underWay: Arena[][] = [];

  constructor(socket: Duplex, schedule: FlushSchedule, listener: OutputListener) {
    this.#socket = socket;
    this.#schedule = schedule;
    this.#listener = listener;
  }

  /** Bytes that wait for the socket, here and inside it. */
  get unwritten(): number {
    return this.#piecesSize + this.end - this.#start + this.#socket.writableLength;
  }

  /** Makes room for `size` bytes at `end` of the returned arena. The caller then advances `end`. */
  reserve(size: number): Arena {
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#schedule.add(this);
    }
    const arena = this.#arena;
    if (arena !== undefined && this.end + size <= arena.bytes.length) return arena;
    return this.#grow(size);
  }

  /** Appends bytes by copying them. */
  append(bytes: Buffer): void {
    const arena = this.reserve(bytes.length);
    bytes.copy(arena.bytes, this.end);
    this.end += bytes.length;
  }

  /** Appends bytes without a copy; they must never change afterwards. */
  appendShared(bytes: Buffer): void {
    this.reserve(0);
    this.#cutPiece();
    this.#pieces.push(bytes);
    this.#piecesSize += bytes.length;
  }

  /** To be called after a frame was appended: writes early when much has gathered. */
  checkWater(): void {
    const gathered = this.#piecesSize + this.end - this.#start;
    if (gathered >= OUTPUT_EAGER_FLUSH) this.flush();
  }

  /** Hands everything to the socket; sets `congested` when the socket does not keep up. */
  flush(): void {
    this.#scheduled = false;
    const socket = this.#socket;
    if (socket.destroyed || !socket.writable) {
      this.#discard();
      return;
    }
    this.#cutPiece();
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    this.flushCount++;
    this.#underWay.push(this.#spent);
    this.#spent = NONE;
    const last = pieces.length - 1;
    if (last > 0) {
      socket.cork();
      for (let index = 0; index < last; index++) socket.write(pieces[index] as Buffer);
    }
    socket.write(pieces[last] as Buffer, this.#onWritten); // There is at least one.
    if (last > 0) socket.uncork();
    pieces.length = 0;
    this.#piecesSize = 0;
    // At each flush: little in every turn adds up as well.
    if (socket.writableLength > OUTPUT_HIGH_WATER) this.congested = true;
  }

  /** A flush is written. */
  readonly #onWritten = (): void => {
    for (const arena of this.#underWay.shift() ?? NONE) returnArena(arena);
    if (this.#underWay.length === 0) this.#releaseIdleArena();
    if (this.congested && this.unwritten <= OUTPUT_LOW_WATER) {
      this.congested = false;
      this.#listener.onDrained();
    }
  };

  /** The socket has written everything: an arena with nothing pending goes back to the pool. */
  #releaseIdleArena(): void {
    if (this.#pieces.length === 0 && this.#arena !== undefined && this.#start === this.end) {
      returnArena(this.#arena);
      this.#arena = undefined;
      this.#start = 0;
      this.end = 0;
    }
  }

  /** What was appended since the last cut becomes a piece of its own. */
  #cutPiece(): void {
    if (this.#arena === undefined || this.#start === this.end) return;
    this.#pieces.push(this.#arena.bytes.subarray(this.#start, this.end));
    this.#piecesSize += this.end - this.#start;
    this.#start = this.end;
  }

  #grow(size: number): Arena {
    this.#cutPiece();
    if (this.#arena !== undefined) {
      if (this.#spent === NONE) this.#spent = [this.#arena];
      else this.#spent.push(this.#arena);
    }
    const arena = size <= OUTPUT_ARENA_SIZE ? takeArena() : makeArena(size);
    this.#arena = arena;
    this.#start = 0;
    this.end = 0;
    return arena;
  }

  /** The connection is gone. Arenas that the socket may still hold are left to the collector. */
  #discard(): void {
    this.#pieces.length = 0;
    this.#piecesSize = 0;
    this.#spent = NONE;
    this.#arena = undefined;
    this.#start = 0;
    this.end = 0;
    this.congested = false;
  }
}
