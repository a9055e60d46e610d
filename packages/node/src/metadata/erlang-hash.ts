import type { FieldTable, FieldValue } from "@leveret/amqp";

/**
 * erlang:phash2/2 over 32 bits of a field table as RabbitMQ keeps it: a list of `{Key, Type, Value}`. It stands in the names of bindings
 * (`key~hash`) that tools remember, so that theirs go on to be right here. Bob Jenkins's hash of 1996 (lookup2), as OTP applies it to terms:
 * each kind of term has a constant of its own, a multiple of the golden ratio.
 */
export function erlangTableHash(table: FieldTable): number {
  const hash = new TermHash();
  hash.table(table);
  return hash.value;
}

const GOLDEN_RATIO = 0x9e3779b9;

/** The n-th constant. */
function constant(n: number): number {
  return Math.imul(GOLDEN_RATIO, n) >>> 0;
}

/** Which constant a kind of term has. */
const SMALL_INTEGER = constant(1);
const NIL = constant(2);
const ATOM = constant(3);
const TUPLE = constant(9);
/** OTP has them this way round: those that take more than 28 bits. */
const NEGATIVE_INTEGER = constant(10);
const POSITIVE_INTEGER = constant(11);
const FLOAT = constant(12);
const BINARY = constant(13);
/** OTP's number for the type of the empty list. */
const NIL_TYPE = 2;
/** The hash of the empty list alone. */
const NIL_ALONE = 3468870702;
/** Integers of 28 bits with a sign are hashed as one word. */
const SMALL_MIN = -(2 ** 27);
const SMALL_MAX = 2 ** 27 - 1;
const BLOCK_SIZE = 12;

class TermHash {
  value = 0;

  table(table: FieldTable): void {
    const entries = Array.from(table, ([key, value]) => ({ key: Buffer.from(key), value }));
    entries.sort((left, right) => Buffer.compare(left.key, right.key));
    for (const { key, value } of entries) {
      this.#tuple(3);
      this.#binary(key);
      this.#field(value);
    }
    this.#nil();
  }

  #array(values: readonly FieldValue[]): void {
    for (const value of values) {
      this.#tuple(2);
      this.#field(value);
    }
    this.#nil();
  }

  /** Type and value, as they stand in the tuple. */
  #field(field: FieldValue): void {
    this.#atom(field.type);
    switch (field.type) {
      case "longstr":
      case "binary":
        this.#binary(field.value);
        return;
      case "table":
        this.table(field.value);
        return;
      case "array":
        this.#array(field.value);
        return;
      case "bool":
        this.#atom(String(field.value));
        return;
      case "void":
        this.#atom("undefined");
        return;
      case "float":
      case "double":
        this.#float(field.value);
        return;
      case "decimal":
        this.#tuple(2);
        this.#integer(field.value.scale);
        this.#integer(field.value.value);
        return;
      case "byte":
      case "unsignedbyte":
      case "short":
      case "unsignedshort":
      case "signedint":
      case "unsignedint":
      case "long":
      case "timestamp":
        this.#integer(field.value);
        return;
      default:
        field satisfies never;
    }
  }

  #tuple(arity: number): void {
    this.#mixIn(arity, 0, TUPLE);
  }

  #nil(): void {
    if (this.value === 0) this.value = NIL_ALONE;
    else this.#mixIn(NIL_TYPE, 0, NIL);
  }

  #atom(name: string): void {
    this.#mixIn(atomHash(name), 0, ATOM);
  }

  #integer(value: number | bigint): void {
    if (value >= SMALL_MIN && value <= SMALL_MAX) {
      const small = Number(value);
      // A negative number is mixed in as its absolute value first.
      if (small < 0) this.#mixIn(-small, 0, SMALL_INTEGER);
      this.#mixIn(small >>> 0, 0, SMALL_INTEGER);
      return;
    }
    const big = BigInt(value);
    const absolute = big < 0n ? -big : big;
    const low = Number(absolute & 0xffff_ffffn);
    const high = Number(absolute >> 32n);
    this.#mixIn(low, high, big < 0n ? NEGATIVE_INTEGER : POSITIVE_INTEGER);
  }

  #float(value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value === 0 ? 0 : value);
    this.#mixIn(bytes.readUInt32BE(0), bytes.readUInt32BE(4), FLOAT);
  }

  /** Blocks of three words, the last one filled up with zeros; the first octet of its third word is the length's. */
  #binary(bytes: Buffer): void {
    let a = GOLDEN_RATIO;
    let b = GOLDEN_RATIO;
    let c = (BINARY + this.value) >>> 0;
    if (bytes.length === 0) {
      this.value = c;
      return;
    }
    let at = 0;
    for (; bytes.length - at >= BLOCK_SIZE; at += BLOCK_SIZE) {
      a = (a + bytes.readUInt32LE(at)) >>> 0;
      b = (b + bytes.readUInt32LE(at + 4)) >>> 0;
      c = (c + bytes.readUInt32LE(at + 8)) >>> 0;
      [a, b, c] = mix(a, b, c);
    }
    const rest = Buffer.alloc(BLOCK_SIZE);
    const size = bytes.copy(rest, 0, at);
    rest.copyWithin(9, 8, Math.min(size, BLOCK_SIZE - 1));
    rest[8] = 0;
    a = (a + rest.readUInt32LE(0)) >>> 0;
    b = (b + rest.readUInt32LE(4)) >>> 0;
    c = (c + bytes.length + rest.readUInt32LE(8)) >>> 0;
    [, , this.value] = mix(a, b, c);
  }

  #mixIn(first: number, second: number, base: number): void {
    [, , this.value] = mix((base + first) >>> 0, (base + second) >>> 0, this.value);
  }
}

/** How OTP hashes the name of an atom; ours are of ASCII. */
function atomHash(name: string): number {
  let hash = 0;
  for (const octet of Buffer.from(name, "latin1")) {
    hash = (hash * 16 + octet) >>> 0;
    const top = hash & 0xf0000000;
    if (top !== 0) hash = (hash ^ (top >>> 24) ^ top) >>> 0;
  }
  return hash;
}

/** Three words mixed so that each bit of each depends on all. */
function mix(first: number, second: number, third: number): readonly [number, number, number] {
  let a = first;
  let b = second;
  let c = third;
  a = (a - b - c) ^ (c >>> 13);
  b = (b - c - a) ^ (a << 8);
  c = (c - a - b) ^ (b >>> 13);
  a = (a - b - c) ^ (c >>> 12);
  b = (b - c - a) ^ (a << 16);
  c = (c - a - b) ^ (b >>> 5);
  a = (a - b - c) ^ (c >>> 3);
  b = (b - c - a) ^ (a << 10);
  c = (c - a - b) ^ (b >>> 15);
  return [a >>> 0, b >>> 0, c >>> 0];
}
