/** One `key = value` of a configuration file. */
export interface ConfEntry {
  /** Segments of the key: `a.b.c` is three; a segment may hold a dot if it was written `\.`. */
  readonly path: readonly string[];
  readonly value: string;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** Something in a file to tell the user about; `file:line:column`, 1-based. */
export interface ConfProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export interface ConfFile {
  readonly entries: readonly ConfEntry[];
  /** Lines that are no configuration. */
  readonly errors: readonly ConfProblem[];
  /** Lines that RabbitMQ takes too, but hardly as they were meant. */
  readonly warnings: readonly ConfProblem[];
}

/** Key, up to and with the `=`. Segments are letters, digits, `_`, `-`, and `\` before any other character. */
const KEY = /^[ \t]*((?:[A-Za-z0-9_-]|\\.)+(?:\.(?:[A-Za-z0-9_-]|\\.)+)*)[ \t]*=[ \t]*/;
const BLANK_OR_COMMENT = /^[ \t]*(#.*)?$/;
/** As RabbitMQ since 3.11: a value in single quotes is taken as it stands, `#` included. */
const QUOTED = /^'([^']*)'[ \t]*(#.*)?$/;

/** Opens and closes a value of several lines, as in RabbitMQ 4. */
const MULTI_LINE = "'''";

/**
 * Reads the format of rabbitmq.conf (`a.b.c = value`, `#` starts a comment anywhere in the line). The format
 * has no sections and no escapes in values; observed with RabbitMQ's own reader.
 */
export function parseRabbitmqConf(text: string, file: string): ConfFile {
  const entries: ConfEntry[] = [];
  const errors: ConfProblem[] = [];
  const warnings: ConfProblem[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  let firstFree = 0;
  for (const [index, lineText] of lines.entries()) {
    if (index < firstFree || BLANK_OR_COMMENT.test(lineText)) continue;
    const problem = (column: number, problemText: string): ConfProblem => {
      return { file, line: index + 1, column, text: problemText };
    };
    const key = KEY.exec(lineText);
    if (key?.[1] === undefined) {
      errors.push(problem(...whereKeyFails(lineText)));
      continue;
    }
    const column = key[0].length + 1;
    const path = splitKey(key[1]);
    if (lineText.startsWith(MULTI_LINE, key[0].length)) {
      const found = readMultiLine(lines, index, key[0].length + MULTI_LINE.length);
      if (found === undefined) errors.push(problem(column, `${MULTI_LINE} has no end`));
      else entries.push({ path, value: found.value, file, line: index + 1 });
      firstFree = found?.nextLine ?? lines.length;
      continue;
    }
    const { value, warning } = parseValue(lineText.slice(key[0].length));
    if (value === "") {
      errors.push(problem(column, `expected a value after \`${key[1]} =\``));
      continue;
    }
    if (warning !== undefined) warnings.push(problem(column, warning));
    entries.push({ path, value, file, line: index + 1 });
  }
  return { entries, errors, warnings };
}

/** The text up to the end mark, without blanks around it; undefined: there is no end mark. */
function readMultiLine(
  lines: readonly string[],
  index: number,
  start: number,
): { readonly value: string; readonly nextLine: number } | undefined {
  const parts: string[] = [];
  for (let at = index; at < lines.length; at++) {
    const line = (lines[at] ?? "").slice(at === index ? start : 0);
    const end = line.indexOf(MULTI_LINE);
    parts.push(end === -1 ? line : line.slice(0, end));
    if (end !== -1) return { value: parts.join("\n").trim(), nextLine: at + 1 };
  }
  return undefined;
}

/** Segments of a key; `\.` does not separate. */
export function splitKey(key: string): string[] {
  const segments = key.match(/(?:[^.\\]|\\.)+/g) ?? [];
  return segments.map((segment) => segment.replace(/\\(.)/g, "$1"));
}

function parseValue(text: string): { value: string; warning?: string } {
  const quoted = QUOTED.exec(text);
  if (quoted?.[1] !== undefined) return { value: quoted[1] };
  const hash = text.indexOf("#");
  const value = (hash === -1 ? text : text.slice(0, hash)).trim();
  if (hash > 0 && !/[ \t]/.test(text.charAt(hash - 1))) {
    return {
      value,
      warning: "`#` starts a comment here; put the value in single quotes to keep it",
    };
  }
  if (/^".*"$/.test(value)) {
    return {
      value,
      warning: "double quotes are part of the value, as in RabbitMQ; leave them out",
    };
  }
  return { value };
}

/** Column and reason why a line has no key. */
function whereKeyFails(line: string): [column: number, text: string] {
  const start = line.search(/[^ \t]/);
  if (line.charAt(start) === "[") {
    return [start + 1, "expected `key = value`; this format has no [sections]"];
  }
  const word = /^[ \t]*(?:[A-Za-z0-9_.-]|\\.)*/.exec(line)?.[0] ?? "";
  const next = line.slice(word.length).trimStart();
  const column = line.length - next.length + 1;
  if (next.startsWith("="))
    return [start + 1, "expected a key: words with single dots between them"];
  if (next === "") return [column, "expected `=` and a value after the key"];
  return [column, `expected \`=\`, found \`${next.slice(0, 20)}\``];
}
