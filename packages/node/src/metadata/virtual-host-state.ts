import type { NodeId } from "@leveret/raft";
import { BindingTable, sortedBindings } from "./binding-table.ts";
import {
  type Applied,
  CHANGED,
  type ClearPolicy,
  type DeleteExchange,
  type MetadataResult,
  type PlaceQueue,
  type Refusal,
  refused,
  type SetPolicy,
  UNCHANGED,
} from "./commands.ts";
import { valuesByKey } from "./compare-text.ts";
import { EffectivePolicies } from "./effective-policies.ts";
import type { Emit } from "./events.ts";
import type { CompiledPolicy } from "./match-policy.ts";
import { compilePolicy, PolicySet, validationFailed } from "./policy-set.ts";
import { homeOf, isPlacedOn, placedOn } from "./queue-replicas.ts";
import type {
  BindingRecord,
  EffectivePolicy,
  ExchangeRecord,
  PolicyRecord,
  QueueRecord,
  VirtualHostRecord,
} from "./records.ts";

/** Exchanges, queues, bindings and policies of one vhost. Changed by the metadata machine only. */
export class VirtualHostState {
  #record: VirtualHostRecord;
  readonly #exchanges = new Map<string, ExchangeRecord>();
  readonly #queues = new Map<string, QueueRecord>();
  readonly #bindings = new BindingTable();
  readonly #policies = new PolicySet();
  readonly #operatorPolicies = new PolicySet();
  readonly #effective = new EffectivePolicies(this.#policies, this.#operatorPolicies);

  constructor(record: VirtualHostRecord) {
    this.#record = record;
  }

  get record(): VirtualHostRecord {
    return this.#record;
  }

  /** Iterates in no particular order, as all maps here. */
  get exchanges(): ReadonlyMap<string, ExchangeRecord> {
    return this.#exchanges;
  }

  get queues(): ReadonlyMap<string, QueueRecord> {
    return this.#queues;
  }

  get bindings(): Pick<
    BindingTable,
    "size" | "has" | "isSource" | "countOfSource" | "ofSource" | "ofDestination" | "all"
  > {
    return this.#bindings;
  }

  /** Sorted by name. */
  get policies(): readonly PolicyRecord[] {
    return this.#policies.records;
  }

  /** Sorted by name. */
  get operatorPolicies(): readonly PolicyRecord[] {
    return this.#operatorPolicies.records;
  }

  effectivePolicy(kind: "exchange" | "queue", name: string): EffectivePolicy {
    return kind === "queue" ? this.#effective.ofQueue(name) : this.#effective.ofExchange(name);
  }

  /** The policies that a queue will have which is about to be declared. */
  policyOfNewQueue(queue: Pick<QueueRecord, "type" | "name">): EffectivePolicy {
    return this.#effective.ofNewQueue(queue);
  }

  setRecord(record: VirtualHostRecord): void {
    this.#record = record;
  }

