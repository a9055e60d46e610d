import { fieldTableToJson } from "@leveret/amqp";
import { sortedBindings } from "./binding-table.ts";
import { valuesByKey } from "./compare-text.ts";
import type { JsonValue } from "./json-value.ts";
import type { MetadataView } from "./metadata-machine.ts";
import type {
  BindingRecord,
  ExchangeRecord,
  PolicyRecord,
  QueueRecord,
  UserRecord,
  VirtualHostRecord,
} from "./records.ts";
import type { VirtualHostState } from "./virtual-host-state.ts";

export interface ExportOptions {
  /** The RabbitMQ release we follow: `rabbit_version` of the document. */
  readonly rabbitVersion: string;
  readonly productName: string;
  readonly productVersion: string;
}

type Entry = Readonly<Record<string, unknown>>;
/** A definitions document, ready for JSON.stringify. */
export type ExportedDefinitions = Readonly<Record<string, string | readonly Entry[]>>;

/** A key of a document with what stands there. Entries are made while they are taken, from the metadata as they are when the section is begun. */
export type DefinitionSection = readonly [key: string, value: string | Iterable<Entry>];

/**
 * Everything in RabbitMQ's definitions format, sorted so that equal metadata gives equal documents. Exclusive queues,
 * predeclared exchanges and bindings of the default exchange are left out, as RabbitMQ does.
 */
export function exportDefinitions(
  machine: MetadataView,
  options: ExportOptions,
): ExportedDefinitions {
  return documentOf(definitionSections(machine, options));
}

/** One vhost's definitions (GET /api/definitions/vhost): entries name no vhost. undefined: no such vhost. */
export function exportVhostDefinitions(
  machine: MetadataView,
  vhost: string,
  options: ExportOptions,
): ExportedDefinitions | undefined {
  const sections = vhostDefinitionSections(machine, vhost, options);
  return sections && documentOf(sections);
}

/** The same as `exportDefinitions` makes, piece by piece. */
export function* definitionSections(
  machine: MetadataView,
  options: ExportOptions,
): Generator<DefinitionSection> {
  const vhosts = machine.vhosts();
  yield ["rabbit_version", options.rabbitVersion];
  yield ["rabbitmq_version", options.rabbitVersion];
  yield ["product_name", options.productName];
  yield ["product_version", options.productVersion];
  yield ["users", machine.users().map(userEntry)];
  yield ["vhosts", vhosts.map((state) => vhostEntry(state.record))];
  yield ["permissions", machine.permissions().map((permission) => ({ ...permission }))];
  yield ["topic_permissions", machine.topicPermissions().map((permission) => ({ ...permission }))];
  yield ["parameters", vhosts.flatMap((state) => parameterEntries(machine, state))];
  yield ["global_parameters", machine.parameters.global().map((parameter) => ({ ...parameter }))];
  yield ["policies", vhosts.flatMap((state) => state.policies.map(policyEntry))];
  yield ["queues", ofAll(vhosts, queueEntries)];
  yield ["exchanges", ofAll(vhosts, exchangeEntries)];
  yield ["bindings", ofAll(vhosts, bindingEntries)];
}

/** The same as `exportVhostDefinitions` makes, piece by piece. undefined: no such vhost. */
export function vhostDefinitionSections(
  machine: MetadataView,
  vhost: string,
  options: ExportOptions,
): Iterable<DefinitionSection> | undefined {
  const state = machine.vhost(vhost);
  return state && sectionsOfVhost(machine, state, options);
}

function* sectionsOfVhost(
  machine: MetadataView,
  state: VirtualHostState,
  options: ExportOptions,
): Generator<DefinitionSection> {
  yield ["rabbit_version", options.rabbitVersion];
  yield ["parameters", parameterEntries(machine, state)];
  yield ["policies", state.policies.map(policyEntry)];
  yield ["queues", withoutVhosts(queueEntries(state))];
  yield ["exchanges", withoutVhosts(exchangeEntries(state))];
  yield ["bindings", withoutVhosts(bindingEntries(state))];
}

function documentOf(sections: Iterable<DefinitionSection>): ExportedDefinitions {
  const entries = Array.from(sections, ([key, value]): [string, string | readonly Entry[]] => [
    key,
    typeof value === "string" ? value : Array.from(value),
  ]);
  return Object.fromEntries(entries);
}

function* ofAll(
  vhosts: readonly VirtualHostState[],
  entries: (state: VirtualHostState) => Iterable<Entry>,
): Generator<Entry> {
  for (const state of vhosts) yield* entries(state);
}

function* withoutVhosts(entries: Iterable<Entry>): Generator<Entry> {
  for (const entry of entries) yield withoutVhost(entry);
}

