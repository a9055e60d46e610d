import { packValue } from "./control-frame-codec.ts";
import { STREAM_CHUNK_SIZE, STREAM_WINDOW } from "./limits.ts";

/** Sends rows in chunks, as many as the other side has room for. */
export class RowSender {
  readonly #signal: AbortSignal;
  readonly #send: (packed: readonly Buffer[]) => void;
  #rows: Buffer[] = [];
  #size = 0;
  #credit: number = STREAM_WINDOW;
  #waiting: (() => void) | undefined;
  #timer: NodeJS.Immediate | undefined;

  constructor(signal: AbortSignal, send: (packed: readonly Buffer[]) => void) {
    this.#signal = signal;
    this.#send = send;
    signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  /** Resolves when the next row may come. */
  async push(row: unknown): Promise<void> {
    const packed = packValue(row);
    this.#rows.push(packed);
    this.#size += packed.length;
    if (this.#size >= STREAM_CHUNK_SIZE) await this.flush();
    else this.#timer ??= setImmediate(() => this.#flushEarly());
  }

  /** Sends what there is, when the other side has room; nothing after an abort. */
  async flush(): Promise<void> {
    while (this.#rows.length > 0 && !this.#signal.aborted) {
      if (this.#credit > 0) this.#sendChunk();
      else await new Promise<void>((resolve) => (this.#waiting = resolve));
    }
  }

  /** The other side has consumed so many chunks. */
  grant(chunks: number): void {
    this.#credit = Math.min(STREAM_WINDOW, this.#credit + chunks);
    this.#wake();
  }

  /** Rows that come slowly do not wait for a chunk to be full. */
  #flushEarly(): void {
    this.#timer = undefined;
    if (this.#rows.length > 0 && this.#credit > 0 && !this.#signal.aborted) this.#sendChunk();
  }

  #sendChunk(): void {
    const rows = this.#rows;
    this.#rows = [];
    this.#size = 0;
    this.#credit -= 1;
    this.#send(rows);
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
