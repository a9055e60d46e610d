import assert from "node:assert/strict";
import { nearestName } from "./nearest-name.ts";
import { type ConfEntry, splitKey } from "./rabbitmq-conf.ts";
import { CONFIG_SECTIONS } from "./schema.ts";
import type { ConfigKey } from "./schema-key.ts";
import { parseValue, type Value } from "./value-type.ts";

/** Longer keys are cut before they are compared with all known ones. */
const COMPARED_SIZE_MAX = 120;

/** A value that stands in a file, checked. */
export interface Setting {
  readonly key: ConfigKey;
  /** What stands for the key's `$name`s, in order. */
  readonly names: readonly string[];
  readonly value: Value;
  readonly entry: ConfEntry;
}

/** What reading the entries of the files told. All texts are for people and name file and line. */
export interface CheckedEntries {
  readonly settings: Settings;
  readonly errors: readonly string[];
  readonly unknownKeys: readonly string[];
  readonly warnings: readonly string[];
  /** Keys that are known and do nothing. */
  readonly withoutEffect: readonly string[];
}

interface KnownKey {
  readonly key: ConfigKey;
  readonly segments: readonly string[];
}

const KNOWN_KEYS: readonly KnownKey[] = CONFIG_SECTIONS.flatMap(({ keys }) => keys)
  .map((key) => ({ key, segments: splitKey(key.pattern) }))
  // The exact before the general: `ssl_options.verify`, `ssl_options.ciphers.$n`, `ssl_options.*`.
  .sort((a, b) => generality(a.segments) - generality(b.segments));

const KEY_BY_PATTERN: ReadonlyMap<string, ConfigKey> = new Map(
  KNOWN_KEYS.map(({ key }) => [key.pattern, key]),
);

/** The settings of the configuration files, by pattern; those that are not there have the key's default. */
export class Settings {
  readonly #byPattern = new Map<string, Setting[]>();

  constructor(settings: Iterable<Setting>) {
    for (const setting of settings) {
      const list = this.#byPattern.get(setting.key.pattern) ?? [];
      list.push(setting);
      this.#byPattern.set(setting.key.pattern, list);
    }
  }

  /** All that was set under a pattern with `$name`s, in order of the file. */
  all(pattern: string): readonly Setting[] {
    assert(KEY_BY_PATTERN.has(pattern), "no such key in the schema");
    return this.#byPattern.get(pattern) ?? [];
  }

  /** The same in order of their numbers (`x.1, x.2`); other names come last. */
  numbered(pattern: string): readonly Setting[] {
    const rank = ({ names }: Setting): number => {
      const number = Number(names[0]);
      return Number.isNaN(number) ? Number.MAX_SAFE_INTEGER : number;
    };
    return [...this.all(pattern)].sort((a, b) => rank(a) - rank(b));
  }

  /** What was set, without the default. */
  find(pattern: string): Setting | undefined {
    return this.all(pattern)[0];
  }

  number(pattern: string): number {
    const value = this.#value(pattern);
    assert(typeof value === "number", "the key is no number");
    return value;
  }

  /** undefined: the key is unset, or has the word that means "no limit". */
  limit(pattern: string): number | undefined {
    const value = this.#value(pattern);
    return typeof value === "number" ? value : undefined;
  }

  boolean(pattern: string): boolean {
    const value = this.#value(pattern);
    assert(typeof value === "boolean", "the key is no boolean");
    return value;
  }

  /** undefined: unset, and without a default. */
  text(pattern: string): string | undefined {
    const value = this.#value(pattern);
    assert(value === undefined || typeof value === "string", "the key is no text");
    return value;
  }

  #value(pattern: string): Value | undefined {
    return this.find(pattern)?.value ?? fallbackOf(pattern);
  }
}

/** Default of a key; undefined: it has none. */
export function fallbackOf(pattern: string): Value | undefined {
  const key = KEY_BY_PATTERN.get(pattern);
  assert(key !== undefined, "no such key in the schema");
  if (key.fallback === undefined) return undefined;
  const parsed = parseValue(key.fallback, key.type);
  assert(parsed.ok, "the schema's default is of another type");
  return parsed.value;
}

