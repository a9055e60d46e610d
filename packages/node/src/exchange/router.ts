import type { FieldTable } from "@leveret/amqp";

/** Message properties that a consistent-hash exchange can hash on (`hash-property`). */
export type HashProperty = "message_id" | "correlation_id" | "timestamp";

/** What routing may look at; the headers may be decoded lazily by a getter. */
export interface RoutingMessage {
  readonly routingKey: string;
  /** undefined: the message has no headers property. */
  readonly headers: FieldTable | undefined;
  /** The property as text; undefined when the message does not carry it. */
  property(name: HashProperty): string | undefined;
}

/** One binding of an exchange; `D` is a token for a queue or exchange, compared by identity. */
export interface Binding<D> {
  readonly destination: D;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

/** The bindings of one exchange and how it picks among them. Pure; never throws on a valid binding. */
export interface Router<D> {
  /** true: the result depends on the routing key alone until a binding changes, so it may be cached. */
  readonly cacheable: boolean;
  /** Adds a binding; the caller never adds one twice (same destination, key and arguments). */
  bind(binding: Binding<D>): void;
  /** Removes the binding with this destination, key and equal arguments; unknown ones are ignored. */
  unbind(binding: Binding<D>): void;
  /** Adds each matched destination once to `into`. */
  route(message: RoutingMessage, into: Set<D>): void;
}
