import { ReplyCode, type ReplyCodeName } from "./reply-code.ts";

/** Which method a close method blames; 0/0 when the fault lies in no method (framing, login). */
export interface MethodAddress {
  readonly classId: number;
  readonly methodId: number;
}

/** The address of no method. */
export const NO_METHOD: MethodAddress = { classId: 0, methodId: 0 };

/** What an error may carry besides code and explanation. */
export interface AmqpErrorOptions extends ErrorOptions {
  readonly failed?: MethodAddress;
}

/** An error the client is told about: it becomes channel.close or connection.close. */
export abstract class AmqpError extends Error {
  readonly replyCode: number;
  readonly replyName: ReplyCodeName;
  /** The blamed method where the thrower knows it; `undefined`: the one being handled. */
  readonly failed: MethodAddress | undefined;

  /** The message is `CODE - explanation`, RabbitMQ's reply text before truncation. */
  constructor(code: ReplyCodeName, explanation = "", options?: AmqpErrorOptions) {
    super(explanation === "" ? code : `${code} - ${explanation}`, options);
    this.replyCode = ReplyCode[code];
    this.replyName = code;
    this.failed = options?.failed;
  }
}

/** Soft error: closes the channel, the connection lives on. */
export class ChannelError extends AmqpError {
  override readonly name = "ChannelError";
}

/** Hard error: closes the connection and every channel on it. */
export class ConnectionError extends AmqpError {
  override readonly name = "ConnectionError";
}

/** Greatest size in bytes of a reply text, as of any short string. */
const REPLY_TEXT_SIZE_MAX = 255;
const ELLIPSIS = "...";

/**
 * Cuts a reply text to 255 bytes of UTF-8 as RabbitMQ does: a longer one becomes its first 252
 * bytes and `...`. Unlike RabbitMQ, never splits a character, so the result may be shorter.
 */
export function truncateReplyText(text: string): string {
  if (Buffer.byteLength(text) <= REPLY_TEXT_SIZE_MAX) return text;
  // 252 characters are at least 252 bytes: whatever lies behind them need not be encoded.
  const bytes = Buffer.from(text.slice(0, REPLY_TEXT_SIZE_MAX));
  let end = REPLY_TEXT_SIZE_MAX - ELLIPSIS.length;
  while (end > 0 && isContinuation(bytes[end])) end--;
  return bytes.toString("utf8", 0, end) + ELLIPSIS;
}

/** Whether the octet is the second or a later one of a UTF-8 character. */
function isContinuation(octet: number | undefined): boolean {
  return octet !== undefined && (octet & 0xc0) === 0x80;
}
