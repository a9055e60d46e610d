import type { Connection } from "@leveret/raft";
import { LINK_HEADER_SIZE, writeLinkHeader } from "./link-frames.ts";
import { LINK_CHUNK_SIZE, LINK_OWN_BUFFER_SIZE } from "./link-limits.ts";

/** The frames of a turn, next to each other, until they are written out. Payloads are copied once, or written in place. */
export class LinkOutput {
  /** Complete buffers that go out before what is in `#chunk`, in order. */
  #full: Buffer[] = [];
  #fullBytes = 0;
  #chunk: Buffer | undefined;
  /** Of `#chunk`: what is before has been written. */
  #start = 0;
  #end = 0;

  /** Bytes that `flush` would write. */
  get size(): number {
    return this.#fullBytes + this.#end - this.#start;
  }

  /** Room for the payload of a frame, to be filled before anything else is called here. */
  reserve(kind: number, size: number): Buffer {
    const total = LINK_HEADER_SIZE + size;
    if (total >= LINK_OWN_BUFFER_SIZE) return this.#reserveOwn(kind, size);
    if (this.#chunk === undefined || this.#end + total > this.#chunk.length) this.#nextChunk();
    const chunk = this.#current;
    writeLinkHeader(chunk, this.#end, kind, size);
    const payload = chunk.subarray(this.#end + LINK_HEADER_SIZE, this.#end + total);
    this.#end += total;
    return payload;
  }

  /** False: the network has not taken all of it; wait for `onDrain`. */
  flush(connection: Connection): boolean {
    let isTaken = true;
    for (const buffer of this.#full) isTaken = connection.write(buffer);
    if (this.#full.length > 0) this.#full = [];
    this.#fullBytes = 0;
    if (this.#end > this.#start) {
      isTaken = connection.write(this.#current.subarray(this.#start, this.#end));
      this.#start = this.#end;
    }
    // Nothing refers to the buffer any more: the next turn uses it from its beginning.
    if (connection.bufferedBytes === 0) {
      this.#start = 0;
      this.#end = 0;
    }
    return isTaken;
  }

  get #current(): Buffer {
    this.#chunk ??= Buffer.allocUnsafeSlow(LINK_CHUNK_SIZE);
    return this.#chunk;
  }

  #reserveOwn(kind: number, size: number): Buffer {
    this.#seal();
    const buffer = Buffer.allocUnsafeSlow(LINK_HEADER_SIZE + size);
    writeLinkHeader(buffer, 0, kind, size);
    this.#full.push(buffer);
    this.#fullBytes += buffer.length;
    return buffer.subarray(LINK_HEADER_SIZE);
  }

  #nextChunk(): void {
    this.#seal();
    this.#chunk = undefined;
    this.#start = 0;
    this.#end = 0;
  }

  /** What is in the chunk goes out before what comes now. */
  #seal(): void {
    if (this.#chunk === undefined || this.#end === this.#start) return;
    const part = this.#chunk.subarray(this.#start, this.#end);
    this.#full.push(part);
    this.#fullBytes += part.length;
    this.#start = this.#end;
  }
}
