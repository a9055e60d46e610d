import { PropertyFlag } from "./basic-properties.ts";
import { printOctets } from "./binary-text.ts";
import { ConnectionError } from "./errors.ts";
import { u16At, u32At } from "./unsigned.ts";

/** Flags a publisher's message most often has; the rest of the walk is skipped without others. */
const SIMPLE_FLAGS: number = PropertyFlag.contentType | PropertyFlag.deliveryMode | 3;

/**
 * Finds the properties in a header frame without decoding them. One object serves any number of
 * scans and allocates nothing. Offsets are of the value's octets in the scanned bytes (text
 * without its size octet; headers from their u32 size on), -1 where a property is absent.
 */
export class PropertyScan {
  flags = 0;
  /** 1, transient, if absent. */
  deliveryMode = 1;
  /** 0 if absent; `flags & PropertyFlag.priority` tells the difference. */
  priority = 0;
  contentTypeStart = -1;
  contentTypeEnd = -1;
  contentEncodingStart = -1;
  contentEncodingEnd = -1;
  headersStart = -1;
  headersEnd = -1;
  correlationIdStart = -1;
  correlationIdEnd = -1;
  replyToStart = -1;
  replyToEnd = -1;
  expirationStart = -1;
  expirationEnd = -1;
  messageIdStart = -1;
  messageIdEnd = -1;
  timestampStart = -1;
  timestampEnd = -1;
  typeStart = -1;
  typeEnd = -1;
  userIdStart = -1;
  userIdEnd = -1;
  appIdStart = -1;
  appIdEnd = -1;
  clusterIdStart = -1;
  clusterIdEnd = -1;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #at = 0;
  /** Whether the last scan set more than what every scan sets. */
  #hasRare = false;

  /**
   * Scans `bytes[start, end)`, flags word first. The inside of the headers table is not looked at.
   * @throws ConnectionError 501 if the values end early or late
   */
  scan(bytes: Buffer, start: number, end: number): void {
    if (this.#hasRare) this.#reset();
    if (end > bytes.length || end - start < 2) throw malformed(bytes, start, end);
    const flags = u16At(bytes, start);
    this.flags = flags;
    this.deliveryMode = 1;
    this.contentTypeStart = -1;
    this.contentTypeEnd = -1;
    let at = start + 2;
    if ((flags & ~SIMPLE_FLAGS) === 0) {
      if ((flags & PropertyFlag.contentType) !== 0) {
        this.contentTypeStart = at + 1;
        at = at < end ? at + 1 + (bytes[at] as number) : at + 1;
        this.contentTypeEnd = at;
      }
      if ((flags & PropertyFlag.deliveryMode) !== 0) this.deliveryMode = bytes[at++] ?? 1;
      if (at !== end) throw malformed(bytes, start, end);
      return;
    }
    this.#scanAll(bytes, start, end);
  }

  #scanAll(bytes: Buffer, start: number, end: number): void {
    this.#hasRare = true;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#at = start + 2;
    this.#scanFirst();
    this.#scanRest();
    if (this.#at !== end) throw this.#malformed();
    // Not to pin the socket's chunk.
    this.#bytes = EMPTY;
  }
  // The walk goes in wire order; #take leaves #at behind the value and returns where it begins.

  #scanFirst(): void {
    const { flags } = this;
    if (flags & PropertyFlag.contentType) {
      this.contentTypeStart = this.#takeShortstr();
      this.contentTypeEnd = this.#at;
    }
    if (flags & PropertyFlag.contentEncoding) {
      this.contentEncodingStart = this.#takeShortstr();
      this.contentEncodingEnd = this.#at;
    }
    if (flags & PropertyFlag.headers) {
      this.headersStart = this.#takeTable();
      this.headersEnd = this.#at;
    }
    if (flags & PropertyFlag.deliveryMode) this.deliveryMode = this.#takeOctet();
    if (flags & PropertyFlag.priority) this.priority = this.#takeOctet();
    if (flags & PropertyFlag.correlationId) {
      this.correlationIdStart = this.#takeShortstr();
      this.correlationIdEnd = this.#at;
    }
    if (flags & PropertyFlag.replyTo) {
      this.replyToStart = this.#takeShortstr();
      this.replyToEnd = this.#at;
    }
    if (flags & PropertyFlag.expiration) {
      this.expirationStart = this.#takeShortstr();
      this.expirationEnd = this.#at;
    }
  }

  #scanRest(): void {
    const { flags } = this;
    if (flags & PropertyFlag.messageId) {
      this.messageIdStart = this.#takeShortstr();
      this.messageIdEnd = this.#at;
    }
    if (flags & PropertyFlag.timestamp) {
      this.timestampStart = this.#take(8);
      this.timestampEnd = this.#at;
    }
    if (flags & PropertyFlag.type) {
      this.typeStart = this.#takeShortstr();
      this.typeEnd = this.#at;
    }
    if (flags & PropertyFlag.userId) {
      this.userIdStart = this.#takeShortstr();
      this.userIdEnd = this.#at;
    }
    if (flags & PropertyFlag.appId) {
      this.appIdStart = this.#takeShortstr();
      this.appIdEnd = this.#at;
    }
    if (flags & PropertyFlag.clusterId) {
      this.clusterIdStart = this.#takeShortstr();
      this.clusterIdEnd = this.#at;
    }
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.#end - at) throw this.#malformed();
    this.#at = at + size;
    return at;
  }

  #takeOctet(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  #takeShortstr(): number {
    return this.#take(this.#takeOctet());
  }

  #takeTable(): number {
    const start = this.#take(4);
    this.#take(u32At(this.#bytes, start));
    return start;
  }

  #reset(): void {
    this.#hasRare = false;
    this.priority = 0;
    this.contentEncodingStart = -1;
    this.contentEncodingEnd = -1;
    this.headersStart = -1;
    this.headersEnd = -1;
    this.correlationIdStart = -1;
    this.correlationIdEnd = -1;
    this.replyToStart = -1;
    this.replyToEnd = -1;
    this.expirationStart = -1;
    this.expirationEnd = -1;
    this.messageIdStart = -1;
    this.messageIdEnd = -1;
    this.timestampStart = -1;
    this.timestampEnd = -1;
    this.typeStart = -1;
    this.typeEnd = -1;
    this.userIdStart = -1;
    this.userIdEnd = -1;
    this.appIdStart = -1;
    this.appIdEnd = -1;
    this.clusterIdStart = -1;
    this.clusterIdEnd = -1;
  }

  #malformed(): ConnectionError {
    const bytes = this.#bytes;
    this.#bytes = EMPTY;
    return malformed(bytes, this.#start, this.#end);
  }
}

const EMPTY: Buffer = Buffer.alloc(0);

function malformed(bytes: Buffer, start: number, end: number): ConnectionError {
  return new ConnectionError("FRAME_ERROR", `cannot decode ${printOctets(bytes, start, end)}`);
}
