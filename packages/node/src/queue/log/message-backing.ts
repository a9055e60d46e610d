import type { MachineMessage } from "../queue-effects.ts";
import type { LogCursor } from "./log-cursor.ts";

/**
 * Where a durable queue's ready messages are while they wait: in its log, with a few bytes of memory each. The queue machine
 * takes them one by one as they are needed; a message comes without its bytes, which are loaded before it is handed out.
 */
export interface MessageBacking<M extends MachineMessage> {
  cursorOf(level: number): LogCursor;
  /** Levels in which the log has messages. */
  levels(): Iterable<number>;
  /** The message at the cursor, with one reference for the caller and without its bytes. */
  messageAt(cursor: LogCursor, level: number): M;
  /** More messages wait to be read, or to be logged again as dead letters, than should: none may be dead-lettered by expiry. */
  readonly isBehind: boolean;
  /** Whether the bytes of the message are here now. false: they are being read, and the driver calls `resume` then. */
  load(message: M): boolean;
  /** The messages `first..last` of the level leave the queue; none of them was taken. */
  forgetRange(level: number, first: number, last: number): void;
  /** The message came back, so often now. */
  noteReturn(message: M, count: number): void;
}
