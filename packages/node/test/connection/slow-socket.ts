import type { Socket } from "node:net";
import { Writable } from "node:stream";
import type { FlushSchedule, OutputBuffer } from "../../src/connection/output-buffer.ts";

/**
 * A socket that writes when it is told to. It looks at the bytes only then, as the system does: whoever changes
 * them earlier is found out.
 */
export class SlowSocket extends Writable {
  /** What has been written, as the peer reads it. */
  readonly written: Buffer[] = [];
  #waiting: { readonly chunks: Buffer[]; readonly done: () => void } | undefined = undefined;

  constructor() {
    super({ decodeStrings: false });
  }

  get hasWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  get sent(): Buffer {
    return Buffer.concat(this.written);
  }

  /** What an OutputBuffer uses of a socket, a Writable has. */
  asSocket(): Socket {
    return this as unknown as Socket;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#waiting = { chunks: [chunk], done };
  }

  override _writev(writes: { chunk: Buffer }[], done: () => void): void {
    this.#waiting = { chunks: writes.map(({ chunk }) => chunk), done };
  }

  /** The system takes what it was given last. */
  writeOne(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    for (const chunk of waiting.chunks) this.written.push(Buffer.from(chunk));
    waiting.done();
  }

  /** Takes everything there is, and what follows from that. */
  async writeAll(): Promise<void> {
    while (this.hasWaiting) {
      this.writeOne();
      await settled();
    }
  }
}

/** Streams tell of finished writes in a later tick. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Flushes when it is told to, instead of at the end of the turn. */
export class ManualSchedule implements FlushSchedule {
  readonly waiting: OutputBuffer[] = [];

  add(output: OutputBuffer): void {
    this.waiting.push(output);
  }

  flushAll(): void {
    for (const output of this.waiting.splice(0)) output.flush();
  }
}
