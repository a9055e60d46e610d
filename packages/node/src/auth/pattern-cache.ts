import { ACCESS_PATTERN_CACHE_COUNT } from "../metadata/metadata-limits.ts";
import { compilePattern, type NamePattern } from "../metadata/name-pattern.ts";

/** The empty pattern of a permission denies everything; only the empty name, which no resource has, would fit. */
const MATCHES_EMPTY_NAME: NamePattern = { test: (name) => name === "" };

/** Compiled permission patterns. Bounded: when full it starts afresh. */
export class PatternCache {
  readonly #patterns = new Map<string, NamePattern>();

  /** Throws InvalidPatternError; patterns in the metadata machine have been checked. */
  get(pattern: string): NamePattern {
    if (pattern === "") return MATCHES_EMPTY_NAME;
    const known = this.#patterns.get(pattern);
    if (known !== undefined) return known;
    if (this.#patterns.size >= ACCESS_PATTERN_CACHE_COUNT) this.#patterns.clear();
    const compiled = compilePattern(pattern);
    this.#patterns.set(pattern, compiled);
    return compiled;
  }
}
