import { printBinary, printPair } from "./binary-text.ts";
import { ConnectionError, NO_METHOD } from "./errors.ts";

/** Octets of the payload that a reply text shows (RabbitMQ: payload_snippet). */
const SNIPPET_SIZE = 16;

/** 501 with RabbitMQ's text for a frame that is no frame; `fault` in Erlang's syntax. */
export function frameError(
  type: number,
  bytes: Buffer,
  start: number,
  end: number,
  fault: string,
): ConnectionError {
  const text = `${describeFrame(type, bytes, start, end)}: ${fault}`;
  return new ConnectionError("FRAME_ERROR", text, { failed: NO_METHOD });
}

/** 501 with RabbitMQ's text for a frame whose end octet, at `end`, is not 0xCE. */
export function frameEndError(
  type: number,
  bytes: Buffer,
  start: number,
  end: number,
): ConnectionError {
  const prefix = `${describeFrame(type, bytes, start, end)}: `;
  const column = prefix.length - prefix.lastIndexOf("\n") - 1;
  const fault = printPair("invalid_frame_end_marker", bytes[end] as number, column);
  return frameError(type, bytes, start, end, fault);
}

/** 505 with RabbitMQ's text for a well-formed frame on a channel where it may not be. */
export function unexpectedFrame(
  type: number,
  bytes: Buffer,
  start: number,
  end: number,
): ConnectionError {
  const text = describeFrame(type, bytes, start, end);
  return new ConnectionError("UNEXPECTED_FRAME", text, { failed: NO_METHOD });
}

function describeFrame(type: number, bytes: Buffer, start: number, end: number): string {
  const isWhole = end - start <= SNIPPET_SIZE;
  const prefix = `type ${type}, ${isWhole ? "all" : `first ${SNIPPET_SIZE}`} octets = `;
  return prefix + printBinary(bytes, start, isWhole ? end : start + SNIPPET_SIZE, prefix.length);
}
