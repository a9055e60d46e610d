/** What the value of a key has to be. Data: the documentation is made from it too. */
export type ValueType =
  | { readonly kind: "boolean" }
  | {
      readonly kind: "integer";
      readonly min: number;
      readonly max?: number;
      readonly also?: string;
    }
  | { readonly kind: "float"; readonly min: number; readonly max: number }
  | { readonly kind: "memory" }
  | { readonly kind: "bytesize" }
  | { readonly kind: "duration" }
  | { readonly kind: "string" }
  | { readonly kind: "one of"; readonly words: readonly string[] }
  | { readonly kind: "listener" }
  | { readonly kind: "list" };

/** `also` of an integer ("infinity", "off", ...) is given back as that word. */
export type Value = boolean | number | string | readonly string[];

/** A value or, as `expected`, what would have been one. */
export type ParsedValue =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly expected: string };

const UNIT_K = 1024;

/**
 * Memory sizes, as in vm_memory_high_watermark.absolute: `K`, `KiB` are 1024 and `KB` is 1000. RabbitMQ:
 * rabbit_resource_monitor_misc, to which T is added.
 */
const MEMORY_UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["k", UNIT_K],
  ["ki", UNIT_K],
  ["kib", UNIT_K],
  ["kb", 1e3],
  ["m", UNIT_K ** 2],
  ["mi", UNIT_K ** 2],
  ["mib", UNIT_K ** 2],
  ["mb", 1e6],
  ["g", UNIT_K ** 3],
  ["gi", UNIT_K ** 3],
  ["gib", UNIT_K ** 3],
  ["gb", 1e9],
  ["t", UNIT_K ** 4],
  ["ti", UNIT_K ** 4],
  ["tib", UNIT_K ** 4],
  ["tb", 1e12],
]);

/** Sizes of other keys (frame_max): there, in RabbitMQ's file format, `KB` is 1024 too. */
const BYTESIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ...MEMORY_UNITS,
  ["kb", UNIT_K],
  ["mb", UNIT_K ** 2],
  ["gb", UNIT_K ** 3],
  ["tb", UNIT_K ** 4],
]);

/** Milliseconds. RabbitMQ's `f` is a fortnight. */
const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
  ["f", 1_209_600_000],
]);

/** Reads the text of a value as `type` wants it. Listeners stay text: see `parseListener`. */
export function parseValue(text: string, type: ValueType): ParsedValue {
  const value = readValue(text, type);
  if (value !== undefined) return { ok: true, value };
  return { ok: false, expected: describeType(type) };
}

/** For people: `an integer from 0 to 65535 or infinity`. */
export function describeType(type: ValueType): string {
  switch (type.kind) {
    case "boolean":
      return "true or false";
    case "integer": {
      const range =
        type.max === undefined ? `of at least ${type.min}` : `from ${type.min} to ${type.max}`;
      return `an integer ${range}${type.also === undefined ? "" : ` or ${type.also}`}`;
    }
    case "float":
      return `a number from ${type.min} to ${type.max}`;
    case "memory":
      return "bytes, such as 500MB, 512MiB or 2GB";
    case "bytesize":
      return "bytes, such as 131072 or 128KB";
    case "duration":
      return "a time, such as 500ms, 30s or 1h30m";
    case "string":
      return "text";
    case "one of":
      return type.words.length === 1 ? `${type.words[0]}` : `one of ${type.words.join(", ")}`;
    case "listener":
      return "a port (5672), an address with a port (127.0.0.1:5672, ::1:5672) or none";
    case "list":
      return "words separated by commas";
    default:
      return type satisfies never;
  }
}

function readValue(text: string, type: ValueType): Value | undefined {
  switch (type.kind) {
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "integer":
      return text === type.also ? text : readNumber(text, /^-?\d{1,15}$/, type);
    case "float":
      return readNumber(text, /^\d{1,15}(\.\d{1,15})?$/, type);
    case "memory":
      return readSize(text, MEMORY_UNITS);
    case "bytesize":
      return readSize(text, BYTESIZE_UNITS);
    case "duration":
      return readDuration(text);
    case "string":
      return text;
    case "one of":
      return type.words.includes(text) ? text : undefined;
    case "listener":
      return parseListener(text) === undefined ? undefined : text;
    case "list":
      return readList(text);
    default:
      return type satisfies never;
  }
}

function readNumber(
  text: string,
  form: RegExp,
  range: { readonly min: number; readonly max?: number },
): number | undefined {
  if (!form.test(text)) return undefined;
  const value = Number(text);
  return value >= range.min && value <= (range.max ?? Number.MAX_SAFE_INTEGER) ? value : undefined;
}

function readSize(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const [, digits, unit] = /^(\d{1,15}) ?([A-Za-z]*)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : units.get(unit.toLowerCase());
  if (digits === undefined || factor === undefined) return undefined;
  const size = Number(digits) * factor;
  return size <= Number.MAX_SAFE_INTEGER ? size : undefined;
}

function readDuration(text: string): number | undefined {
  if (!/^(\d{1,12}(\.\d{1,3})?(ms|[smhdwf]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|[smhdwf])/g)) {
    total += Number(amount) * (DURATION_UNITS.get(unit ?? "") ?? 0);
  }
  return total <= Number.MAX_SAFE_INTEGER ? Math.round(total) : undefined;
}

/** `[a, b]` or `a, b`. */
function readList(text: string): readonly string[] {
  const inner = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  return inner
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** Where a listener listens; `none`: nowhere. undefined: not a listener. */
export function parseListener(
  text: string,
): { readonly address: string | undefined; readonly port: number } | "none" | undefined {
  if (text === "none" || text === "off") return "none";
  const [, bracketed, plain, digits] =
    /^(?:(?:\[([A-Za-z0-9.:%]+)\]|([A-Za-z0-9.:%_-]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535) return undefined;
  return { address: bracketed ?? plain, port };
}
