import { hashKey } from "@leveret/hashring";
import { AllDestinations } from "./all-destinations.ts";
import type { Binding, Router, RoutingMessage } from "./router.ts";

/**
 * x-modulus-hash (RabbitMQ: rabbitmq_sharding): the hash of the routing key modulo the number of
 * destinations picks one, so the same key goes to the same place as long as no binding changes.
 */
export class ModulusHashRouter<D> implements Router<D> {
  readonly cacheable: boolean = true;
  readonly #destinations = new AllDestinations<D>();

  bind(binding: Binding<D>): void {
    this.#destinations.bind(binding);
  }

  unbind(binding: Binding<D>): void {
    this.#destinations.unbind(binding);
  }

  route(message: RoutingMessage, into: Set<D>): void {
    const list = this.#destinations.list();
    if (list.length === 0) return;
    const chosen = list[hashKey(message.routingKey) % list.length];
    if (chosen !== undefined) into.add(chosen);
  }
}
