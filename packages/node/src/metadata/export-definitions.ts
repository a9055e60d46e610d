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

/**
 * Everything in RabbitMQ's definitions format, sorted so that equal metadata gives equal documents. Exclusive queues,
 * predeclared exchanges and bindings of the default exchange are left out, as RabbitMQ does.
 */
export function exportDefinitions(
  machine: MetadataView,
  options: ExportOptions,
): ExportedDefinitions {
  const vhosts = machine.vhosts();
  return {
    rabbit_version: options.rabbitVersion,
    rabbitmq_version: options.rabbitVersion,
    product_name: options.productName,
    product_version: options.productVersion,
    users: machine.users().map(userEntry),
    vhosts: vhosts.map((state) => vhostEntry(state.record)),
    permissions: machine.permissions().map((permission) => ({ ...permission })),
    topic_permissions: machine.topicPermissions().map((permission) => ({ ...permission })),
    parameters: vhosts.flatMap((state) => parameterEntries(machine, state)),
    global_parameters: machine.parameters.global().map((parameter) => ({ ...parameter })),
    policies: vhosts.flatMap((state) => state.policies.map(policyEntry)),
    queues: vhosts.flatMap(queueEntries),
    exchanges: vhosts.flatMap(exchangeEntries),
    bindings: vhosts.flatMap(bindingEntries),
  };
}

/** One vhost's definitions (GET /api/definitions/vhost): entries name no vhost. undefined: no such vhost. */
export function exportVhostDefinitions(
  machine: MetadataView,
  vhost: string,
  options: ExportOptions,
): ExportedDefinitions | undefined {
  const state = machine.vhost(vhost);
  if (state === undefined) return undefined;
  return {
    rabbit_version: options.rabbitVersion,
    parameters: parameterEntries(machine, state),
    policies: state.policies.map(policyEntry),
    queues: queueEntries(state).map(withoutVhost),
    exchanges: exchangeEntries(state).map(withoutVhost),
    bindings: bindingEntries(state).map(withoutVhost),
  };
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

function queueEntries(state: VirtualHostState): Entry[] {
  const queues = valuesByKey(state.queues).filter((queue) => queue.exclusiveOwner === undefined);
  return queues.map((queue: QueueRecord) => ({
    name: queue.name,
    vhost: queue.vhost,
    durable: queue.durable,
    auto_delete: queue.autoDelete,
    arguments: fieldTableToJson(queue.arguments),
  }));
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

function bindingEntries(state: VirtualHostState): Entry[] {
  const bindings = sortedBindings(state.bindings.all());
  return bindings
    .filter((binding) => isExported(state, binding))
    .map((binding) => ({
      source: binding.source,
      vhost: binding.vhost,
      destination: binding.destination,
      destination_type: binding.destinationType,
      routing_key: binding.routingKey,
      arguments: fieldTableToJson(binding.arguments),
    }));
}

function isExported(state: VirtualHostState, binding: BindingRecord): boolean {
  if (binding.source === "") return false;
  if (binding.destinationType === "exchange") return true;
  return state.queues.get(binding.destination)?.exclusiveOwner === undefined;
}
