import {
  AmqpError,
  ChannelError,
  ConnectionError,
  type MethodAddress,
  type MethodArgs,
  NO_METHOD,
  truncateReplyText,
} from "@leveret/amqp";
import { SilentClose } from "./silent-close.ts";

/** What is known where an error was caught. */
export interface FailureContext {
  /** The channel whose frame was handled has a number: a soft error can close it alone. */
  readonly hasChannel: boolean;
  /** The method being handled. */
  readonly method: MethodAddress | undefined;
  /** Whether the client is told of connection errors yet; before login only a refused login is (RabbitMQ). */
  readonly isTrusted: boolean;
}

/** What an error leads to. */
export type CloseReply =
  | { readonly kind: "silent"; readonly why: string }
  | { readonly kind: "channel"; readonly error: ChannelError }
  | {
      readonly kind: "connection";
      readonly args: MethodArgs<"connection.close">;
      /** After a framing error nothing more of the input can be understood. */
      readonly isFraming: boolean;
      /** A bug of ours, to be logged with its stack; undefined: the client's fault. */
      readonly bug: unknown;
    };

/** The only place where a thrown error becomes a close method. The caller logs it. */
export function toCloseReply(error: unknown, context: FailureContext): CloseReply {
  if (error instanceof SilentClose) return { kind: "silent", why: error.message };
  if (error instanceof ChannelError && context.hasChannel) return { kind: "channel", error };
  const told = error instanceof AmqpError ? error : internalError(error);
  if (!context.isTrusted && told.replyName !== "ACCESS_REFUSED") {
    return { kind: "silent", why: told.message };
  }
  const failed = told.failed ?? context.method ?? NO_METHOD;
  return {
    kind: "connection",
    args: {
      replyCode: told.replyCode,
      replyText: truncateReplyText(told.message),
      failedClassId: failed.classId,
      failedMethodId: failed.methodId,
    },
    isFraming: told.replyName === "FRAME_ERROR",
    bug: error instanceof AmqpError ? undefined : error,
  };
}

function internalError(cause: unknown): ConnectionError {
  return new ConnectionError("INTERNAL_ERROR", "", { cause, failed: NO_METHOD });
}
