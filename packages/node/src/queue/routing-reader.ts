import { type MessageRouting, messageRouting } from "./message.ts";

/** Reads exchange and routing key where they stand as two shortstrs; the last ones are remembered, as most messages have the same. */
export class RoutingReader {
  #last: MessageRouting | undefined;

  /** @param bytes checked to hold both names from `at` on */
  read(bytes: Buffer, at: number): MessageRouting {
    const last = this.#last;
    // The tail of a deliver frame has the frame's end behind the two names.
    const size = (last?.tail.length ?? 0) - 1;
    const isWhole = at + size <= bytes.length;
    if (last !== undefined && isWhole && bytes.compare(last.tail, 0, size, at, at + size) === 0) {
      return last;
    }
    const keyAt = at + 1 + (bytes[at] ?? 0);
    const exchange = bytes.toString("utf8", at + 1, keyAt);
    const key = bytes.toString("utf8", keyAt + 1, keyAt + 1 + (bytes[keyAt] ?? 0));
    this.#last = messageRouting(exchange, key);
    return this.#last;
  }
}
