import { printOctets } from "./binary-text.ts";
import { ConnectionError, type MethodAddress, NO_METHOD } from "./errors.ts";
import { u16At, u32At } from "./unsigned.ts";

const REPLACEMENT_CHARACTER = "\ufffd";

/** Reads wire values one after the other out of `bytes[start, end)`; every read checks its bounds. */
export class WireReader {
  readonly bytes: Buffer;
  /** Offset of the next byte to read. */
  at: number;
  readonly #start: number;
  readonly #end: number;
  readonly #failed: MethodAddress | undefined;

  constructor(bytes: Buffer, start: number, end: number, failed?: MethodAddress) {
    this.bytes = bytes;
    this.at = start;
    this.#start = start;
    this.#end = Math.min(end, bytes.length);
    this.#failed = failed;
  }

  /** Moves past `size` bytes and returns where they begin. */
  take(size: number): number {
    const at = this.at;
    if (size > this.#end - at) throw this.malformed();
    this.at = at + size;
    return at;
  }

  octet(): number {
    return this.bytes[this.take(1)] as number;
  }

  short(): number {
    return u16At(this.bytes, this.take(2));
  }

  long(): number {
    return u32At(this.bytes, this.take(4));
  }

  /** The octets behind a u32 size, copied: the result outlives the input. */
  longstr(): Buffer {
    const size = this.long();
    const at = this.take(size);
    return Buffer.from(this.bytes.subarray(at, at + size));
  }

  /** Text behind a u8 size; octets that are no UTF-8 become U+FFFD. */
  shortstr(): string {
    const size = this.octet();
    const at = this.take(size);
    return this.bytes.toString("utf8", at, at + size);
  }

  /** Like shortstr(), but checked for UTF-8 as RabbitMQ does in methods; it blames no method then. */
  shortstrChecked(): string {
    const text = this.shortstr();
    if (text.includes(REPLACEMENT_CHARACTER) && !this.#endsWith(text)) {
      throw new ConnectionError("FRAME_ERROR", "Malformed UTF-8 in shortstr", {
        failed: NO_METHOD,
      });
    }
    return text;
  }

  /** Asserts that nothing is left over. */
  finish(): void {
    if (this.at !== this.#end) throw this.malformed();
  }

  /** What RabbitMQ answers to arguments that cannot be decoded. */
  malformed(): ConnectionError {
    const text = `cannot decode ${printOctets(this.bytes, this.#start, this.#end)}`;
    const options = this.#failed === undefined ? {} : { failed: this.#failed };
    return new ConnectionError("FRAME_ERROR", text, options);
  }

  #endsWith(text: string): boolean {
    const encoded = Buffer.from(text);
    const start = this.at - encoded.length;
    return start >= 0 && encoded.equals(this.bytes.subarray(start, this.at));
  }
}
