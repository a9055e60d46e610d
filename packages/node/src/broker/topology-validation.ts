import { ChannelError } from "@leveret/amqp";
import { resourceText } from "../errors.ts";
import {
  requireExchangeType,
  validateBinding,
  validateExchangeArguments,
} from "../exchange/exchange-types.ts";
import type { MetadataCommand } from "../metadata/commands.ts";
import type { MetadataView } from "../metadata/metadata-machine.ts";
import { validateQueueArguments } from "../queue/queue-arguments.ts";

/**
 * What is wrong with a declaration or binding that no client made, in the words a client would get: definitions
 * are held to the same rules as queue.declare. undefined: nothing.
 */
export function topologyProblem(
  command: MetadataCommand,
  metadata: MetadataView,
): string | undefined {
  try {
    validate(command, metadata);
    return undefined;
  } catch (error) {
    if (error instanceof ChannelError) return error.message;
    throw error;
  }
}

function validate(command: MetadataCommand, metadata: MetadataView): void {
  if (command.type === "declareExchange") {
    const { name, vhost, type, arguments: args } = command.exchange;
    if (metadata.exchange(vhost, name) !== undefined) return; // It stays as it is.
    requireExchangeType(type);
    validateExchangeArguments(type, args, resourceText("exchange", name, vhost));
  } else if (command.type === "declareQueue") {
    const { name, vhost, type, durable, autoDelete, exclusiveOwner } = command.queue;
    if (metadata.queue(vhost, name) !== undefined) return;
    validateQueueArguments(vhost, name, type, command.queue.arguments, {
      durable,
      exclusive: exclusiveOwner !== undefined,
      autoDelete,
    });
  } else if (command.type === "bind") {
    const { vhost, source, routingKey, arguments: args } = command.binding;
    const exchange = metadata.exchange(vhost, source);
    if (exchange !== undefined) validateBinding(exchange, routingKey, args);
  }
}
