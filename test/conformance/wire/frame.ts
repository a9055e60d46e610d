/* Frame: type u8, channel u16, payload size u32, payload, end octet 0xCE. */

const HEADER_SIZE = 7;
const FRAME_END = 0xce;

/** Frame types of the specification. */
export const FRAME = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;

/** One frame from the server. */
export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

/** Encodes a frame; `end` differs from 0xCE only in malformed input. */
export function encodeFrame(
  type: number,
  channel: number,
  payload: Buffer,
  end = FRAME_END,
): Buffer {
  const frame = Buffer.alloc(HEADER_SIZE + payload.length + 1, end);
  frame.writeUInt8(type, 0);
  frame.writeUInt16BE(channel, 1);
  frame.writeUInt32BE(payload.length, 3);
  payload.copy(frame, HEADER_SIZE);
  return frame;
}

/** Cuts what arrives into frames; a protocol header (`AMQP....`) from the server is returned as type 65. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    const bytes = this.#rest;
    if (bytes.subarray(0, 4).toString() === "AMQP") {
      if (bytes.length < 8) return undefined;
      this.#rest = bytes.subarray(8);
      return { type: 65, channel: 0, payload: bytes.subarray(0, 8) };
    }
    if (bytes.length < HEADER_SIZE) return undefined;
    const size = bytes.readUInt32BE(3);
    if (bytes.length < HEADER_SIZE + size + 1) return undefined;
    if (bytes[HEADER_SIZE + size] !== FRAME_END) throw new Error("the server sent a bad frame end");
    this.#rest = bytes.subarray(HEADER_SIZE + size + 1);
    return {
      type: bytes.readUInt8(0),
      channel: bytes.readUInt16BE(1),
      payload: Buffer.from(bytes.subarray(HEADER_SIZE, HEADER_SIZE + size)),
    };
  }
}
