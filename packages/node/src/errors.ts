import { type AmqpError, ChannelError, ConnectionError } from "@leveret/amqp";
import type { Refusal } from "./metadata/commands.ts";

/** A resource as RabbitMQ names it in its replies. */
export function resourceText(kind: "queue" | "exchange", name: string, vhost: string): string {
  return `${kind} '${name}' in vhost '${vhost}'`;
}

export function queueNotFound(name: string, vhost: string): ChannelError {
  return new ChannelError("NOT_FOUND", `no ${resourceText("queue", name, vhost)}`);
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

/** What a client is told when its change of metadata was refused after all checks were passed. */
export function refusedChange({ reason, text }: Refusal): AmqpError {
  switch (reason) {
    case "no_such_exchange":
    case "no_such_queue":
    case "no_such_vhost":
      return new ChannelError("NOT_FOUND", text);
    case "exchange_in_use":
      return preconditionFailed(text);
    case "store_full":
      return new ConnectionError("RESOURCE_ERROR", text);
    default:
      return new ConnectionError("INTERNAL_ERROR", text);
  }
}
