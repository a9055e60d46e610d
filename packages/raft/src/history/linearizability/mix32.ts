/** Spreads a small number over 32 bits: multiplications by odd constants and shifts, reversible, so without collisions. */
export function mix32(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}
