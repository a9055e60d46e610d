/**
 * How RabbitMQ prints octets in reply texts: as an Erlang binary.
 */

/** More octets than any reply text can show. */
const PRINTED_MAX = 128;

/** `<<1,2,3>>`: octets as numbers (Erlang's ~w). Long ones are cut: the reply text is cut earlier. */
export function printOctets(bytes: Buffer, start: number, end: number): string {
  const printedEnd = Math.min(end, start + PRINTED_MAX);
  const numbers = Array.from(bytes.subarray(start, printedEnd)).join(",");
  return printedEnd < end ? `<<${numbers},...>>` : `<<${numbers}>>`;
}

/** Erlang's ~p breaks a term that would reach beyond this column. */
const LINE_SIZE = 79;

/**
 * `<<"abc">>` where all octets are printable Latin-1, else like printOctets() (Erlang's ~p). As
 * there, numbers that do not fit the line go on in the next one, below the first of them; the
 * line begins `column` characters before the result. Meant for the few octets of a snippet.
 */
export function printBinary(bytes: Buffer, start: number, end: number, column = 0): string {
  if (start === end) return "<<>>";
  const octets = bytes.subarray(start, end);
  if (octets.every(isPrintable)) {
    return `<<"${octets.toString("latin1").replace(SPECIAL, escapeCharacter)}">>`;
  }
  return `<<${wrapNumbers(octets, column + 2)}>>`;
}

function wrapNumbers(octets: Buffer, indent: number): string {
  let text = "";
  let column = indent;
  for (const [index, octet] of octets.entries()) {
    const item = index === octets.length - 1 ? `${octet}` : `${octet},`;
    if (column + item.length > LINE_SIZE) {
      text += `\n${" ".repeat(indent)}`;
      column = indent;
    }
    text += item;
    column += item.length;
  }
  return text;
}

/** `{name,number}` as Erlang's ~p prints it `column` characters into the line. */
export function printPair(name: string, number: number, column: number): string {
  const isShort = column + name.length + `${number}`.length + 3 < LINE_SIZE;
  return isShort ? `{${name},${number}}` : `{${name},\n${" ".repeat(column + 1)}${number}}`;
}

/** What Erlang's io_lib counts as printable: Latin-1 without most control characters. */
function isPrintable(octet: number): boolean {
  return (
    (octet >= 0x20 && octet <= 0x7e) ||
    octet >= 0xa0 ||
    (octet >= 0x08 && octet <= 0x0d) ||
    octet === 0x1b
  );
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\v", "\\v"],
  ["\f", "\\f"],
  ["\r", "\\r"],
  ["\u001b", "\\e"],
  ['"', '\\"'],
  ["\\", "\\\\"],
]);
const SPECIAL: RegExp = /[^ !#-[\]-~\u00a0-\u00ff]/g;

function escapeCharacter(character: string): string {
  return ESCAPES.get(character) ?? character;
}
