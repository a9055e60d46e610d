/**
 * Says what is wrong with a pattern as PCRE does, as a term with the offset: `{"missing )",1}`. `pattern` is known to
 * be invalid; the frequent mistakes have PCRE's own words and offsets, others a general one.
 */
export function explainSyntaxError(pattern: string): string {
  const scan: Scan = { pattern, offset: 0, depth: 0, repeatable: false };
  while (scan.offset < pattern.length) {
    const error = scanOne(scan);
    if (error !== undefined) return error;
  }
  return scan.depth > 0 ? term("missing )", pattern.length) : term("unsupported syntax", 0);
}

interface Scan {
  readonly pattern: string;
  offset: number;
  depth: number;
  /** The previous element may be followed by a quantifier. */
  repeatable: boolean;
}

function term(text: string, offset: number): string {
  return `{"${text.replaceAll("\\", "\\\\")}",${offset}}`;
}

function scanOne(scan: Scan): string | undefined {
  switch (scan.pattern.charAt(scan.offset)) {
    case "\\":
      return scanEscape(scan);
    case "[":
      return scanClass(scan);
    case "(":
      return scanGroup(scan);
    case ")":
      return closeGroup(scan);
    case "*":
    case "+":
    case "?":
      return scanQuantifier(scan, 1);
    case "{":
      return scanBraces(scan);
    case "|":
    case "^":
      scan.repeatable = false;
      scan.offset++;
      return undefined;
    default:
      scan.repeatable = true;
      scan.offset++;
      return undefined;
  }
}

function scanEscape(scan: Scan): string | undefined {
  if (scan.offset + 1 === scan.pattern.length) {
    return term("\\ at end of pattern", scan.pattern.length);
  }
  scan.offset += 2;
  scan.repeatable = true;
  return undefined;
}

function scanClass(scan: Scan): string | undefined {
  const rest = scan.pattern.slice(scan.offset);
  const found = /^\[\^?\]?(?:\[:\^?\w*:\]|\\[\s\S]|[^\]\\])*\]/.exec(rest);
  if (found === null) return term("missing terminating ] for character class", scan.pattern.length);
  for (const range of found[0].matchAll(/(\w)-(\w)/g)) {
    const [whole, low = "", high = ""] = range;
    if (low <= high) continue;
    return term(
      "range out of order in character class",
      scan.offset + range.index + whole.length - 1,
    );
  }
  scan.offset += found[0].length;
  scan.repeatable = true;
  return undefined;
}

/** What may follow `(?` and its option letters. */
const GROUP_KINDS = ":)=!<>|#P'&R0123456789(+C";

function scanGroup(scan: Scan): string | undefined {
  const options = /^\(\?[imsxUXJ-]*/.exec(scan.pattern.slice(scan.offset))?.[0];
  if (options === undefined) {
    scan.offset++;
  } else {
    const kindAt = scan.offset + options.length;
    const kind = scan.pattern[kindAt];
    if (kind === undefined || !GROUP_KINDS.includes(kind)) {
      return term("unrecognized character after (? or (?-", kindAt);
    }
    scan.offset = kind === ")" ? kindAt : kindAt + 1;
  }
  scan.depth++;
  scan.repeatable = false;
  return undefined;
}

function closeGroup(scan: Scan): string | undefined {
  if (scan.depth === 0) return term("unmatched parentheses", scan.offset);
  scan.depth--;
  scan.offset++;
  scan.repeatable = true;
  return undefined;
}

function scanBraces(scan: Scan): string | undefined {
  const found = /^\{(\d+)(?:,(\d*))?\}/.exec(scan.pattern.slice(scan.offset));
  if (found === null) {
    scan.offset++;
    scan.repeatable = true;
    return undefined;
  }
  const [whole, low = "", high = ""] = found;
  const end = scan.offset + whole.length - 1;
  if (Number(low) > 65_535 || Number(high) > 65_535) {
    return term("number too big in {} quantifier", end);
  }
  if (high !== "" && Number(high) < Number(low)) {
    return term("numbers out of order in {} quantifier", end);
  }
  return scanQuantifier(scan, whole.length);
}

/** A quantifier may be followed by `?` (lazy) or `+` (possessive), but by no other. */
function scanQuantifier(scan: Scan, size: number): string | undefined {
  if (!scan.repeatable) return term("nothing to repeat", scan.offset);
  scan.offset += size;
  const mark = scan.pattern[scan.offset];
  if (mark === "?" || mark === "+") scan.offset++;
  scan.repeatable = false;
  return undefined;
}
