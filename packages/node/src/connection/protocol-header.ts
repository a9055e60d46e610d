const HEADER_SIZE = 8;
const NAME: Buffer = Buffer.from("AMQP");
/** What is spoken here, told to whoever speaks something else (spec 4.2.2). */
const ANSWER: Buffer = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);

/** `version` undefined: another protocol; send `answer` and close. */
export type ProtocolHeader =
  | {
      readonly version: { readonly major: number; readonly minor: number };
      readonly rest: Buffer;
      readonly answer?: undefined;
    }
  | { readonly version: undefined; readonly answer: Buffer };

/** Reads the 8 octets with which a client opens the dialogue, in whatever pieces they come. */
export class ProtocolHeaderReader {
  #gathered: Buffer = Buffer.alloc(0);

  /** undefined: more is needed. A first octet that cannot be AMQP's is refused at once (HTTP, TLS). */
  push(chunk: Buffer): ProtocolHeader | undefined {
    const bytes = this.#gathered.length === 0 ? chunk : Buffer.concat([this.#gathered, chunk]);
    const seen = Math.min(NAME.length, bytes.length);
    if (!bytes.subarray(0, seen).equals(NAME.subarray(0, seen))) {
      return { version: undefined, answer: ANSWER };
    }
    if (bytes.length < HEADER_SIZE) {
      this.#gathered = Buffer.from(bytes);
      return undefined;
    }
    const version = spokenVersion(bytes);
    if (version === undefined) return { version: undefined, answer: ANSWER };
    return { version, rest: bytes.subarray(HEADER_SIZE) };
  }
}

/** 0-9-1, and 0-9 whose header looks different, as RabbitMQ takes both. */
function spokenVersion(bytes: Buffer): { major: number; minor: number } | undefined {
  const rest = bytes.subarray(NAME.length, HEADER_SIZE);
  const isCurrent = rest.equals(Buffer.from([0, 0, 9, 1]));
  const isOlderForm = rest.equals(Buffer.from([1, 1, 0, 9]));
  return isCurrent || isOlderForm ? { major: 0, minor: 9 } : undefined;
}
