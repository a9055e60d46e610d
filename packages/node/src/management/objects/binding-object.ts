import { EMPTY_TABLE, fieldTableToJson } from "@leveret/amqp";
import type { BindingScope, JsonObject } from "@leveret/management";
import { bindingPropertiesKey } from "../../metadata/binding-properties-key.ts";
import { compareText } from "../../metadata/compare-text.ts";
import type { BindingRecord, QueueRecord } from "../../metadata/records.ts";
import type { VirtualHostState } from "../../metadata/virtual-host-state.ts";

/** A binding as GET /api/bindings shows it. */
export function bindingObject(binding: BindingRecord): JsonObject {
  return {
    source: binding.source,
    vhost: binding.vhost,
    destination: binding.destination,
    destination_type: binding.destinationType,
    routing_key: binding.routingKey,
    arguments: fieldTableToJson(binding.arguments) as JsonObject,
    properties_key: bindingPropertiesKey(binding),
  };
}

/** The bindings of a vhost that the scope names, those of the default exchange among them, which no record says. */
export function* bindingsIn(
  state: VirtualHostState,
  scope: BindingScope,
): Generator<BindingRecord, void, undefined> {
  if (scope.source === undefined || scope.source === "") yield* defaultBindings(state, scope);
  for (const binding of candidates(state, scope)) if (isIn(binding, scope)) yield binding;
}

/** The same, sorted by source, destination, routing key and the rest (RabbitMQ). */
export function bindingsInOrder(state: VirtualHostState, scope: BindingScope): BindingRecord[] {
  const hasDefault = scope.source === undefined || scope.source === "";
  const implied = hasDefault ? [...defaultBindings(state, scope)] : [];
  const declared = Array.from(candidates(state, scope)).filter((binding) => isIn(binding, scope));
  return [...implied.sort(compareNames), ...declared.sort(compareBindings)];
}

function compareNames(left: BindingRecord, right: BindingRecord): number {
  return compareText(left.destination, right.destination);
}

function compareBindings(left: BindingRecord, right: BindingRecord): number {
  return (
    compareText(left.source, right.source) ||
    compareText(left.destination, right.destination) ||
    compareText(left.routingKey, right.routingKey) ||
    compareText(bindingPropertiesKey(left), bindingPropertiesKey(right))
  );
}

/** Every queue is bound to the default exchange by its name (spec 3.1.3.1). */
function* defaultBindings(
  { queues }: VirtualHostState,
  { destinationType, destination }: BindingScope,
): Generator<BindingRecord, void, undefined> {
  if (destinationType === "exchange") return;
  if (destination === undefined) {
    for (const queue of queues.values()) yield defaultBinding(queue);
    return;
  }
  const queue = queues.get(destination);
  if (queue !== undefined) yield defaultBinding(queue);
}

function defaultBinding({ vhost, name }: QueueRecord): BindingRecord {
  return {
    vhost,
    source: "",
    destination: name,
    destinationType: "queue",
    routingKey: name,
    arguments: EMPTY_TABLE,
  };
}

/** As few as can be found without looking at each. */
function candidates({ bindings }: VirtualHostState, scope: BindingScope): Iterable<BindingRecord> {
  const { source, destinationType, destination } = scope;
  if (destination !== undefined && destinationType !== undefined) {
    return bindings.ofDestination(destinationType, destination);
  }
  return source === undefined ? bindings.all() : bindings.ofSource(source);
}

function isIn(binding: BindingRecord, scope: BindingScope): boolean {
  const { source, destinationType, destination } = scope;
  return (
    (source === undefined || binding.source === source) &&
    (destinationType === undefined || binding.destinationType === destinationType) &&
    (destination === undefined || binding.destination === destination)
  );
}
