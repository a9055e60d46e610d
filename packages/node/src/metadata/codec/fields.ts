import { decodeFieldTable, encodeFieldTable, type FieldTable } from "@leveret/amqp";
import { Packr } from "msgpackr";
import type { JsonValue } from "../json-value.ts";

/** Bytes that are no command or snapshot of this version: whoever reads them must stop, not skip them. */
export class MetadataCodecError extends Error {
  override readonly name = "MetadataCodecError";
}

/** What a stored value may consist of. Records are flat lists of fields, in the order that their codec fixes. */
export type Field = null | boolean | number | string | Uint8Array | readonly Field[];

/**
 * The options are part of the format. Lists of fields only: no maps, no records with dictionaries beside the bytes. Buffers are
 * copied, or each would hold on to the file it was read from.
 */
const PACKR = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: "number",
  bundleStrings: false,
  copyBuffers: true,
});

export function packFields(fields: readonly Field[]): Uint8Array {
  return new Uint8Array(PACKR.pack(fields)); // A copy: the packer's own buffer is larger.
}

/** @throws MetadataCodecError */
export function unpackFields(bytes: Uint8Array, what: string): Fields {
  let value: unknown;
  try {
    value = PACKR.unpack(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MetadataCodecError(`${what} cannot be decoded: ${why}`, { cause: error });
  }
  return new Fields(value, what);
}

export function optional<T extends Field>(value: T | undefined): T | null {
  return value ?? null;
}

/** Fields that were added later, without those at the end that are absent: what has none of them is stored as it was before. */
export function trailing(...fields: readonly Field[]): readonly Field[] {
  const last = fields.findLastIndex((field) => field !== null);
  return fields.slice(0, last + 1);
}

/** AMQP's own encoding: no type, order or number of a table is lost. */
export function tableField(table: FieldTable): Uint8Array {
  return encodeFieldTable(table);
}

/** JSON text, not a map: it keeps the order of keys, and `__proto__` is a key like others. */
export function jsonField(value: JsonValue): string {
  return JSON.stringify(value);
}

export function jsonMapField(map: ReadonlyMap<string, JsonValue>): string {
  return JSON.stringify(Array.from(map));
}

/** Reads a list of fields in order, and checks what each is. Fields that nobody asks for are left alone. */
export class Fields {
  readonly #values: readonly unknown[];
  readonly #what: string;
  #at = 0;

  /** @throws MetadataCodecError if `value` is no list */
  constructor(value: unknown, what: string) {
    if (!Array.isArray(value)) throw new MetadataCodecError(`${what} is not a list of fields`);
    this.#values = value;
    this.#what = what;
  }

  text(): string {
    const value = this.#next();
    return typeof value === "string" ? value : this.#fail("a text", value);
  }

  flag(): boolean {
    const value = this.#next();
    return typeof value === "boolean" ? value : this.#fail("a boolean", value);
  }

  /** Of any kind, NaN too. */
  number(): number {
    const value = this.#next();
    return typeof value === "number" ? value : this.#fail("a number", value);
  }

  integer(): number {
    const value = this.#next();
    return isInteger(value) ? value : this.#fail("an integer", value);
  }

  /** undefined for an absent value, else what `read` finds. */
  optional<T>(read: (fields: Fields) => T): T | undefined {
    if (this.#values[this.#at] === null) {
      this.#at++;
      return undefined;
    }
    return read(this);
  }

  /** As `optional`; also undefined if the list ends here: a field that was added later. */
  trailing<T>(read: (fields: Fields) => T): T | undefined {
    return this.#at >= this.#values.length ? undefined : this.optional(read);
  }

  oneOf<T extends string>(allowed: readonly T[]): T {
    const value = this.#next();
    const found = allowed.find((item) => item === value);
    return found ?? this.#fail(`one of ${allowed.join(", ")}`, value);
  }

  texts(): string[] {
    const list = new Fields(this.#next(), this.#what);
    return Array.from(list.#values, () => list.text());
  }

  integers(): number[] {
    const list = new Fields(this.#next(), this.#what);
    return Array.from(list.#values, () => list.integer());
  }

  /** A record in the record. */
  fields(): Fields {
    return new Fields(this.#next(), this.#what);
  }

  table(): FieldTable {
    const value = this.#next();
    if (!(value instanceof Uint8Array)) return this.#fail("an AMQP table", value);
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    try {
      return decodeFieldTable(bytes, 0, bytes.length);
    } catch (error) {
      throw new MetadataCodecError(`${this.#what} has a malformed AMQP table`, { cause: error });
    }
  }

  json(): JsonValue {
    const text = this.text();
    try {
      return JSON.parse(text) as JsonValue; // JSON.parse returns nothing else.
    } catch (error) {
      throw new MetadataCodecError(`${this.#what} has malformed JSON`, { cause: error });
    }
  }

  jsonMap(): ReadonlyMap<string, JsonValue> {
    const value = this.json();
    if (!Array.isArray(value)) return this.#fail("a list of pairs", value);
    return new Map(value.map((pair) => this.#pair(pair)));
  }

  #pair(pair: unknown): [string, JsonValue] {
    if (!Array.isArray(pair)) return this.#fail("a pair", pair);
    const [key, value]: unknown[] = pair;
    if (typeof key !== "string" || pair.length !== 2) return this.#fail("a pair", pair);
    return [key, value as JsonValue]; // It came from JSON.parse.
  }

  #next(): unknown {
    if (this.#at >= this.#values.length) {
      throw new MetadataCodecError(`${this.#what} ends after ${this.#at} fields`);
    }
    const value: unknown = this.#values[this.#at];
    this.#at++;
    return value;
  }

  #fail(wanted: string, found: unknown): never {
    throw new MetadataCodecError(
      `${this.#what}: field ${this.#at - 1} should be ${wanted}, but is ${kindOf(found)}`,
    );
  }
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "absent";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
