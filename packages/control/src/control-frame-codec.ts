import { Packr } from "msgpackr";
import { ControlError } from "./errors.ts";

/**
 * Frames of the purpose `control`: size u32, then a msgpack list. The first element says what it is, the second which call.
 *
 * ```
 * to the server    [0, call, method, params, timeout ms (0: none)]   [1, call]: cancel   [2, call, chunks]: more
 * to the client    [3, call, value]   [4, call, code, text]   [5, call, rows, each packed]   [6, call]: end of the rows
 * ```
 */
const HEADER_SIZE = 4;

/** The options are part of the format. Buffers are copied, or each would hold on to the chunk it came in. */
const PACKR = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: "number",
  copyBuffers: true,
});

export type ClientFrame =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly method: string;
      readonly params: unknown;
      /** 0: none. */
      readonly timeoutMs: number;
    }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "more"; readonly id: number; readonly chunks: number };

export type ServerFrame =
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly code: string; readonly text: string }
  | { readonly kind: "rows"; readonly id: number; readonly rows: readonly Uint8Array[] }
  | { readonly kind: "end"; readonly id: number };

/** A copy: the packer's own buffer is larger. */
export function packValue(value: unknown): Buffer {
  return Buffer.from(PACKR.pack(value));
}

/** @throws ControlError `bad_request` */
export function unpackValue(bytes: Uint8Array): unknown {
  try {
    // What was packed by whoever has the cookie: any value.
    return PACKR.unpack(bytes) as unknown;
  } catch (error) {
    throw undecodable(error);
  }
}

function undecodable(cause: unknown): ControlError {
  return new ControlError("bad_request", "a value cannot be decoded", { cause });
}

export function encodeFrame(frame: ClientFrame | ServerFrame): Buffer {
  const body = PACKR.pack(fieldsOf(frame));
  const bytes = Buffer.allocUnsafe(HEADER_SIZE + body.length);
  bytes.writeUInt32BE(body.length);
  bytes.set(body, HEADER_SIZE);
  return bytes;
}

function fieldsOf(frame: ClientFrame | ServerFrame): readonly unknown[] {
  switch (frame.kind) {
    case "call":
      return [0, frame.id, frame.method, frame.params, frame.timeoutMs];
    case "cancel":
      return [1, frame.id];
    case "more":
      return [2, frame.id, frame.chunks];
    case "result":
      return [3, frame.id, frame.value];
    case "error":
      return [4, frame.id, frame.code, frame.text];
    case "rows":
      return [5, frame.id, frame.rows];
    case "end":
      return [6, frame.id];
    default:
      return frame satisfies never;
  }
}

/** @throws ControlError `bad_request` */
export function decodeClientFrame(body: Uint8Array): ClientFrame {
  const [kind, id, first, params, timeoutMs] = fieldsIn(body);
  if (kind === 0 && typeof first === "string" && isCount(timeoutMs)) {
    return { kind: "call", id, method: first, params, timeoutMs };
  }
  if (kind === 1) return { kind: "cancel", id };
  if (kind === 2 && isCount(first)) return { kind: "more", id, chunks: first };
  throw new ControlError("bad_request", "a frame that no client sends");
}

/** @throws ControlError `bad_request` */
export function decodeServerFrame(body: Uint8Array): ServerFrame {
  const [kind, id, first, text] = fieldsIn(body);
  if (kind === 3) return { kind: "result", id, value: first };
  if (kind === 4 && typeof first === "string" && typeof text === "string") {
    return { kind: "error", id, code: first, text };
  }
  if (kind === 5 && Array.isArray(first) && first.every((row) => row instanceof Uint8Array)) {
    return { kind: "rows", id, rows: first };
  }
  if (kind === 6) return { kind: "end", id };
  throw new ControlError("bad_request", "a frame that no server sends");
}

function fieldsIn(body: Uint8Array): [kind: unknown, id: number, ...rest: unknown[]] {
  const fields = unpackValue(body);
  if (!Array.isArray(fields)) throw new ControlError("bad_request", "a frame that is no list");
  const [kind, id, ...rest] = fields as unknown[];
  if (!isCount(id)) throw new ControlError("bad_request", "a frame without the number of its call");
  return [kind, id, ...rest];
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Cuts what comes into frames. */
export class ControlFrameReader {
  readonly #sizeMax: number;
  readonly #onFrame: (body: Buffer) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  /** Of the frame that is coming, with its header; undefined: its header is not complete. */
  #wanted: number | undefined;

  constructor(sizeMax: number, onFrame: (body: Buffer) => void) {
    this.#sizeMax = sizeMax;
    this.#onFrame = onFrame;
  }

  /** @throws ControlError `too_large`, before the frame has come, and what `onFrame` throws */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (;;) {
      this.#wanted ??= this.#readHeader();
      // Put together once, when all of it is here.
      if (this.#wanted === undefined || this.#size < this.#wanted) return;
      const bytes = this.#joined();
      const body = bytes.subarray(HEADER_SIZE, this.#wanted);
      this.#chunks[0] = bytes.subarray(this.#wanted);
      this.#size -= this.#wanted;
      this.#wanted = undefined;
      this.#onFrame(body);
    }
  }

  #readHeader(): number | undefined {
    if (this.#size < HEADER_SIZE) return undefined;
    const size = this.#joined().readUInt32BE();
    if (size > this.#sizeMax) {
      throw new ControlError(
        "too_large",
        `a frame of ${size} bytes; at most ${this.#sizeMax} are allowed`,
      );
    }
    return HEADER_SIZE + size;
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks.length = 0;
    this.#chunks.push(bytes);
    return bytes;
  }
}