/** Matches entries with the table of keys. Of a key that stands twice the last one counts. */
export function checkEntries(entries: readonly ConfEntry[]): CheckedEntries {
  const errors: string[] = [];
  const unknownKeys: string[] = [];
  const warnings: string[] = [];
  const withoutEffect: string[] = [];
  const settings = new Map<string, Setting>();
  for (const entry of lastOfEach(entries)) {
    const known = findKey(entry.path);
    if (known === undefined) {
      unknownKeys.push(unknownKeyText(entry));
      continue;
    }
    const { key, names } = known;
    if (key.withoutEffect !== undefined) {
      const text = `${where(entry)}: ${keyText(entry)} is accepted and has no effect: ${key.text}`;
      (isLoud(key, entry.value) ? warnings : withoutEffect).push(text);
      continue;
    }
    const parsed = parseValue(entry.value, key.type);
    if (parsed.ok) settings.set(keyText(entry), { key, names, value: parsed.value, entry });
    else
      errors.push(`${where(entry)}: ${keyText(entry)} must be ${parsed.expected}${found(entry)}`);
  }
  return {
    settings: new Settings(settings.values()),
    errors,
    unknownKeys,
    warnings,
    withoutEffect,
  };
}

function isLoud(key: ConfigKey, value: string): boolean {
  if (key.withoutEffect === "loud unless off") return value !== "false" && value !== "none";
  return key.withoutEffect === "loud";
}

function lastOfEach(entries: readonly ConfEntry[]): Iterable<ConfEntry> {
  const last = new Map<string, ConfEntry>();
  for (const entry of entries) last.set(keyText(entry), entry);
  return last.values();
}

function findKey(
  path: readonly string[],
): { readonly key: ConfigKey; readonly names: readonly string[] } | undefined {
  for (const { key, segments } of KNOWN_KEYS) {
    const names = match(segments, path);
    if (names !== undefined) return { key, names };
  }
  return undefined;
}

/** What stands for the `$name`s; undefined: no match. */
function match(segments: readonly string[], path: readonly string[]): string[] | undefined {
  const isOpen = segments.at(-1) === "*";
  if (isOpen ? path.length < segments.length : path.length !== segments.length) return undefined;
  const names: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const word = path[index] ?? "";
    if (segment.startsWith("$")) names.push(word);
    else if (segment !== word && segment !== "*") return undefined;
  }
  return names;
}

function generality(segments: readonly string[]): number {
  if (segments.at(-1) === "*") return 1000 - segments.length;
  return segments.filter((segment) => segment.startsWith("$")).length;
}

function keyText(entry: ConfEntry): string {
  return entry.path.map((segment) => segment.replace(/[^A-Za-z0-9_-]/g, "\\$&")).join(".");
}

function where(entry: ConfEntry): string {
  return `${entry.file}:${entry.line}`;
}

function unknownKeyText(entry: ConfEntry): string {
  const key = keyText(entry);
  const nearest = nearestKey(entry.path);
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return `${where(entry)}: unknown key ${key.slice(0, COMPARED_SIZE_MAX)}${hint}`;
}

/** A known key near to `path`, with the user's own names where the key has placeholders. */
function nearestKey(path: readonly string[]): string | undefined {
  const candidates = KNOWN_KEYS.filter(({ key }) => key.withoutEffect === undefined).map(
    ({ segments }) =>
      segments
        .map((segment, index) => (segment.startsWith("$") ? (path[index] ?? segment) : segment))
        .join("."),
  );
  return nearestName(path.join(".").slice(0, COMPARED_SIZE_MAX), candidates);
}

/** The wrong value, unless it may be a secret. */
function found(entry: ConfEntry): string {
  return /pass|secret/.test(keyText(entry)) ? "" : `, not \`${entry.value.slice(0, 80)}\``;
}
