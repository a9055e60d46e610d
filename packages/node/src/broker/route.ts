import type { RoutingMessage } from "../exchange/router.ts";
import { BrokerQueue } from "../queue/broker-queue.ts";
import { type Destination, LiveExchange } from "./live-exchange.ts";
import type { MessageSink } from "./message-sink.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** A message to be routed; `routingKey` is set to each key in turn. */
interface RoutableMessage extends RoutingMessage {
  routingKey: string;
}

export interface RouteOptions {
  readonly vhost: VirtualHost;
  readonly exchange: LiveExchange;
  readonly message: RoutableMessage;
  /** The routing key, and those of CC and BCC. */
  readonly keys: readonly string[];
  /** Finds the sink of a default-exchange key that names no queue: a direct reply address. */
  readonly findReply: (key: string) => MessageSink | undefined;
  /** Called at each exchange that keeps messages itself. true: the message goes no further from there. */
  readonly onVisit?: (exchange: LiveExchange, keys: readonly string[]) => boolean;
  /** An alternate exchange is named that does not exist. */
  readonly onMissingAlternate?: (exchange: LiveExchange, alternate: string) => void;
}

export interface Route {
  readonly sinks: readonly MessageSink[];
  /** true: the same key always leads to the same sinks, until the topology changes. */
  readonly cacheable: boolean;
  /** An exchange took the message for later (x-delayed-message): it counts as routed. */
  readonly held: boolean;
}

/**
 * Finds the queues of a message: through the exchange's bindings, exchange-to-exchange bindings, and the alternate
 * exchange where an exchange matches nothing. Each exchange is visited once, each queue named once (RabbitMQ).
 */
export function route(options: RouteOptions): Route {
  return new Routing(options).run();
}

class Routing {
  readonly #options: RouteOptions;
  readonly #sinks = new Set<MessageSink>();
  readonly #visited = new Set<LiveExchange>();
  #cacheable = true;
  #held = false;

  constructor(options: RouteOptions) {
    this.#options = options;
  }

  run(): Route {
    const waiting: LiveExchange[] = [this.#options.exchange];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (this.#visited.has(next)) continue;
      this.#visited.add(next);
      this.#visit(next, waiting);
    }
    return { sinks: [...this.#sinks], cacheable: this.#cacheable, held: this.#held };
  }

  #visit(exchange: LiveExchange, waiting: LiveExchange[]): void {
    const { onVisit, keys } = this.#options;
    if (exchange.name === "") {
      this.#visitDefault();
      return;
    }
    if (!exchange.router.cacheable || exchange.history !== undefined || exchange.delayed) {
      this.#cacheable = false;
    }
    if (onVisit?.(exchange, keys) === true) {
      this.#held = true;
      return;
    }
    const found = new Set<Destination>();
    const { message } = this.#options;
    const first = message.routingKey;
    for (const key of keys) {
      message.routingKey = key;
      exchange.router.route(message, found);
    }
    message.routingKey = first;
    this.#follow(exchange, found, waiting);
  }

  #follow(exchange: LiveExchange, found: Set<Destination>, waiting: LiveExchange[]): void {
    if (found.size === 0) this.#addAlternate(exchange, waiting);
    for (const destination of found) {
      if (destination instanceof LiveExchange) waiting.push(destination);
      else if (destination instanceof BrokerQueue) this.#sinks.add(destination);
    }
  }

  #addAlternate(exchange: LiveExchange, waiting: LiveExchange[]): void {
    const name = exchange.alternate;
    if (name === undefined) return;
    const alternate = this.#options.vhost.exchanges.get(name);
    if (alternate === undefined) this.#options.onMissingAlternate?.(exchange, name);
    else waiting.push(alternate);
  }

  /** Every queue is bound to the default exchange with its name (spec 3.1.3.1). */
  #visitDefault(): void {
    const { keys, vhost, findReply } = this.#options;
    for (const key of keys) {
      const queue = vhost.queues.get(key);
      if (queue !== undefined) {
        this.#sinks.add(queue);
        continue;
      }
      const reply = findReply(key);
      if (reply === undefined) continue;
      this.#cacheable = false;
      this.#sinks.add(reply);
    }
  }
}
