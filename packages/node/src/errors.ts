import { type AmqpError, ChannelError, ConnectionError } from "@leveret/amqp";
import type { Refusal, RefusalReason } from "./metadata/commands.ts";

/** A resource as RabbitMQ names it in its replies. */
export function resourceText(kind: "queue" | "exchange", name: string, vhost: string): string {
  return `${kind} '${name}' in vhost '${vhost}'`;
}

export function queueNotFound(name: string, vhost: string): ChannelError {
  return new ChannelError("NOT_FOUND", `no ${resourceText("queue", name, vhost)}`);
}

/** The queue has one place only, and that node is away (RabbitMQ's text). */
export function homeNodeDown(
  name: string,
  vhost: string,
  isDurable: boolean,
  node: string,
): ChannelError {
  const kind = isDurable ? "durable queue" : "queue";
  return new ChannelError(
    "NOT_FOUND",
    `home node '${node}' of ${kind} '${name}' in vhost '${vhost}' is down or inaccessible`,
  );
}

export function exchangeNotFound(name: string, vhost: string): ChannelError {
  return new ChannelError("NOT_FOUND", `no ${resourceText("exchange", name, vhost)}`);
}

export function accessRefused(explanation: string): ChannelError {
  return new ChannelError("ACCESS_REFUSED", explanation);
}

export function preconditionFailed(explanation: string): ChannelError {
  return new ChannelError("PRECONDITION_FAILED", explanation);
}

export function notImplemented(explanation: string): ConnectionError {
  return new ConnectionError("NOT_IMPLEMENTED", explanation);
}

export function notAllowed(explanation: string): ConnectionError {
  return new ConnectionError("NOT_ALLOWED", explanation);
}

export function resourceLocked(explanation: string): ChannelError {
  return new ChannelError("RESOURCE_LOCKED", explanation);
}

/** An exclusive queue belongs to another connection, or the exclusive flag differs (RabbitMQ: 405). */
export function queueLocked(name: string, vhost: string): ChannelError {
  return resourceLocked(
    `cannot obtain exclusive access to locked ${resourceText("queue", name, vhost)}. It could be originally ` +
      "declared on another connection or the exclusive property value does not match that of the original declaration.",
  );
}

const MISSING: ReadonlySet<RefusalReason> = new Set([
  "no_such_vhost",
  "no_such_exchange",
  "no_such_queue",
]);

/** What a client is told when its change of metadata was refused after all checks were passed. */
export function refusedChange({ reason, text }: Refusal): AmqpError {
  if (MISSING.has(reason)) return new ChannelError("NOT_FOUND", text);
  if (reason === "exchange_in_use") return preconditionFailed(text);
  return new ConnectionError(reason === "store_full" ? "RESOURCE_ERROR" : "INTERNAL_ERROR", text);
}
