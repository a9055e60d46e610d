const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * MurmurHash3 x86 32-bit (Austin Appleby, public domain), from its specification: the same bytes give
 * the same number in every process, on every machine and Node version. Unsigned 32-bit result.
 */
export function murmur3(bytes: Uint8Array, seed = 0): number {
  const length = bytes.length;
  const blockEnd = length & ~3;
  let hash = seed | 0;
  for (let at = 0; at < blockEnd; at += 4) {
    hash ^= scramble(word(bytes, at));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (length !== blockEnd) hash ^= scramble(tail(bytes, blockEnd));
  return mix32(hash ^ length);
}

/** The finalisation step of MurmurHash3: a bijection of 32-bit numbers that spreads each input bit. */
export function mix32(input: number): number {
  let hash = input | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const product = Math.imul(block, C1);
  return Math.imul((product << 15) | (product >>> 17), C2);
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    byteAt(bytes, at) |
    (byteAt(bytes, at + 1) << 8) |
    (byteAt(bytes, at + 2) << 16) |
    (byteAt(bytes, at + 3) << 24)
  );
}

/** The last one to three bytes, little-endian; bytes past the end count as 0. */
function tail(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16);
}

const SCRATCH = new Uint8Array(1024);
const encoder = new TextEncoder();

/** MurmurHash3 of the UTF-8 bytes of a text, or of the bytes as they are. */
export function hashKey(key: string | Uint8Array, seed = 0): number {
  if (typeof key !== "string") return murmur3(key, seed);
  // One code unit takes at most three bytes: shorter keys need no allocation.
  if (key.length * 3 > SCRATCH.length) return murmur3(encoder.encode(key), seed);
  const { written } = encoder.encodeInto(key, SCRATCH);
  return murmur3(SCRATCH.subarray(0, written), seed);
}
