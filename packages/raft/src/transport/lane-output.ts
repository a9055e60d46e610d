import type { Lane } from "../codec/frame.ts";
import { FrameArena } from "./frame-arena.ts";
import { FrameQueue } from "./frame-queue.ts";
import type { LaneStatistics } from "./link-statistics.ts";

/** What a lane writes to: an established connection. */
export interface LaneWriter {
  /** False: wait for the connection's drain. */
  write(bytes: Uint8Array): boolean;
  readonly bufferedBytes: number;
}

export interface LaneOutputOptions {
  readonly lane: Lane;
  readonly incarnation: number;
  /** Bytes that may wait; a single larger part is taken when nothing waits. */
  readonly maxBytes: number;
  readonly partMaxBytes: number;
  readonly frameMaxBytes: number;
}

/**
 * The sending side of a lane: parts become frames, frames wait until the connection takes them. While the session with
 * the peer lasts but the lane's own connection is not there (yet), it waits too.
 */
export class LaneOutput {
  readonly #options: LaneOutputOptions;
  readonly #statistics: LaneStatistics;
  readonly #arena: FrameArena;
  readonly #queue = new FrameQueue();
  #writer: LaneWriter | undefined;
  #isBlocked = false;
  #peerIncarnation = 0;
  #hasRefused = false;

  constructor(options: LaneOutputOptions, statistics: LaneStatistics) {
    this.#options = options;
    this.#statistics = statistics;
    this.#arena = new FrameArena(options.lane, options.frameMaxBytes);
  }

  /** Bytes accepted that the network has not taken. */
  get queuedBytes(): number {
    return this.#arena.size + this.#queue.bytes + (this.#writer?.bufferedBytes ?? 0);
  }

  /** Memory to write a part into that {@link take} has given. */
  get bytes(): Buffer {
    return this.#arena.bytes;
  }

  /** Whether there is something that the next flush would send. */
  get hasParts(): boolean {
    return this.#arena.size > 0;
  }

  /** Something was refused, and would be taken now. */
  get isDrained(): boolean {
    return this.#hasRefused && this.queuedBytes <= this.#options.maxBytes / 2;
  }

  /** As {@link isDrained}; the answer true is given once. */
  takeDrained(): boolean {
    const isDrained = this.isDrained;
    if (isDrained) this.#hasRefused = false;
    return isDrained;
  }

  /** From now on frames go to this life of the peer. */
  start(peerIncarnation: number): void {
    this.#peerIncarnation = peerIncarnation;
  }

  /** An established connection; `opens`: this side has to make it valid by a first frame, if need be an empty one. */
  attach(writer: LaneWriter, opens: boolean): void {
    this.#writer = writer;
    this.#isBlocked = false;
    if (opens && this.#queue.bytes === 0) this.#queue.push(this.#seal());
    this.#pump();
  }

  /** The connection is gone: what waited is lost, as is what was under way. */
  detach(): void {
    this.#writer = undefined;
    this.#isBlocked = false;
    this.#queue.clear();
    this.#arena.reset();
  }

  /**
   * Room for a part, to be written at once to {@link bytes} at the offset returned; -1: refused.
   * A lane with nothing waiting takes a part of any allowed size.
   */
  take(partSize: number): number {
    if (partSize > this.#options.partMaxBytes) {
      this.#statistics.oversized++;
      return -1;
    }
    const queued = this.queuedBytes;
    if (queued === 0) this.#arena.reuse();
    if (queued > 0 && queued + partSize > this.#options.maxBytes) {
      this.#hasRefused = true;
      this.#statistics.refused++;
      return -1;
    }
    if (!this.#arena.fits(partSize)) {
      this.flush();
      if (this.queuedBytes === 0) this.#arena.reuse();
    }
    this.#statistics.partsSent++;
    return this.#arena.reserve(partSize);
  }

  /** The part taken last was not written after all. */
  cancel(partSize: number): void {
    this.#statistics.partsSent--;
    this.#arena.cancel(partSize);
  }

  flush(): void {
    if (this.#arena.size > 0) this.#queue.push(this.#seal());
    this.#pump();
  }

  onDrain(): void {
    this.#isBlocked = false;
    this.#pump();
  }

  #pump(): void {
    while (this.#writer !== undefined && !this.#isBlocked) {
      const frame = this.#queue.shift();
      if (frame === undefined) return;
      this.#write(frame);
    }
  }

  #write(frame: Uint8Array): void {
    this.#statistics.framesSent++;
    this.#statistics.bytesSent += frame.length;
    if (this.#writer?.write(frame) === false) this.#isBlocked = true;
  }

  #seal(): Uint8Array {
    return this.#arena.seal(this.#options.incarnation, this.#peerIncarnation);
  }
}