function withoutVhost(entry: Entry): Entry {
  const { vhost: _vhost, ...rest } = entry;
  return rest;
}

function userEntry(user: UserRecord): Entry {
  return {
    name: user.name,
    password_hash: user.passwordHash,
    hashing_algorithm: user.hashingAlgorithm,
    tags: user.tags,
    limits: limitsObject([
      ["max-connections", user.limits.maxConnections],
      ["max-channels", user.limits.maxChannels],
    ]),
  };
}

function limitsObject(
  limits: readonly (readonly [string, number | undefined])[],
): Record<string, number> {
  const set = limits.filter((limit): limit is readonly [string, number] => limit[1] !== undefined);
  return Object.fromEntries(set);
}

/** Only what is set: RabbitMQ 3.10 writes the bare name. */
function vhostEntry(vhost: VirtualHostRecord): Entry {
  return {
    name: vhost.name,
    ...(vhost.description !== "" && { description: vhost.description }),
    ...(vhost.tags.length > 0 && { tags: vhost.tags }),
    ...(vhost.defaultQueueType !== undefined && { default_queue_type: vhost.defaultQueueType }),
    ...(vhost.tracing && { tracing: true }),
    ...(vhost.isProtected === true && { protected_from_deletion: true }),
  };
}

function parameterEntries(machine: MetadataView, state: VirtualHostState): Entry[] {
  const { name: vhost, limits } = state.record;
  const limitValues = limitsObject([
    ["max-connections", limits.maxConnections],
    ["max-queues", limits.maxQueues],
  ]);
  const limitEntry = { value: limitValues, vhost, component: "vhost-limits", name: "limits" };
  const parameters = machine.parameters.ofVhost(vhost);
  return [
    ...state.operatorPolicies.map(operatorPolicyEntry),
    ...parameters.map(({ value, component, name }) => ({ value, vhost, component, name })),
    ...(Object.keys(limitValues).length > 0 ? [limitEntry] : []),
  ];
}

function operatorPolicyEntry(policy: PolicyRecord): Entry {
  const { vhost, name, pattern, applyTo, priority } = policy;
  const value = { pattern, definition: definitionObject(policy), priority, "apply-to": applyTo };
  return { value, vhost, component: "operator_policy", name };
}

function policyEntry(policy: PolicyRecord): Entry {
  const { vhost, name, pattern, applyTo, priority } = policy;
  const definition = definitionObject(policy);
  return { vhost, name, pattern, "apply-to": applyTo, definition, priority };
}

/** fromEntries defines properties, so that a key such as __proto__ is one like any other. */
function definitionObject(policy: PolicyRecord): Record<string, JsonValue> {
  const entries = new Map(Array.from(policy.definition, (entry) => [entry[0], entry]));
  return Object.fromEntries(valuesByKey(entries));
}

function* queueEntries(state: VirtualHostState): Generator<Entry> {
  const queues = valuesByKey(state.queues).filter((queue) => queue.exclusiveOwner === undefined);
  for (const queue of queues) yield queueEntry(queue);
}

function queueEntry(queue: QueueRecord): Entry {
  return {
    name: queue.name,
    vhost: queue.vhost,
    durable: queue.durable,
    auto_delete: queue.autoDelete,
    arguments: fieldTableToJson(queue.arguments),
  };
}

function exchangeEntries(state: VirtualHostState): Entry[] {
  const exchanges = valuesByKey(state.exchanges).filter((exchange) => !isSystem(exchange.name));
  return exchanges.map((exchange: ExchangeRecord) => ({
    name: exchange.name,
    vhost: exchange.vhost,
    type: exchange.type,
    durable: exchange.durable,
    auto_delete: exchange.autoDelete,
    internal: exchange.internal,
    arguments: fieldTableToJson(exchange.arguments),
  }));
}

function isSystem(exchange: string): boolean {
  return exchange === "" || exchange.startsWith("amq.");
}

function* bindingEntries(state: VirtualHostState): Generator<Entry> {
  const bindings = sortedBindings(state.bindings.all());
  for (const binding of bindings) if (isExported(state, binding)) yield bindingEntry(binding);
}

function bindingEntry(binding: BindingRecord): Entry {
  return {
    source: binding.source,
    vhost: binding.vhost,
    destination: binding.destination,
    destination_type: binding.destinationType,
    routing_key: binding.routingKey,
    arguments: fieldTableToJson(binding.arguments),
  };
}

function isExported(state: VirtualHostState, binding: BindingRecord): boolean {
  if (binding.source === "") return false;
  if (binding.destinationType === "exchange") return true;
  return state.queues.get(binding.destination)?.exclusiveOwner === undefined;
}
