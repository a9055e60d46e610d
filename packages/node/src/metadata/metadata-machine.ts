import { strict as assert } from "node:assert";
import type { NodeId } from "@leveret/raft";
import { sortedBindings } from "./binding-table.ts";
import {
  type AddVhost,
  type Applied,
  CHANGED,
  type DropTransient,
  type MetadataCommand,
  type MetadataResult,
  type PlaceQueue,
  type Refusal,
  refused,
  type SetParameter,
  type SetVhostLimits,
  type TopologyCommand,
  UNCHANGED,
  vhostOf,
} from "./commands.ts";
import { valuesByKey } from "./compare-text.ts";
import type { Emit, MetadataEvent } from "./events.ts";
import { effectiveLimit, VHOST_LIMITS, validateLimits } from "./limit-validation.ts";
import { MemberDirectory, noSuchMember } from "./member-directory.ts";
import { QUEUE_REPLICAS_MAX } from "./metadata-limits.ts";
import type { MetadataSnapshot, VirtualHostSnapshot } from "./metadata-snapshot.ts";
import { ParameterStore } from "./parameter-store.ts";
import { compilePolicy, validationFailed } from "./policy-set.ts";
import { predeclaredExchanges } from "./predeclared-exchanges.ts";
import { placedFirst } from "./queue-replicas.ts";
import type {
  EffectivePolicy,
  ExchangeRecord,
  MemberRecord,
  PermissionRecord,
  PolicyRecord,
  QueueRecord,
  TopicPermissionRecord,
  UserLimits,
  UserRecord,
  VirtualHostLimits,
  VirtualHostRecord,
} from "./records.ts";
import { UserDirectory } from "./user-directory.ts";
import {
  isSameRecord,
  newVirtualHost,
  withLimits,
  withoutLimits,
  withProperties,
} from "./virtual-host-record.ts";
import { isTransient, VirtualHostState } from "./virtual-host-state.ts";

/** Events after which remembered decisions about access are void. */
const ACCESS_EVENTS: ReadonlySet<MetadataEvent["type"]> = new Set([
  "vhostDeleted",
  "userAdded",
  "userDeleted",
  "userPasswordChanged",
  "userTagsChanged",
  "permissionsChanged",
  "topicPermissionsChanged",
]);

/**
 * Vhosts, users, permissions, exchanges, queues, bindings, policies, parameters and nodes as one deterministic machine:
 * state and events depend on the commands alone, so every replica that applies them agrees. A refused command
 * changes nothing and is answered with a Refusal; `apply` throws only on a bug.
 *
 * The machine enforces existence. Names, arguments, equivalence of redeclarations, permissions and the numbers of
 * connections and queues are the caller's to check before.
 */
export class MetadataMachine {
  /** Called after a command has been applied as a whole; it must not apply commands itself. */
  onEvent: (event: MetadataEvent) => void;
  #vhosts = new Map<string, VirtualHostState>();
  #users = new UserDirectory();
  #parameters = new ParameterStore();
  #members = new MemberDirectory();
  #isSetUp = false;
  #nextGroupId: number | undefined;
  #accessEpoch = 0;

  /** `firstGroupId`: durable queues get groups, numbered from there; undefined: none does. */
  constructor(onEvent: (event: MetadataEvent) => void, firstGroupId?: number) {
    this.onEvent = onEvent;
    this.#nextGroupId = firstGroupId;
  }

  /** Grows whenever what anybody may do might have changed; not part of the state. */
  get accessEpoch(): number {
    return this.#accessEpoch;
  }

  apply(command: MetadataCommand): MetadataResult {
    const events: MetadataEvent[] = [];
    const result = this.#dispatch(command, (event) => events.push(event));
    if (!result.ok) {
      assert(events.length === 0, "a refused command must change nothing");
      return result;
    }
    for (const event of events) {
      if (ACCESS_EVENTS.has(event.type)) this.#accessEpoch++;
    }
    for (const event of events) this.onEvent(event);
    return result;
  }

  /** The default data, or what stands for it, was once brought in: it is not to be made again. */
  get isSetUp(): boolean {
    return this.#isSetUp;
  }

  /** Whether there is anything that does not outlive a restart of this node; undefined: of all nodes. */
  hasTransient(nodeId?: NodeId): boolean {
    const withExchanges = !this.#exchangesOutlive(nodeId);
    for (const state of this.#vhosts.values()) {
      if (state.hasTransientQueue(nodeId)) return true;
      if (withExchanges && state.hasTransientExchange) return true;
    }
    return false;
  }

