/**
 * Big-endian integers at an offset that the caller has checked to lie within `bytes`. Indexing
 * needs no bounds check of its own here, unlike Buffer.readUInt32BE.
 */

const TWO_TO_32 = 0x1_0000_0000;

export function u16At(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function u32At(bytes: Buffer, at: number): number {
  return ((u16At(bytes, at) << 16) | u16At(bytes, at + 2)) >>> 0;
}

/** Not exact above 2^53. */
export function u64At(bytes: Buffer, at: number): number {
  return u32At(bytes, at) * TWO_TO_32 + u32At(bytes, at + 4);
}
