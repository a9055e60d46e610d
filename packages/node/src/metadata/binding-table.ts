import { bindingId } from "./binding-id.ts";
import { compareText } from "./compare-text.ts";
import type { BindingRecord, DestinationType } from "./records.ts";

type BindingsById = Map<string, BindingRecord>;

const NONE: ReadonlyMap<string, BindingRecord> = new Map();

/** The bindings of one vhost, found by source and by destination in time proportional to the answer. */
export class BindingTable {
  readonly #bySource = new Map<string, BindingsById>();
  readonly #byDestination: Record<DestinationType, Map<string, BindingsById>> = {
    queue: new Map(),
    exchange: new Map(),
  };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(binding: BindingRecord): boolean {
    return this.#bySource.get(binding.source)?.has(bindingId(binding)) ?? false;
  }

  /** false: an equal binding is there already. */
  add(binding: BindingRecord): boolean {
    const id = bindingId(binding);
    if (this.#bySource.get(binding.source)?.has(id) === true) return false;
    insert(this.#bySource, binding.source, id, binding);
    insert(this.#byDestination[binding.destinationType], binding.destination, id, binding);
    this.#size++;
    return true;
  }

  /** The stored binding that equals the given one, now gone; undefined: there was none. */
  remove(binding: BindingRecord): BindingRecord | undefined {
    const id = bindingId(binding);
    const stored = this.#bySource.get(binding.source)?.get(id);
    if (stored === undefined) return undefined;
    erase(this.#bySource, binding.source, id);
    erase(this.#byDestination[binding.destinationType], binding.destination, id);
    this.#size--;
    return stored;
  }

  isSource(exchange: string): boolean {
    return this.#bySource.has(exchange);
  }

  countOfSource(exchange: string): number {
    return this.#bySource.get(exchange)?.size ?? 0;
  }

  /** In no particular order; see `sortedBindings`. Do not change the table while iterating. */
  ofSource(exchange: string): Iterable<BindingRecord> {
    return (this.#bySource.get(exchange) ?? NONE).values();
  }

  /** In no particular order; see `sortedBindings`. Do not change the table while iterating. */
  ofDestination(type: DestinationType, name: string): Iterable<BindingRecord> {
    return (this.#byDestination[type].get(name) ?? NONE).values();
  }

  *all(): Generator<BindingRecord> {
    for (const bindings of this.#bySource.values()) yield* bindings.values();
  }
}

function insert(
  index: Map<string, BindingsById>,
  name: string,
  id: string,
  binding: BindingRecord,
): void {
  const bindings = index.get(name);
  if (bindings === undefined) index.set(name, new Map([[id, binding]]));
  else bindings.set(id, binding);
}

function erase(index: Map<string, BindingsById>, name: string, id: string): void {
  const bindings = index.get(name);
  bindings?.delete(id);
  if (bindings?.size === 0) index.delete(name);
}

/** By source, destination type, destination, routing key, arguments: an order that does not depend on history. */
export function sortedBindings(bindings: Iterable<BindingRecord>): BindingRecord[] {
  return Array.from(bindings).sort(compareBindings);
}

function compareBindings(left: BindingRecord, right: BindingRecord): number {
  return (
    compareText(left.source, right.source) ||
    compareText(left.destinationType, right.destinationType) ||
    compareText(left.destination, right.destination) ||
    compareText(left.routingKey, right.routingKey) ||
    compareText(bindingId(left), bindingId(right))
  );
}
