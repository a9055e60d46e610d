/** Largest number in six bytes. Indexes, terms, group ids and incarnations stay below it: 2.8e14. */
export const U48_MAX = 0xffff_ffff_ffff;

const TWO_32 = 0x1_0000_0000;
const HIGH_53_MAX = 0x1f_ffff;

/** Writes six bytes, little endian. @throws RangeError if `value` is not an integer from 0 to 2^48 - 1 */
export function writeU48(target: Uint8Array, offset: number, value: number): void {
  if (value >>> 0 === value) {
    // Nearly always, and several times as quick.
    writeU32(target, offset, value);
    target[offset + 4] = 0;
    target[offset + 5] = 0;
    return;
  }
  if (!(Number.isInteger(value) && value >= 0 && value <= U48_MAX)) {
    throw new RangeError(`${value} does not fit six bytes`);
  }
  writeU32(target, offset, value % TWO_32);
  const high = Math.floor(value / TWO_32);
  target[offset + 4] = high & 0xff;
  target[offset + 5] = high >>> 8;
}

/** Reads six bytes, little endian. The caller has checked the bounds. */
export function readU48(source: Uint8Array, offset: number): number {
  return readU32(source, offset) + readU16(source, offset + 4) * TWO_32;
}

/** Writes eight bytes, little endian. @throws RangeError if `value` is not a safe integer of 0 or more */
export function writeU53(target: Uint8Array, offset: number, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0)) {
    throw new RangeError(`${value} is not a safe integer of 0 or more`);
  }
  writeU32(target, offset, value % TWO_32);
  writeU32(target, offset + 4, Math.floor(value / TWO_32));
}

/** Reads eight bytes, little endian; undefined if they hold more than a safe integer. */
export function readU53(source: Uint8Array, offset: number): number | undefined {
  const high = readU32(source, offset + 4);
  return high > HIGH_53_MAX ? undefined : readU32(source, offset) + high * TWO_32;
}

/** Writes four bytes, little endian; the value has been checked. */
export function writeU32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value & 0xff;
  target[offset + 1] = (value >>> 8) & 0xff;
  target[offset + 2] = (value >>> 16) & 0xff;
  target[offset + 3] = value >>> 24;
}

/** Reads four bytes, little endian. The caller has checked the bounds. */
export function readU32(source: Uint8Array, offset: number): number {
  return readU16(source, offset) + readU16(source, offset + 2) * 0x10000;
}

/** Writes two bytes, little endian; the value has been checked. */
export function writeU16(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value & 0xff;
  target[offset + 1] = (value >>> 8) & 0xff;
}

/** Reads two bytes, little endian. The caller has checked the bounds. */
export function readU16(source: Uint8Array, offset: number): number {
  return (source[offset] ?? 0) | ((source[offset + 1] ?? 0) << 8);
}

/** Reads one byte. The caller has checked the bounds. */
export function readU8(source: Uint8Array, offset: number): number {
  return source[offset] ?? 0;
}
