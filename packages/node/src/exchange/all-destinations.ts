import { BindingSet } from "./binding-set.ts";
import type { Binding } from "./router.ts";

/**
 * The destinations of an exchange that looks at no binding key, in the order of their first binding.
 * A destination counts once however many bindings lead to it.
 */
export class AllDestinations<D> {
  readonly #byKey = new Map<string, BindingSet<D>>();
  /** How many keys lead to each destination. */
  readonly #keyCounts = new Map<D, number>();
  #list: readonly D[] | undefined;

  bind(binding: Binding<D>): void {
    let bindings = this.#byKey.get(binding.routingKey);
    if (bindings === undefined) {
      bindings = new BindingSet();
      this.#byKey.set(binding.routingKey, bindings);
    }
    if (!bindings.add(binding)) return;
    this.#keyCounts.set(binding.destination, (this.#keyCounts.get(binding.destination) ?? 0) + 1);
    this.#list = undefined;
  }

  unbind(binding: Binding<D>): void {
    const bindings = this.#byKey.get(binding.routingKey);
    if (bindings === undefined || !bindings.remove(binding)) return;
    if (bindings.isEmpty) this.#byKey.delete(binding.routingKey);
    const count = (this.#keyCounts.get(binding.destination) ?? 1) - 1;
    if (count === 0) this.#keyCounts.delete(binding.destination);
    else this.#keyCounts.set(binding.destination, count);
    this.#list = undefined;
  }

  /** All destinations; made anew only after a change. */
  list(): readonly D[] {
    this.#list ??= [...this.#keyCounts.keys()];
    return this.#list;
  }
}
