/**
 * Up to this size four bytes at a time by DataView beat the set-up cost of a native copy. Measured on Node 20,
 * ns for 16 / 46 / 96 / 128 bytes: byte loop 39 / 110 / 229 / 305, DataView 18 / 40 / 68 / 95, Buffer.copy 80 each.
 */
export const VIEW_COPY_MAX = 104;

/** Copies `size` bytes, at most {@link VIEW_COPY_MAX}, between two views. */
export function copySmall(
  source: DataView,
  sourceStart: number,
  target: DataView,
  targetStart: number,
  size: number,
): void {
  const words = size - 3;
  let at = 0;
  for (; at < words; at += 4) {
    target.setInt32(targetStart + at, source.getInt32(sourceStart + at, true), true);
  }
  for (; at < size; at++) target.setUint8(targetStart + at, source.getUint8(sourceStart + at));
}

/** A view of exactly the bytes of a buffer. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Whether all bytes of `known` stand in `view` from `start` on; the caller has checked that there are as many. */
export function isEqual(known: DataView, view: DataView, start: number): boolean {
  const size = known.byteLength;
  const words = size - 3;
  let at = 0;
  for (; at < words; at += 4) {
    if (known.getInt32(at) !== view.getInt32(start + at)) return false;
  }
  for (; at < size; at++) if (known.getUint8(at) !== view.getUint8(start + at)) return false;
  return true;
}
