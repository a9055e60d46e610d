/** A column of a table; numbers stand at the right. */
export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
}

const INDENT = "  ";
const TEXT_WIDTH = 104;
const GAP = "  ";

/** Rows below titles, as wide as what is in them, without spaces at the ends of lines. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  return all.map((row) => {
    const cells = columns.map(({ isNumber }, at) => {
      const text = row[at] ?? "";
      const width = widths[at] ?? 0;
      return isNumber === true ? text.padStart(width) : text.padEnd(width);
    });
    return `${INDENT}${cells.join(GAP)}`.trimEnd();
  });
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Three digits are enough to see what is large. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** With commas, as indexes are long. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 group", "2 groups". */
export function countOf(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  const plural = noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${countText(count)} ${noun.endsWith("ch") ? `${noun}es` : plural}`;
}

/** A text in lines of bearable length, behind a dash. */
export function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length + 1 > TEXT_WIDTH) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((part, at) => `${at === 0 ? "  - " : "    "}${part}`);
}

/** Names come from clients: what would move the cursor of a terminal is shown as an escape. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
