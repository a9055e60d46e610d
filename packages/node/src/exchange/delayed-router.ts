import type { Binding, Router, RoutingMessage } from "./router.ts";

/**
 * x-delayed-message: routes by the rules of its inner type. Holding messages back is the broker's part,
 * which must see every publish, so no result may be cached.
 */
export class DelayedRouter<D> implements Router<D> {
  readonly cacheable: boolean = false;
  readonly #inner: Router<D>;

  constructor(inner: Router<D>) {
    this.#inner = inner;
  }

  bind(binding: Binding<D>): void {
    this.#inner.bind(binding);
  }

  unbind(binding: Binding<D>): void {
    this.#inner.unbind(binding);
  }

  route(message: RoutingMessage, into: Set<D>): void {
    this.#inner.route(message, into);
  }
}
