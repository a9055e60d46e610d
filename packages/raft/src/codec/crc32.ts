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

/** A polynomial's coefficient of x^0 is its highest bit, as in the CRC itself: so this is 1, in 32 bits with a sign. */
const ONE = 0x8000_0000 | 0;
/** x^1, x^2, x^4 ... modulo the CRC's polynomial. */
const POWERS = makePowers();
/** Shifts mostly are by the same length as before. */
let lastLength = 0;
let lastFactor = ONE;

/**
 * What `crc` does to the CRC of `length` bytes that follow: CRC(a, then b) = shift(CRC(a), length of b) ^ CRC(b). In the arithmetic of
 * the CRC this is a multiplication by x^(8 * length), and so a matter of the bits of `length`.
 */
export function shiftCrc32(crc: number, length: number): number {
  if (length !== lastLength) {
    lastFactor = powerOf(length * 8);
    lastLength = length;
  }
  return multiply(crc, lastFactor) >>> 0;
}

function powerOf(exponent: number): number {
  let product = ONE;
  let rest = exponent;
  for (let bit = 0; rest > 0; bit = (bit + 1) % POWERS.length) {
    if (rest % 2 === 1) product = multiply(product, POWERS[bit] ?? ONE);
    rest = Math.floor(rest / 2);
  }
  return product;
}

function multiply(left: number, right: number): number {
  let product = 0;
  let shifted = right;
  for (let rest = left | 0; rest !== 0; rest <<= 1) {
    product ^= shifted & (rest >> 31);
    shifted = (shifted >>> 1) ^ (-(shifted & 1) & POLYNOMIAL);
  }
  return product;
}

/** x^(2^32) is x again: the order of x divides 2^32 - 1, so that 32 powers are all there are. */
function makePowers(): readonly number[] {
  let power = ONE >>> 1;
  const powers = [power];
  while (powers.length < 32) {
    power = multiply(power, power);
    powers.push(power);
  }
  return powers;
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
