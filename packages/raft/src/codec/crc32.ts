import { crc32 as platformCrc32 } from "node:zlib";

/** Up to this many bytes our own code is quicker than a call of the platform's. */
const SHORT_BYTES = 256;
const POLYNOMIAL = 0xedb88320;

/**
 * CRC-32 (IEEE 802.3, as in zlib) of `bytes`, continued from `seed`, the CRC of what came before. Unsigned. About 3 GB/s
 * for long inputs, because the platform's code is native, and 0.02 to 0.15 microseconds for short ones.
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

/**
 * Entry `b` of table `k` is what byte `b` changes in the register with `k` more bytes behind it. Sixteen arrays and not one: the engine
 * knows their addresses then, which makes a look-up twice as fast.
 */
const [T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15] = makeTables();

/** Sixteen bytes a step as long as there are so many, then four, then one ("slicing by 16"). */
function shortCrc32(bytes: Uint8Array, seed: number): number {
  const { length } = bytes;
  let crc = ~seed;
  let at = 0;
  for (; at + 16 <= length; at += 16) {
    const first = word(bytes, at) ^ crc;
    const second = word(bytes, at + 4);
    const third = word(bytes, at + 8);
    const fourth = word(bytes, at + 12);
    crc = entry(T15, first) ^ entry(T14, first >>> 8);
    crc ^= entry(T13, first >>> 16) ^ entry(T12, first >>> 24);
    crc ^= entry(T11, second) ^ entry(T10, second >>> 8);
    crc ^= entry(T9, second >>> 16) ^ entry(T8, second >>> 24);
    crc ^= entry(T7, third) ^ entry(T6, third >>> 8);
    crc ^= entry(T5, third >>> 16) ^ entry(T4, third >>> 24);
    crc ^= entry(T3, fourth) ^ entry(T2, fourth >>> 8);
    crc ^= entry(T1, fourth >>> 16) ^ entry(T0, fourth >>> 24);
  }
  for (; at + 4 <= length; at += 4) {
    const next = word(bytes, at) ^ crc;
    crc = entry(T3, next) ^ entry(T2, next >>> 8);
    crc ^= entry(T1, next >>> 16) ^ entry(T0, next >>> 24);
  }
  for (; at < length; at++) crc = entry(T0, crc ^ byte(bytes, at)) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function word(bytes: Uint8Array, at: number): number {
  const low = byte(bytes, at) | (byte(bytes, at + 1) << 8);
  return low | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function entry(table: Int32Array, bits: number): number {
  return table[bits & 0xff] ?? 0;
}

// biome-ignore format: one line of four tables each
type Tables = readonly [
  Int32Array, Int32Array, Int32Array, Int32Array,
  Int32Array, Int32Array, Int32Array, Int32Array,
  Int32Array, Int32Array, Int32Array, Int32Array,
  Int32Array, Int32Array, Int32Array, Int32Array,
];

function makeTables(): Tables {
  const first = new Int32Array(256);
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : POLYNOMIAL);
    first[value] = crc;
  }
  const behind = (table: Int32Array): Int32Array =>
    table.map((crc) => entry(first, crc) ^ (crc >>> 8));
  const four = (start: Int32Array): readonly [Int32Array, Int32Array, Int32Array, Int32Array] => {
    const second = behind(start);
    const third = behind(second);
    return [start, second, third, behind(third)];
  };
  const low = four(first);
  const middle = four(behind(low[3]));
  const high = four(behind(middle[3]));
  return [...low, ...middle, ...high, ...four(behind(high[3]))];
}
