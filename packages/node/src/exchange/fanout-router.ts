import { AllDestinations } from "./all-destinations.ts";
import type { Binding, Router, RoutingMessage } from "./router.ts";

/** Fanout exchange: a message goes to every destination, whatever the keys (spec 3.1.3.2). */
export class FanoutRouter<D> implements Router<D> {
  readonly cacheable: boolean;
  readonly #destinations = new AllDestinations<D>();

  constructor(cacheable = true) {
    this.cacheable = cacheable;
  }

  bind(binding: Binding<D>): void {
    this.#destinations.bind(binding);
  }

  unbind(binding: Binding<D>): void {
    this.#destinations.unbind(binding);
  }

  route(_message: RoutingMessage, into: Set<D>): void {
    for (const destination of this.#destinations.list()) into.add(destination);
  }
}
