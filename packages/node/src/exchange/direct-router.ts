import { BindingSet } from "./binding-set.ts";
import type { Binding, Router, RoutingMessage } from "./router.ts";

/** Direct exchange: a message goes where the binding key equals its routing key (spec 3.1.3.1). */
export class DirectRouter<D> implements Router<D> {
  readonly cacheable: boolean = true;
  readonly #byKey = new Map<string, BindingSet<D>>();

  bind(binding: Binding<D>): void {
    let bindings = this.#byKey.get(binding.routingKey);
    if (bindings === undefined) {
      bindings = new BindingSet();
      this.#byKey.set(binding.routingKey, bindings);
    }
    bindings.add(binding);
  }

  unbind(binding: Binding<D>): void {
    const bindings = this.#byKey.get(binding.routingKey);
    if (bindings === undefined) return;
    bindings.remove(binding);
    if (bindings.isEmpty) this.#byKey.delete(binding.routingKey);
  }

  route(message: RoutingMessage, into: Set<D>): void {
    this.#byKey.get(message.routingKey)?.collect(into);
  }
}
