import {
  CONTENT_HEADER_PROPERTIES_OFFSET,
  ConnectionError,
  FRAME_HEADER_SIZE,
  NO_METHOD,
} from "@leveret/amqp";
import { preconditionFailed } from "../errors.ts";
import { MESSAGE_SIZE_CEILING } from "../limits.ts";

const BASIC_CLASS = 60;
/** The first buffer of a body is at most so large, and so many times what has come: announcing alone costs nothing. */
const EAGER_BODY_SIZE = 1_048_576;
const EAGER_BODY_FACTOR = 8;

/**
 * Puts the content of one basic.publish together: a header frame, then body frames until the announced size
 * (spec 4.2.6). A body that comes in one frame is not copied; anything that has to wait for the next chunk is.
 */
export class ContentAssembly {
  /** Property flags and list of the finished content. */
  properties: Buffer = EMPTY;
  propertiesStart = 0;
  propertiesEnd = 0;
  /** Body of the finished content. */
  body: Buffer = EMPTY;
  bodyStart = 0;
  bodySize = 0;

  #expectsHeader = false;
  #expectsBody = false;
  /** Header frame and the only body frame stand side by side in `body`: their bytes, frames and all; -1: no. */
  runStart = -1;
  runEnd = -1;

  #received = 0;
  #ownsHeader = true;

  /** A method with content came; its header is due. */
  begin(): void {
    this.#expectsHeader = true;
  }

