/** A term of Erlang, as queries are written in RabbitMQ's configuration: `{in_group, "ou=x"}`, `[{a, b}]`, `true`. */
export type Term =
  | { readonly type: "atom"; readonly name: string }
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "tuple"; readonly items: readonly Term[] }
  | { readonly type: "list"; readonly items: readonly Term[] };

/** What is wrong, and where in the text (1-based). */
export class TermError extends Error {
  override readonly name = "TermError";
}

/** Queries are some lines long. */
const TEXT_SIZE_MAX = 65_536;
const DEPTH_MAX = 32;
const ATOM = /[a-z][A-Za-z0-9_@]*|'(?:[^'\\]|\\.)+'/y;
/** A string, or a binary that holds one. */
const TEXT = /"((?:[^"\\]|\\.)*)"|<<"((?:[^"\\]|\\.)*)">>/y;
/** Blanks, and comments to the end of the line. */
const BLANK = /(?:\s|%[^\n]*)*/y;

/** Reads one term; a dot may follow. @throws TermError */
export function parseTerm(text: string): Term {
  if (text.length > TEXT_SIZE_MAX) throw new TermError("it is too long");
  const reader = new TermReader(text);
  const term = reader.read(0);
  reader.expectEnd();
  return term;
}

class TermReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(depth: number): Term {
    if (depth > DEPTH_MAX) throw this.#error("terms are nested too deeply");
    this.#skipBlank();
    if (this.#take("{")) return { type: "tuple", items: this.#items("}", depth) };
    if (this.#take("[")) return { type: "list", items: this.#items("]", depth) };
    const text = this.#match(TEXT);
    if (text !== undefined) return { type: "text", value: unescaped(text[1] ?? text[2] ?? "") };
    const atom = this.#match(ATOM);
    if (atom === undefined) throw this.#error('expected {, [, an atom or a "text"');
    const [name] = atom;
    return { type: "atom", name: name.startsWith("'") ? unescaped(name.slice(1, -1)) : name };
  }

  expectEnd(): void {
    this.#skipBlank();
    this.#take(".");
    this.#skipBlank();
    if (this.#at < this.#text.length) throw this.#error("expected the end");
  }

  #items(end: string, depth: number): Term[] {
    const items: Term[] = [];
    this.#skipBlank();
    if (this.#take(end)) return items;
    do {
      items.push(this.read(depth + 1));
      this.#skipBlank();
    } while (this.#take(","));
    if (!this.#take(end)) throw this.#error(`expected , or ${end}`);
    return items;
  }

  #skipBlank(): void {
    this.#match(BLANK);
  }

  #take(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }

  #error(text: string): TermError {
    return new TermError(`${text} at character ${this.#at + 1}`);
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}
