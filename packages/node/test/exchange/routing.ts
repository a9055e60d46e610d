import { EMPTY_TABLE, type FieldTable, type FieldValue, longstr } from "@leveret/amqp";
import { createRouter } from "../../src/exchange/exchange-types.ts";
import type { Binding, Router, RoutingMessage } from "../../src/exchange/router.ts";

/** A binding of a destination that is named by a text. */
export function binding(
  destination: string,
  routingKey = "",
  args: FieldTable = EMPTY_TABLE,
): Binding<string> {
  return { destination, routingKey, arguments: args };
}

/** A table of field values; texts become longstr. */
export function table(entries: Record<string, FieldValue | string>): FieldTable {
  return new Map(
    Object.entries(entries).map(([name, value]) => [
      name,
      typeof value === "string" ? longstr(value) : value,
    ]),
  );
}

/** A message with a routing key, headers and properties. */
export function message(
  routingKey: string,
  headers?: FieldTable,
  properties: Readonly<Record<string, string>> = {},
): RoutingMessage {
  return { routingKey, headers, property: (name) => properties[name] };
}

/** Makes a router with its first bindings; the random number is always 0 unless given. */
export function routerOf(
  type: string,
  bindings: readonly Binding<string>[] = [],
  args: FieldTable = EMPTY_TABLE,
  random: () => number = () => 0,
): Router<string> {
  const router = createRouter<string>(type, args, random);
  for (const each of bindings) router.bind(each);
  return router;
}

/** Where a message goes, sorted by name. */
export function routed(router: Router<string>, sent: RoutingMessage): string[] {
  const into = new Set<string>();
  router.route(sent, into);
  return [...into].sort();
}
