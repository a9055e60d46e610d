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

/** `<<"abc">>` where all octets are printable Latin-1, else like printOctets (Erlang's ~p). */
export function printBinary(bytes: Buffer, start: number, end: number): string {
  if (start === end) return "<<>>";
  for (let at = start; at < end; at++) {
    if (!isPrintable(bytes[at] as number)) return printOctets(bytes, start, end);
  }
  return `<<"${bytes.toString("latin1", start, end).replace(SPECIAL, escapeCharacter)}">>`;
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
