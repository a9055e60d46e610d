import type { ValueType } from "./value-type.ts";

/** One key of the configuration file. The table of them is data: reading, checking and documentation use it. */
export interface ConfigKey {
  /** `$name` stands for one segment of the user's choice, a last `*` for all that follow. */
  readonly pattern: string;
  readonly type: ValueType;
  /** As it would be written in the file. undefined: unset. */
  readonly fallback?: string;
  readonly text: string;
  /**
   * For keys that RabbitMQ has and this version does nothing with. `quiet`: nobody is worse off. `loud`:
   * whoever sets it relies on it, so it is a warning. `loud unless off`: likewise, but not of `false`.
   */
  readonly withoutEffect?: "quiet" | "loud" | "loud unless off";
}

/** Keys that belong together in the documentation. */
export interface ConfigSection {
  readonly title: string;
  readonly keys: readonly ConfigKey[];
}

/** The kinds of values; see {@link ValueType} for what each reads. */
export const BOOLEAN: ValueType = { kind: "boolean" };
export const STRING: ValueType = { kind: "string" };
export const MEMORY: ValueType = { kind: "memory" };
export const BYTESIZE: ValueType = { kind: "bytesize" };
export const DURATION: ValueType = { kind: "duration" };
export const LISTENER: ValueType = { kind: "listener" };

/** An integer in a range. */
export function integer(min: number, max?: number): ValueType {
  return max === undefined ? { kind: "integer", min } : { kind: "integer", min, max };
}

/** An integer or a word such as `infinity`. */
export function integerOr(also: string, min: number): ValueType {
  return { kind: "integer", min, also };
}

/** One of these words. */
export function words(...list: readonly string[]): ValueType {
  return { kind: "one of", words: list };
}

/** A key without effect that nobody misses. */
export function quiet(pattern: string, text: string): ConfigKey {
  return { pattern, type: STRING, text, withoutEffect: "quiet" };
}

/** A key without effect that somebody may rely on. */
export function loud(pattern: string, text: string): ConfigKey {
  return { pattern, type: STRING, text, withoutEffect: "loud" };
}

/** The same for a switch: `false` asks for what is the case anyway. */
export function loudUnlessOff(pattern: string, text: string): ConfigKey {
  return { pattern, type: STRING, text, withoutEffect: "loud unless off" };
}
