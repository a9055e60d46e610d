import type { FieldTable } from "@leveret/amqp";
import { isEquivalentTable } from "../metadata/argument-equivalence.ts";
import type { Binding } from "./router.ts";

/**
 * Bindings that share a routing key or pattern, by destination. One destination may be bound several
 * times with different arguments; it stays as long as one of them does.
 */
export class BindingSet<D> {
  /** Nearly every destination is bound once: only more than one takes an array. */
  readonly #arguments = new Map<D, FieldTable | FieldTable[]>();

  get isEmpty(): boolean {
    return this.#arguments.size === 0;
  }

  /** Adds a binding; true when its destination was not there before. */
  add(binding: Binding<D>): boolean {
    const present = this.#arguments.get(binding.destination);
    if (present === undefined) {
      this.#arguments.set(binding.destination, binding.arguments);
      return true;
    }
    if (Array.isArray(present)) present.push(binding.arguments);
    else this.#arguments.set(binding.destination, [present as FieldTable, binding.arguments]);
    return false;
  }

  /** Removes a binding with equal arguments; true when its destination is gone with it. */
  remove(binding: Binding<D>): boolean {
    const present = this.#arguments.get(binding.destination);
    if (present === undefined) return false;
    const tables = Array.isArray(present) ? present : [present as FieldTable];
    const at = tables.findIndex((table) => isEquivalentTable(table, binding.arguments));
    if (at < 0) return false;
    if (tables.length === 1) return this.#arguments.delete(binding.destination);
    tables.splice(at, 1);
    return false;
  }

  /** Adds every destination to `into`. */
  collect(into: Set<D>): void {
    for (const destination of this.#arguments.keys()) into.add(destination);
  }
}
