/**
 * The frame (spec 4.2.3):
 *
 *     0      1         3         7                 7+size
 *     +------+---------+---------+-----------------+-----------+
 *     | type | channel |  size   |     payload     | end 0xCE  |
 *     |  u8  |   u16   |   u32   |   size octets   |    u8     |
 *     +------+---------+---------+-----------------+-----------+
 */

/** Type of a frame that carries a method. */
export const FRAME_METHOD = 1;
/** Type of a frame that carries a content header. */
export const FRAME_HEADER = 2;
/** Type of a frame that carries a piece of a content body. */
export const FRAME_BODY = 3;
/** Type of a heartbeat frame: channel 0, no payload. */
export const FRAME_HEARTBEAT = 8;
/** The octet behind every payload. */
export const FRAME_END = 0xce;
/** Bytes before the payload: type, channel, payload size. */
export const FRAME_HEADER_SIZE = 7;
/** Bytes around the payload: the header and the end octet. */
export const FRAME_OVERHEAD = 8;
/** Smallest frame-max a peer may ask for (spec, frame-min-size); the limit before tune as well. */
export const FRAME_MIN_SIZE = 4096;

/** A whole heartbeat frame. Shared: never write into it. */
export const HEARTBEAT_FRAME: Buffer = Buffer.from([FRAME_HEARTBEAT, 0, 0, 0, 0, 0, 0, FRAME_END]);

/** Writes the seven bytes before a payload of `payloadSize` bytes at `offset`. */
export function writeFrameHeader(
  bytes: Buffer,
  offset: number,
  type: number,
  channel: number,
  payloadSize: number,
): void {
  bytes[offset] = type;
  bytes[offset + 1] = channel >>> 8;
  bytes[offset + 2] = channel;
  bytes[offset + 3] = payloadSize >>> 24;
  bytes[offset + 4] = payloadSize >>> 16;
  bytes[offset + 5] = payloadSize >>> 8;
  bytes[offset + 6] = payloadSize;
}
