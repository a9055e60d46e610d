import type { Message } from "amqplib";
import type { Random } from "../../../../raft/src/core/random.ts";

const SMALL_MAX = 300;
const MEDIUM_MAX = 4000;
/** Beyond a batch of 64 KiB, and beyond a frame. */
const LARGE_MAX = 300_000;
const PATTERN_PERIOD = 251;
const PATTERN: Buffer = makePattern(LARGE_MAX + PATTERN_PERIOD);

/** What a message is told apart by: unique over the whole test. */
export interface MessageName {
  /** The broker's start in which it was published; 0: it is persistent, and may outlive that. */
  readonly transientOf: number;
  readonly text: string;
}

/** `p3.17`, or `t5.3.17` for one that has to be gone after the broker's fifth start. */
export function nameMessage(publisher: number, seq: number, transientOf: number): MessageName {
  const prefix = transientOf === 0 ? "p" : `t${transientOf}.`;
  return { transientOf, text: `${prefix}${publisher}.${seq}` };
}

/** The name from the message-id. @throws Error if it is none of ours */
function parseName(text: string): MessageName {
  const match = /^(?:p|t(\d+)\.)\d+\.\d+$/.exec(text);
  if (match === null) throw new Error(`a message has the id ${JSON.stringify(text)}`);
  return { transientOf: Number(match[1] ?? 0), text };
}

/** Most are small, some need several frames. */
export function randomSize(random: Random): number {
  const dice = random.below(1000);
  return random.below(dice < 800 ? SMALL_MAX : dice < 996 ? MEDIUM_MAX : LARGE_MAX);
}

/** Bytes that follow from the name and the size; a view, not to be changed. */
export function bodyOf(name: MessageName, size: number): Buffer {
  const start = checksum(name.text) % PATTERN_PERIOD;
  return PATTERN.subarray(start, start + size);
}

/**
 * The name of a message that was delivered.
 * @throws Error if its body is not what was published under that name
 */
export function verifyMessage({ content, properties }: Message): MessageName {
  const name = parseName(String(properties.messageId));
  const size = Number(properties.headers?.["size"]);
  if (content.length !== size || !content.equals(bodyOf(name, size))) {
    throw new Error(
      `message ${name.text} of ${size} B came with a wrong body of ${content.length} B`,
    );
  }
  return name;
}

function checksum(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at++) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) >>> 0;
  return sum;
}

function makePattern(size: number): Buffer {
  const pattern = Buffer.alloc(size);
  for (let at = 0; at < size; at++) pattern[at] = (at % PATTERN_PERIOD) ^ (at >>> 8);
  return pattern;
}