  /** A method frame came. @throws ConnectionError 505 if a header or a body is due */
  refuseMethod(): void {
    if (this.#expectsHeader) throw headerExpected();
    if (this.#expectsBody) throw bodyExpected();
  }

  /** Takes the payload of a header frame. true: the content is complete, as it has no body. */
  header(bytes: Buffer, start: number, end: number, maxMessageSize: number): boolean {
    if (this.#expectsBody) throw bodyExpected();
    if (!this.#expectsHeader) throw methodExpected();
    if (end - start < CONTENT_HEADER_PROPERTIES_OFFSET + 2) {
      throw new ConnectionError("FRAME_ERROR", "content header frame is too short");
    }
    const classAndWeight = uint32At(bytes, start);
    if (classAndWeight !== BASIC_CLASS << 16) throw wrongHeader(classAndWeight);
    const size = uint32At(bytes, start + 4) * 0x1_0000_0000 + uint32At(bytes, start + 8);
    this.#expectsHeader = false;
    checkSize(size, maxMessageSize);
    this.properties = bytes;
    this.propertiesStart = start + CONTENT_HEADER_PROPERTIES_OFFSET;
    this.propertiesEnd = end;
    this.bodySize = size;
    this.bodyStart = 0;
    this.body = EMPTY;
    this.#received = 0;
    this.#ownsHeader = false;
    this.#expectsBody = size > 0;
    this.runStart = size === 0 ? start - FRAME_HEADER_SIZE : -1;
    this.runEnd = size === 0 ? end + 1 : -1;
    return size === 0;
  }

  /** Takes the payload of a body frame. true: the content is complete. */
  append(bytes: Buffer, start: number, end: number): boolean {
    if (this.#expectsHeader) throw headerExpected();
    if (!this.#expectsBody) throw methodExpected();
    const size = end - start;
    if (size > this.bodySize - this.#received) {
      throw new ConnectionError("FRAME_ERROR", "content body frame exceeds remaining content size");
    }
    if (size === this.bodySize) {
      this.body = bytes;
      this.bodyStart = start;
      this.#findRun(bytes, start, end);
    } else {
      this.#gather(bytes, start, end);
    }
    this.#received += size;
    this.#expectsBody = this.#received < this.bodySize;
    return !this.#expectsBody;
  }

  /** The chunk ends: the header's bytes are copied, as they have to outlive it. */
  detach(): void {
    if (this.#ownsHeader || !this.#expectsBody) return;
    this.properties = Buffer.from(
      this.properties.subarray(this.propertiesStart, this.propertiesEnd),
    );
    this.propertiesStart = 0;
    this.propertiesEnd = this.properties.length;
    this.#ownsHeader = true;
  }

  /** The finished content has to outlive the chunk: it gets bytes of its own. */
  own(): void {
    const { properties, propertiesStart, propertiesEnd, runStart, runEnd, bodySize } = this;
    if (runStart >= 0) {
      const run = Buffer.from(properties.subarray(runStart, runEnd));
      this.properties = run;
      this.propertiesStart -= runStart;
      this.propertiesEnd -= runStart;
      if (bodySize > 0) {
        this.body = run;
        this.bodyStart -= runStart;
      }
      this.runStart = 0;
      this.runEnd = run.length;
      return;
    }
    this.properties = Buffer.from(properties.subarray(propertiesStart, propertiesEnd));
    this.propertiesStart = 0;
    this.propertiesEnd = this.properties.length;
    this.body = Buffer.from(this.body.subarray(this.bodyStart, this.bodyStart + bodySize));
    this.bodyStart = 0;
  }

  /** Forgets the content, finished or not, and every byte of it. */
  reset(): void {
    this.#expectsHeader = false;
    this.#expectsBody = false;
    this.forget();
  }

  /** The finished content is published: an idle channel must not pin its bytes. */
  forget(): void {
    this.properties = EMPTY;
    this.body = EMPTY;
  }

  /** The header frame ends where the body frame begins: one run of bytes. */
  #findRun(bytes: Buffer, start: number, end: number): void {
    if (this.properties !== bytes || this.propertiesEnd + 1 !== start - FRAME_HEADER_SIZE) return;
    this.runStart = this.propertiesStart - CONTENT_HEADER_PROPERTIES_OFFSET - FRAME_HEADER_SIZE;
    this.runEnd = end + 1;
  }

  #gather(bytes: Buffer, start: number, end: number): void {
    if (start === end) return; // Else a stream of empty frames would make a buffer for each.
    const needed = this.#received + end - start;
    if (this.#received === 0) {
      const eager = Math.min(EAGER_BODY_SIZE, needed * EAGER_BODY_FACTOR);
      this.body = Buffer.allocUnsafeSlow(Math.min(this.bodySize, Math.max(eager, needed)));
    } else if (needed > this.body.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.min(this.bodySize, Math.max(needed, this.body.length * 2)),
      );
      this.body.copy(grown, 0, 0, this.#received);
      this.body = grown;
    }
    bytes.copy(this.body, this.#received, start, end);
  }
}

const EMPTY: Buffer = Buffer.alloc(0);

/** Four octets, big-endian; readUInt32BE checks its arguments, at a tenth of the cost of a small message. */
function uint32At(bytes: Buffer, at: number): number {
  return (
    // The caller has checked that they are there.
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** A header of another class; or of this class with a weight, which is always 0 (RabbitMQ). */
function wrongHeader(classAndWeight: number): ConnectionError {
  if ((classAndWeight & 0xffff) !== 0) return headerExpected();
  return unexpected(
    `expected content header for class 60, got one for class ${classAndWeight >>> 16} instead`,
  );
}

function headerExpected(): ConnectionError {
  return unexpected("expected content header for class 60, got non content header frame instead");
}

function bodyExpected(): ConnectionError {
  return unexpected("expected content body, got non content body frame instead");
}

function methodExpected(): ConnectionError {
  return new ConnectionError(
    "UNEXPECTED_FRAME",
    "expected method frame, got non method frame instead",
    { failed: NO_METHOD },
  );
}

function unexpected(explanation: string): ConnectionError {
  return new ConnectionError("UNEXPECTED_FRAME", explanation);
}

function checkSize(size: number, maxMessageSize: number): void {
  if (size > MESSAGE_SIZE_CEILING) {
    throw new ConnectionError(
      "FRAME_ERROR",
      `content body size ${size} exceeds maximum allowed size ${MESSAGE_SIZE_CEILING}`,
    );
  }
  if (size > maxMessageSize) {
    throw preconditionFailed(
      `message size ${size} is larger than configured max size ${maxMessageSize}`,
    );
  }
}
