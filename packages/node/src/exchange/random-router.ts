import { AllDestinations } from "./all-destinations.ts";
import type { Binding, Router, RoutingMessage } from "./router.ts";

/** x-random and x-local-random: each message goes to one destination chosen at random. */
export class RandomRouter<D> implements Router<D> {
  readonly cacheable: boolean = false;
  readonly #destinations = new AllDestinations<D>();
  readonly #random: () => number;

  /** `random` returns numbers of [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  bind(binding: Binding<D>): void {
    this.#destinations.bind(binding);
  }

  unbind(binding: Binding<D>): void {
    this.#destinations.unbind(binding);
  }

  route(_message: RoutingMessage, into: Set<D>): void {
    const list = this.#destinations.list();
    const chosen = list[Math.floor(this.#random() * list.length)];
    if (chosen !== undefined) into.add(chosen);
  }
}