  declareExchange(exchange: ExchangeRecord, emit: Emit): Applied {
    if (this.#exchanges.has(exchange.name)) return UNCHANGED;
    this.#exchanges.set(exchange.name, exchange);
    this.#effective.addExchange(exchange.name);
    emit({ type: "exchangeDeclared", exchange });
    return CHANGED;
  }

  deleteExchange(command: DeleteExchange, emit: Emit): MetadataResult {
    const exchange = this.#exchanges.get(command.name);
    if (exchange === undefined) return UNCHANGED;
    if (command.ifUnused === true && this.#bindings.isSource(exchange.name)) {
      const text = `exchange '${exchange.name}' in vhost '${exchange.vhost}' in use`;
      return refused("exchange_in_use", text);
    }
    this.#deleteUnused(this.#removeExchange(exchange, emit), emit);
    return CHANGED;
  }

  declareQueue(queue: QueueRecord, emit: Emit): Applied {
    if (this.#queues.has(queue.name)) return UNCHANGED;
    this.#queues.set(queue.name, queue);
    this.#effective.addQueue(queue);
    emit({ type: "queueDeclared", queue });
    return CHANGED;
  }

  deleteQueue(name: string, emit: Emit): Applied {
    const queue = this.#queues.get(name);
    if (queue === undefined) return UNCHANGED;
    const removed = this.#removeBindings(this.#bindings.ofDestination("queue", name), emit);
    this.#queues.delete(name);
    this.#effective.deleteQueue(name);
    emit({ type: "queueDeleted", queue });
    this.#deleteUnused(removed, emit);
    return CHANGED;
  }

  /** The nodes are checked: members, each once. */
  placeQueue({ name, vhost, replicas }: PlaceQueue, emit: Emit): MetadataResult {
    const previous = this.#queues.get(name);
    if (previous === undefined) return noSuchQueue(name, vhost);
    if (previous.groupId === undefined) {
      return validationFailed(`queue '${name}' in vhost '${vhost}' is in memory only`);
    }
    if (isPlacedOn(previous, replicas)) return UNCHANGED;
    const queue = placedOn(previous, replicas);
    if (queue === undefined) {
      return validationFailed(`queue '${name}' in vhost '${vhost}' was moved too often`);
    }
    this.#queues.set(name, queue);
    emit({ type: "queuePlaced", queue, previous });
    return CHANGED;
  }

  bind(binding: BindingRecord, emit: Emit): MetadataResult {
    const missing = this.#findMissing(binding);
    if (missing !== undefined) return missing;
    if (!this.#bindings.add(binding)) return UNCHANGED;
    emit({ type: "bound", binding });
    return CHANGED;
  }

  unbind(binding: BindingRecord, emit: Emit): Applied {
    const stored = this.#bindings.remove(binding);
    if (stored === undefined) return UNCHANGED;
    emit({ type: "unbound", binding: stored });
    this.#deleteUnused([stored.source], emit);
    return CHANGED;
  }

  setPolicy(command: SetPolicy, emit: Emit): MetadataResult {
    const compiled = compilePolicy(command);
    if ("ok" in compiled) return compiled;
    const operator = command.type === "setOperatorPolicy";
    const before = this.#policySet(operator).get(command.name);
    if (before !== undefined && isSamePolicy(before, compiled.record)) return UNCHANGED;
    this.restorePolicy(compiled, operator);
    emit({ type: "policySet", policy: compiled.record, operator });
    this.#refreshPolicies(emit);
    return CHANGED;
  }

  /** Adds a policy before there is anything that it could apply to (from a snapshot). */
  restorePolicy(policy: CompiledPolicy, operator: boolean): void {
    this.#policySet(operator).set(policy);
  }

  clearPolicy(command: ClearPolicy, emit: Emit): MetadataResult {
    const operator = command.type === "clearOperatorPolicy";
    const policy = this.#policySet(operator).clear(command.name);
    if (policy === undefined) return refused("no_such_policy", "Parameter does not exist");
    emit({ type: "policyCleared", policy, operator });
    this.#refreshPolicies(emit);
    return CHANGED;
  }

  /** Whether there is a queue in memory whose home is this node; undefined: any node. */
  hasTransientQueue(nodeId: NodeId | undefined): boolean {
    for (const queue of this.#queues.values()) if (isTransientOf(queue, nodeId)) return true;
    return false;
  }

  get hasTransientExchange(): boolean {
    for (const exchange of this.#exchanges.values()) if (!exchange.durable) return true;
    return false;
  }

  /**
   * Takes away what does not outlive a restart of all nodes. A durable auto-delete exchange stays though its last binding goes, and an
   * auto-delete queue though its consumers are gone (RabbitMQ 3.10.8, observed): what is transient is simply not there after a start.
   * `nodeId`: only queues whose home this is.
   */
  dropTransient(nodeId: NodeId | undefined, emit: Emit): void {
    const queues = this.#transientQueues(nodeId);
    const exchanges = valuesByKey(this.#exchanges).filter(({ durable }) => !durable);
    const bindings = new Set<BindingRecord>();
    for (const { name } of queues) addAll(bindings, this.#bindings.ofDestination("queue", name));
    for (const { name } of exchanges) {
      addAll(bindings, this.#bindings.ofSource(name));
      addAll(bindings, this.#bindings.ofDestination("exchange", name));
    }
    this.#removeBindings(bindings, emit);
    for (const queue of queues) {
      this.#queues.delete(queue.name);
      this.#effective.deleteQueue(queue.name);
      emit({ type: "queueDeleted", queue });
    }
    for (const exchange of exchanges) {
      this.#exchanges.delete(exchange.name);
      this.#effective.deleteExchange(exchange.name);
      emit({ type: "exchangeDeleted", exchange });
    }
  }

  /** Deletes the queues in memory whose home is a node that is gone while others run, as if they had been asked to. */
  deleteTransientQueues(nodeId: NodeId, emit: Emit): void {
    for (const { name } of this.#transientQueues(nodeId)) this.deleteQueue(name, emit);
  }

  /** Takes everything away, as deleting the vhost does. */
  clear(emit: Emit): void {
    this.#removeBindings(this.#bindings.all(), emit);
    for (const queue of valuesByKey(this.#queues)) emit({ type: "queueDeleted", queue });
    for (const exchange of valuesByKey(this.#exchanges))
      emit({ type: "exchangeDeleted", exchange });
    this.#queues.clear();
    this.#exchanges.clear();
  }

  #transientQueues(nodeId: NodeId | undefined): QueueRecord[] {
    return valuesByKey(this.#queues).filter((queue) => isTransientOf(queue, nodeId));
  }

  #policySet(operator: boolean): PolicySet {
    return operator ? this.#operatorPolicies : this.#policies;
  }

  #refreshPolicies(emit: Emit): void {
    const exchanges = valuesByKey(this.#exchanges);
    this.#effective.refresh(this.#record.name, exchanges, valuesByKey(this.#queues), emit);
  }

  /** RabbitMQ names the exchange first when both are missing. */
  #findMissing(binding: BindingRecord): Refusal | undefined {
    const { vhost, source, destination, destinationType } = binding;
    if (!this.#exchanges.has(source)) return noSuchExchange(source, vhost);
    if (destinationType === "queue" && !this.#queues.has(destination)) {
      return noSuchQueue(destination, vhost);
    }
    if (destinationType === "exchange" && !this.#exchanges.has(destination)) {
      return noSuchExchange(destination, vhost);
    }
    return undefined;
  }

  /** Removes bindings in a fixed order; returns their sources, each once. */
  #removeBindings(bindings: Iterable<BindingRecord>, emit: Emit): string[] {
    const sources = new Set<string>();
    for (const binding of sortedBindings(bindings)) {
      this.#bindings.remove(binding);
      sources.add(binding.source);
      emit({ type: "unbound", binding });
    }
    return Array.from(sources);
  }

  /** Removes an exchange with all its bindings; returns the exchanges that were bound to it. */
  #removeExchange(exchange: ExchangeRecord, emit: Emit): string[] {
    this.#removeBindings(this.#bindings.ofSource(exchange.name), emit);
    const sources = this.#removeBindings(
      this.#bindings.ofDestination("exchange", exchange.name),
      emit,
    );
    this.#exchanges.delete(exchange.name);
    this.#effective.deleteExchange(exchange.name);
    emit({ type: "exchangeDeleted", exchange });
    return sources;
  }

  /** Deletes those auto-delete exchanges that have just lost their last outgoing binding, and what follows from it. */
  #deleteUnused(sources: readonly string[], emit: Emit): void {
    const pending = [...sources];
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      const exchange = this.#exchanges.get(name);
      if (exchange?.autoDelete !== true || this.#bindings.isSource(name)) continue;
      pending.push(...this.#removeExchange(exchange, emit));
    }
  }
}

/** An exclusive queue goes with its connection, whatever its durable flag says (RabbitMQ). */
export function isTransient(queue: QueueRecord): boolean {
  return !queue.durable || queue.exclusiveOwner !== undefined;
}

/** `nodeId` undefined: wherever its home is. */
function isTransientOf(queue: QueueRecord, nodeId: NodeId | undefined): boolean {
  return isTransient(queue) && (nodeId === undefined || homeOf(queue) === nodeId);
}

function addAll<T>(set: Set<T>, items: Iterable<T>): void {
  for (const item of items) set.add(item);
}

function noSuchQueue(name: string, vhost: string): Refusal {
  return refused("no_such_queue", `no queue '${name}' in vhost '${vhost}'`);
}

function noSuchExchange(name: string, vhost: string): Refusal {
  return refused("no_such_exchange", `no exchange '${name}' in vhost '${vhost}'`);
}

function isSamePolicy(left: PolicyRecord, right: PolicyRecord): boolean {
  return policyText(left) === policyText(right);
}

function policyText(policy: PolicyRecord): string {
  const { pattern, applyTo, priority, definition } = policy;
  const entries = new Map(Array.from(definition, (entry) => [entry[0], entry]));
  return JSON.stringify([pattern, applyTo, priority, valuesByKey(entries)]);
}
