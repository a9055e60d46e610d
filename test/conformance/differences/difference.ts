/** Why we answer otherwise than RabbitMQ 3.10.8; docs/compatibility.md argues each under this name. */
type Reason =
  | "access-words"
  | "content-size"
  | "exchange-type"
  | "last-death"
  | "locator"
  | "quorum-requeue"
  | "server-properties"
  | "stream"
  | "topic-copies"
  | "tune-refused"
  | "unknown-method";

/** How our transcript of a case differs from the recorded one. */
export interface Difference {
  readonly reason: Reason;
  /** What stands in the recording (everywhere in it), and what we say there; each must occur. */
  readonly replace: readonly (readonly [recorded: string, ours: string])[];
}

/** A close of the connection as a transcript shows it. */
export function connectionClose(
  code: number,
  text: string,
  failed: readonly [number, number],
): string {
  return `A < connection.close ${close(code, text, failed)}`;
}

/** A close of channel 1 as a transcript shows it. */
export function channelClose(
  code: number,
  text: string,
  failed: readonly [number, number],
): string {
  return `A/1 < channel.close ${close(code, text, failed)}`;
}

function close(code: number, text: string, [classId, methodId]: readonly [number, number]): string {
  return JSON.stringify({
    "reply-code": code,
    "reply-text": text,
    "class-id": classId,
    "method-id": methodId,
  });
}
