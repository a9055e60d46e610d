import { RE2JS, RE2JSException } from "re2js";
import { isSafeToBacktrack } from "./backtracking.ts";
import { PATTERN_LENGTH_MAX } from "./metadata-limits.ts";
import { explainSyntaxError } from "./pcre-error.ts";

/** A pattern that cannot be used. `term` is the error as RabbitMQ prints it: `{"missing )",1}`. */
export class InvalidPatternError extends Error {
  override readonly name = "InvalidPatternError";
  readonly pattern: string;
  readonly term: string;

  constructor(pattern: string, options: ErrorOptions & { readonly term: string }) {
    super(`regular expression '${pattern}' is invalid: ${options.term}`, options);
    this.pattern = pattern;
    this.term = options.term;
  }
}

/** A compiled PCRE pattern, matched anywhere in a name. */
export interface NamePattern {
  test(name: string): boolean;
}

/** Lookaround, back references and atomic groups: beyond the linear engine, and those that JavaScript knows. */
const NEEDS_BACKTRACKING = /\(\?(?:=|!|<=|<!)|\\[1-9]|\\k[<{']/;

/**
 * Compiles a pattern of a policy or permission. RabbitMQ uses PCRE, whose match limit turns an exploding pattern into
 * "no match". Here, patterns run on an engine with linear time; only lookaround and back references need JavaScript's
 * own, and are refused when they could explode. Throws InvalidPatternError.
 */
export function compilePattern(pattern: string): NamePattern {
  if (pattern.length > PATTERN_LENGTH_MAX) {
    const term = `{"regular expression is too large",${pattern.length}}`;
    throw new InvalidPatternError(pattern, { term });
  }
  const portable = translateEscapes(pattern);
  if (NEEDS_BACKTRACKING.test(portable)) return compileBacktracking(pattern, portable);
  try {
    return RE2JS.compile(portable);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new InvalidPatternError(pattern, { term: explainSyntaxError(pattern), cause: error });
  }
}

/** PCRE escapes that RE2 spells differently. */
const TRANSLATED: ReadonlyMap<string, string> = new Map([
  ["Z", "\\z"],
  ["e", "\\x1b"],
]);

function translateEscapes(pattern: string): string {
  return pattern.replace(/\\([\s\S])/g, (whole, char: string) => TRANSLATED.get(char) ?? whole);
}

const INLINE_FLAGS = /^\(\?([ims]+)\)/;
/** What JavaScript would read as plain letters or not at all. */
const FOREIGN = /\\[QEGKRXC]|\[\[:|\(\?[#>|P&R(]/;

function compileBacktracking(pattern: string, portable: string): NamePattern {
  const flags = INLINE_FLAGS.exec(portable)?.[1] ?? "";
  const body = portable.replace(INLINE_FLAGS, "").replaceAll("\\A", "^").replaceAll("\\z", "$");
  if (FOREIGN.test(body) || !isSafeToBacktrack(body)) {
    throw new InvalidPatternError(pattern, { term: '{"pattern is too complex",0}' });
  }
  try {
    return new RegExp(body, Array.from(new Set(flags)).join(""));
  } catch (error) {
    throw new InvalidPatternError(pattern, { term: explainSyntaxError(pattern), cause: error });
  }
}
