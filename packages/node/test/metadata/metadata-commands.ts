import { EMPTY_TABLE, type FieldTable } from "@leveret/amqp";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import type { MetadataEvent } from "../../src/metadata/events.ts";
import type { JsonValue } from "../../src/metadata/json-value.ts";
import { MetadataMachine } from "../../src/metadata/metadata-machine.ts";

export const VHOST = "/";

/** A machine with the vhost "/", and the events told since. */
export function newMachine(): { machine: MetadataMachine; events: MetadataEvent[] } {
  const events: MetadataEvent[] = [];
  const machine = new MetadataMachine((event) => events.push(event));
  machine.apply({ type: "addVhost", name: VHOST });
  events.length = 0;
  return { machine, events };
}

export function declareExchange(name: string, autoDelete = false): MetadataCommand {
  const exchange = {
    vhost: VHOST,
    name,
    type: "topic",
    durable: true,
    autoDelete,
    internal: false,
    arguments: EMPTY_TABLE,
  };
  return { type: "declareExchange", exchange };
}

export function declareQueue(
  name: string,
  type: "classic" | "quorum" = "classic",
): MetadataCommand {
  const queue = {
    vhost: VHOST,
    name,
    type,
    durable: true,
    autoDelete: false,
    exclusiveOwner: undefined,
    arguments: EMPTY_TABLE,
  };
  return { type: "declareQueue", queue };
}

/** `to` is "q:name" or "e:name". */
export function bind(
  source: string,
  to: string,
  routingKey = "",
  args: FieldTable = EMPTY_TABLE,
): Extract<MetadataCommand, { type: "bind" }> {
  const binding = {
    vhost: VHOST,
    source,
    destination: to.slice(2),
    destinationType: to.startsWith("q:") ? ("queue" as const) : ("exchange" as const),
    routingKey,
    arguments: args,
  };
  return { type: "bind", binding };
}

export function setPolicy(
  name: string,
  pattern: string,
  definition: Record<string, unknown>,
  more: { applyTo?: string; priority?: number; operator?: boolean } = {},
): MetadataCommand {
  return {
    type: more.operator === true ? "setOperatorPolicy" : "setPolicy",
    vhost: VHOST,
    name,
    pattern,
    applyTo: more.applyTo ?? "all",
    priority: more.priority ?? 0,
    // Tests pass JSON.
    definition: new Map(Object.entries(definition) as [string, JsonValue][]),
  };
}

/** Events in short: "unbound x>q:queue key", "queueDeleted q". */
export function brief(events: readonly MetadataEvent[]): string[] {
  return events.map((event) => {
    if ("binding" in event) {
      const { source, destinationType, destination, routingKey } = event.binding;
      return `${event.type} ${source}>${destinationType[0]}:${destination} ${routingKey}`.trim();
    }
    if ("exchange" in event) return `${event.type} ${event.exchange.name}`;
    if ("queue" in event) return `${event.type} ${event.queue.name}`;
    return event.type.endsWith("ConfigChanged") && "name" in event
      ? `${event.type} ${event.name}`
      : event.type;
  });
}