  /** Of a node that is a member. */
  member(nodeId: NodeId): MemberRecord | undefined {
    return this.#members.find(nodeId);
  }

  memberNamed(name: string): MemberRecord | undefined {
    return this.#members.findNamed(name);
  }

  /** Sorted by node id. Empty: a broker that was never told who it is. */
  members(): MemberRecord[] {
    return this.#members.records();
  }

  /** Whether the node was a member once, and is none any more: nothing that comes from it counts. */
  wasRemoved(nodeId: NodeId): boolean {
    return this.#members.wasRemoved(nodeId);
  }

  vhost(name: string): VirtualHostState | undefined {
    return this.#vhosts.get(name);
  }

  /** Sorted by name. */
  vhosts(): VirtualHostState[] {
    return valuesByKey(this.#vhosts);
  }

  exchange(vhost: string, name: string): ExchangeRecord | undefined {
    return this.#vhosts.get(vhost)?.exchanges.get(name);
  }

  queue(vhost: string, name: string): QueueRecord | undefined {
    return this.#vhosts.get(vhost)?.queues.get(name);
  }

  bindings(vhost: string): VirtualHostState["bindings"] | undefined {
    return this.#vhosts.get(vhost)?.bindings;
  }

  /** The policies in force for an exchange or queue; one lookup. */
  effectivePolicy(kind: "exchange" | "queue", vhost: string, name: string): EffectivePolicy {
    const state = this.#vhosts.get(vhost);
    return state?.effectivePolicy(kind, name) ?? { policy: undefined, operatorPolicy: undefined };
  }

  /** The policies that a queue will have which is about to be declared. */
  policyOfNewQueue(queue: Pick<QueueRecord, "type" | "name" | "vhost">): EffectivePolicy {
    const state = this.#vhosts.get(queue.vhost);
    return state?.policyOfNewQueue(queue) ?? { policy: undefined, operatorPolicy: undefined };
  }

  user(name: string): UserRecord | undefined {
    return this.#users.find(name);
  }

  /** Sorted by name. */
  users(): UserRecord[] {
    return this.#users.records();
  }

  /** undefined: the user may not use the vhost. */
  permissionsFor(user: string, vhost: string): PermissionRecord | undefined {
    return this.#users.permissionsFor(user, vhost);
  }

  /** undefined: every routing key is allowed. */
  topicPermissionFor(
    user: string,
    vhost: string,
    exchange: string,
  ): TopicPermissionRecord | undefined {
    return this.#users.topicPermissionFor(user, vhost, exchange);
  }

  /** Sorted by user and vhost. */
  permissions(): PermissionRecord[] {
    return this.#users.permissions();
  }

  /** Sorted by user, vhost and exchange. */
  topicPermissions(): TopicPermissionRecord[] {
    return this.#users.topicPermissions();
  }

  /** Limits in force; undefined: none. */
  vhostLimitsFor(vhost: string): VirtualHostLimits {
    const limits = this.#vhosts.get(vhost)?.record.limits;
    return {
      maxConnections: effectiveLimit(limits?.maxConnections),
      maxQueues: effectiveLimit(limits?.maxQueues),
    };
  }

  /** Limits in force; undefined: none. */
  userLimitsFor(user: string): UserLimits {
    const limits = this.#users.find(user)?.limits;
    return {
      maxConnections: effectiveLimit(limits?.maxConnections),
      maxChannels: effectiveLimit(limits?.maxChannels),
    };
  }

  /** Runtime and global parameters. */
  get parameters(): Pick<ParameterStore, "find" | "findGlobal" | "ofVhost" | "global"> {
    return this.#parameters;
  }

  /** Every list is sorted, so that equal states give equal snapshots whatever their history was. */
  snapshot(): MetadataSnapshot {
    return this.#collect((state) => ({
      exchanges: valuesByKey(state.exchanges),
      queues: valuesByKey(state.queues),
      bindings: sortedBindings(state.bindings.all()),
    }));
  }

  /** As `snapshot`, with exchanges, queues and bindings in no particular order: takes little time, however many there are. */
  capture(): MetadataSnapshot {
    return this.#collect((state) => ({
      exchanges: Array.from(state.exchanges.values()),
      queues: Array.from(state.queues.values()),
      bindings: Array.from(state.bindings.all()),
    }));
  }

  /** A machine in the snapshot's state; no events are told about it. @throws Error if no machine can have that state */
  static fromSnapshot(
    snapshot: MetadataSnapshot,
    onEvent: (event: MetadataEvent) => void,
  ): MetadataMachine {
    const machine = new MetadataMachine(onEvent, snapshot.nextGroupId);
    machine.#restore(snapshot);
    return machine;
  }

  /** Takes over the state of `other`, which must not be used any more. The only event is "replaced". */
  adopt(other: MetadataMachine): void {
    this.#vhosts = other.#vhosts;
    this.#users = other.#users;
    this.#parameters = other.#parameters;
    this.#members = other.#members;
    this.#isSetUp = other.#isSetUp;
    this.#nextGroupId = other.#nextGroupId;
    this.#accessEpoch++;
    this.onEvent({ type: "replaced" });
  }

  #dispatch(command: MetadataCommand, emit: Emit): MetadataResult {
    const users = this.#users;
    switch (command.type) {
      case "addVhost":
        return this.#addVhost(command, emit);
      case "deleteVhost":
        return this.#deleteVhost(command.name, emit);
      case "setVhostLimits":
        return this.#setVhostLimits(command, emit);
      case "clearVhostLimits":
        return this.#changeVhost(command.vhost, emit, (record) =>
          withoutLimits(record, command.limit),
        );
      case "addUser":
        return users.add(command, emit);
      case "putUser":
        return users.put(command, emit);
      case "deleteUser":
        return users.delete(command.name, emit);
      case "setUserTags":
        return users.setTags(command.name, command.tags, emit);
      case "setUserPassword":
        return users.setPassword(command, emit);
      case "setUserLimits":
        return users.setLimits(command, emit);
      case "clearUserLimits":
        return users.clearLimits(command, emit);
      case "setPermissions":
        return this.#missingVhost(command.vhost) ?? users.setPermissions(command, emit);
      case "clearPermissions":
        return this.#missingVhost(command.vhost) ?? users.clearPermissions(command, emit);
      case "setTopicPermissions":
        return this.#missingVhost(command.vhost) ?? users.setTopicPermissions(command, emit);
      case "clearTopicPermissions":
        return this.#missingVhost(command.vhost) ?? users.clearTopicPermissions(command, emit);
      case "setParameter":
        return this.#setParameter(command, emit);
      case "clearParameter":
        return this.#parameters.clear(command, emit);
      case "setGlobalParameter":
        return this.#parameters.setGlobal(command, emit);
      case "clearGlobalParameter":
        return this.#parameters.clearGlobal(command.name, emit);
      case "dropTransient":
        return this.#dropTransient(command, emit);
      case "completeSetup":
        return this.#completeSetup();
      case "addMember":
      case "memberStarted":
      case "memberStopping":
        return this.#members.change(command, emit);
      case "removeMember":
        return this.#removeMember(command.nodeId, emit);
      case "setPolicy":
      case "setOperatorPolicy":
      case "clearPolicy":
      case "clearOperatorPolicy":
      case "declareExchange":
      case "deleteExchange":
      case "declareQueue":
      case "deleteQueue":
      case "placeQueue":
      case "bind":
      case "unbind":
        return this.#changeTopology(command, emit);
      default:
        return command satisfies never;
    }
  }

  #changeTopology(command: TopologyCommand, emit: Emit): MetadataResult {
    const name = vhostOf(command);
    const state = this.#vhosts.get(name);
    if (state === undefined) return noSuchVhost(name);
    switch (command.type) {
      case "setPolicy":
      case "setOperatorPolicy":
        return state.setPolicy(command, emit);
      case "clearPolicy":
      case "clearOperatorPolicy":
        return state.clearPolicy(command, emit);
      case "declareExchange":
        return state.declareExchange(command.exchange, emit);
      case "deleteExchange":
        return state.deleteExchange(command, emit);
      case "declareQueue":
        return this.#declareQueue(state, command.queue, emit);
      case "deleteQueue":
        return state.deleteQueue(command.name, emit);
      case "placeQueue":
        return this.#findPlaceProblem(command) ?? state.placeQueue(command, emit);
      case "bind":
        return state.bind(command.binding, emit);
      case "unbind":
        return state.unbind(command.binding, emit);
      default:
        return command satisfies never;
    }
  }

  #declareQueue(state: VirtualHostState, queue: QueueRecord, emit: Emit): Applied {
    if (state.queues.has(queue.name)) return UNCHANGED;
    const groupId = this.#allotGroup(queue);
    if (groupId === undefined) {
      const memoryId = this.#allotMemoryId(queue);
      const inMemory = {
        ...queue,
        groupId,
        replicas: undefined,
        nextGeneration: undefined,
        memoryId,
      };
      return state.declareQueue(inMemory, emit);
    }
    const isMember = (nodeId: NodeId): boolean => this.#members.find(nodeId) !== undefined;
    const placed = placedFirst({ ...queue, groupId, memoryId: undefined }, isMember);
    return state.declareQueue(placed, emit);
  }

  /** Only a queue with a home can be asked for by another node. */
  #allotMemoryId({ home }: QueueRecord): number | undefined {
    const id = this.#nextGroupId;
    if (id === undefined || home === undefined) return undefined;
    this.#nextGroupId = id + 1;
    return id;
  }

  #allotGroup(queue: QueueRecord): number | undefined {
    const groupId = this.#nextGroupId;
    if (groupId === undefined || isTransient(queue)) return undefined;
    this.#nextGroupId = groupId + 1;
    return groupId;
  }

  #findPlaceProblem({ replicas }: PlaceQueue): Refusal | undefined {
    if (replicas.length === 0 || replicas.length > QUEUE_REPLICAS_MAX) {
      return validationFailed(`a queue has 1 to ${QUEUE_REPLICAS_MAX} replicas`);
    }
    if (new Set(replicas).size < replicas.length) {
      return validationFailed("a queue has one replica on a node");
    }
    const stranger = replicas.find((nodeId) => this.#members.find(nodeId) === undefined);
    return stranger === undefined ? undefined : noSuchMember(stranger);
  }

  #dropTransient({ nodeId }: DropTransient, emit: Emit): Applied {
    if (!this.hasTransient(nodeId)) return UNCHANGED;
    for (const state of this.vhosts()) {
      if (nodeId !== undefined && this.#exchangesOutlive(nodeId)) {
        state.deleteTransientQueues(nodeId, emit);
      } else {
        state.dropTransient(nodeId, emit);
      }
    }
    return CHANGED;
  }

  /** A transient exchange lives while any node runs (RabbitMQ). */
  #exchangesOutlive(nodeId: NodeId | undefined): boolean {
    return nodeId !== undefined && this.#members.runsBeside(nodeId);
  }

  #removeMember(nodeId: NodeId, emit: Emit): MetadataResult {
    const obstacle = this.#members.findObstacle(nodeId);
    if (obstacle !== undefined) return obstacle;
    this.#dropTransient({ type: "dropTransient", nodeId }, emit);
    this.#members.remove(nodeId, emit);
    return CHANGED;
  }

  #completeSetup(): Applied {
    if (this.#isSetUp) return UNCHANGED;
    this.#isSetUp = true;
    return CHANGED;
  }

  #missingVhost(name: string): Refusal | undefined {
    return this.#vhosts.has(name) ? undefined : noSuchVhost(name);
  }

  #addVhost(command: AddVhost, emit: Emit): MetadataResult {
    if (this.#vhosts.has(command.name)) {
      return this.#changeVhost(command.name, emit, (record) => withProperties(record, command));
    }
    const vhost = newVirtualHost(command);
    const state = new VirtualHostState(vhost);
    this.#vhosts.set(command.name, state);
    emit({ type: "vhostAdded", vhost });
    for (const exchange of predeclaredExchanges(command.name))
      state.declareExchange(exchange, emit);
    return CHANGED;
  }

  #deleteVhost(name: string, emit: Emit): MetadataResult {
    const state = this.#vhosts.get(name);
    if (state === undefined) return noSuchVhost(name);
    if (state.record.isProtected === true) {
      return refused("vhost_protected", `virtual host '${name}' is protected from deletion`);
    }
    state.clear(emit);
    this.#users.forgetVhost(name, emit);
    this.#parameters.forgetVhost(name, emit);
    this.#vhosts.delete(name);
    emit({ type: "vhostDeleted", vhost: name });
    return CHANGED;
  }

  #setVhostLimits(command: SetVhostLimits, emit: Emit): MetadataResult {
    const missing = this.#missingVhost(command.vhost);
    if (missing !== undefined) return missing;
    const problem = validateLimits(command.limits, VHOST_LIMITS, "limits");
    if (problem !== undefined) return validationFailed(problem);
    return this.#changeVhost(command.vhost, emit, (record) =>
      withLimits(record, command.limits, command.merge),
    );
  }

  #changeVhost(
    name: string,
    emit: Emit,
    change: (record: VirtualHostRecord) => VirtualHostRecord,
  ): Applied | Refusal {
    const state = this.#vhosts.get(name);
    if (state === undefined) return noSuchVhost(name);
    const vhost = change(state.record);
    if (isSameRecord(state.record, vhost)) return UNCHANGED;
    state.setRecord(vhost);
    emit({ type: "vhostChanged", vhost });
    return CHANGED;
  }

  #setParameter(command: SetParameter, emit: Emit): MetadataResult {
    return this.#missingVhost(command.vhost) ?? this.#parameters.set(command, emit);
  }

  #collect(contentsOf: (state: VirtualHostState) => Contents): MetadataSnapshot {
    return {
      isSetUp: this.#isSetUp,
      nextGroupId: this.#nextGroupId,
      nextNodeId: this.#members.nextNodeId,
      members: this.#members.records(),
      vhosts: this.vhosts().map((state) => ({
        vhost: state.record,
        policies: state.policies,
        operatorPolicies: state.operatorPolicies,
        parameters: this.#parameters.ofVhost(state.record.name),
        ...contentsOf(state),
      })),
      users: this.#users.records(),
      permissions: this.#users.permissions(),
      topicPermissions: this.#users.topicPermissions(),
      globalParameters: this.#parameters.global(),
    };
  }

  #restore(snapshot: MetadataSnapshot): void {
    this.#isSetUp = snapshot.isSetUp;
    this.#restoreMembers(snapshot);
    for (const vhost of snapshot.vhosts) this.#restoreVhost(vhost);
    for (const user of snapshot.users) this.#users.restore(user);
    for (const permission of snapshot.permissions) {
      demand(this.#users.setPermissions(permission, UNTOLD));
    }
    for (const permission of snapshot.topicPermissions) {
      demand(this.#users.setTopicPermissions(permission, UNTOLD));
    }
    for (const parameter of snapshot.globalParameters) {
      demand(this.#parameters.setGlobal(parameter, UNTOLD));
    }
  }

  #restoreMembers({ members, nextNodeId }: MetadataSnapshot): void {
    const ids = new Set(members.map(({ nodeId }) => nodeId));
    assert(ids.size === members.length, "a snapshot must hold a node once");
    for (const nodeId of ids) assert(nodeId < nextNodeId, "a node whose id was never given");
    this.#members.restore(members, nextNodeId);
  }

  #restoreVhost(snapshot: VirtualHostSnapshot): void {
    const state = new VirtualHostState(snapshot.vhost);
    this.#vhosts.set(snapshot.vhost.name, state);
    restorePolicies(state, snapshot.policies, "setPolicy");
    restorePolicies(state, snapshot.operatorPolicies, "setOperatorPolicy");
    for (const parameter of snapshot.parameters) demand(this.#parameters.set(parameter, UNTOLD));
    for (const exchange of snapshot.exchanges) demand(state.declareExchange(exchange, UNTOLD));
    for (const queue of snapshot.queues) {
      assert((queue.groupId ?? -1) < (this.#nextGroupId ?? 0), "a group that was never allotted");
      demand(state.declareQueue(queue, UNTOLD));
    }
    for (const binding of snapshot.bindings) demand(state.bind(binding, UNTOLD));
  }
}

/** What may be many in a vhost. */
type Contents = Pick<VirtualHostSnapshot, "exchanges" | "queues" | "bindings">;

/** What everybody but the store may do with the machine: read. */
export type MetadataView = Omit<MetadataMachine, "apply" | "adopt" | "onEvent">;

const UNTOLD: Emit = () => undefined;

/** What a snapshot holds was accepted once. */
function demand(result: MetadataResult): void {
  assert(result.ok && result.changed, "a snapshot must hold what a machine can hold, and once");
}

/** A stored policy was valid when it was set. */
function restorePolicies(
  state: VirtualHostState,
  policies: readonly PolicyRecord[],
  type: "setPolicy" | "setOperatorPolicy",
): void {
  for (const policy of policies) {
    const compiled = compilePolicy({ type, ...policy });
    assert(!("ok" in compiled), "a stored policy must be valid");
    state.restorePolicy(compiled, type === "setOperatorPolicy");
  }
}

function noSuchVhost(name: string): Refusal {
  return refused("no_such_vhost", `Virtual host '${name}' does not exist`);
}
