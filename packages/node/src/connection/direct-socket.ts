import { Duplex } from "node:stream";

/** What a connection needs of its socket: one of node:net or node:tls, or one that ends in this process. */
export type ConnectionSocket = Duplex & {
  readonly bytesRead: number;
  readonly bytesWritten: number;
};

/** Stands for the address of whoever is in this process. */
export const DIRECT_ADDRESS = "direct";

/** The broker's end of a connection inside the process: what is written goes to `onOutput`, and is valid during the call only. */
export class DirectSocket extends Duplex {
  readonly bytesRead = 0;
  bytesWritten = 0;
  readonly #onOutput: (chunk: Buffer) => void;

  constructor(onOutput: (chunk: Buffer) => void) {
    super();
    this.#onOutput = onOutput;
  }

  /** Input is given to the connection itself. */
  override _read(): void {
    this.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.bytesWritten += chunk.length;
    this.#onOutput(chunk);
    done();
  }
}
