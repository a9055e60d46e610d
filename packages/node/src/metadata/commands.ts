import type { NodeId } from "@leveret/raft";
import type { QueueType } from "../queue/queue-config.ts";
import type { JsonValue } from "./json-value.ts";
import type {
  BindingRecord,
  ExchangeRecord,
  GlobalParameterRecord,
  HashingAlgorithm,
  ParameterRecord,
  PermissionRecord,
  PolicyDefinition,
  QueueRecord,
  TopicPermissionRecord,
} from "./records.ts";

/** Limits as clients write them (`max-connections` and so on); validated by the machine. */
export type LimitDefinition = ReadonlyMap<string, JsonValue>;

/** Creates a vhost with its predeclared exchanges, or changes the given properties of an existing one. */
export interface AddVhost {
  readonly type: "addVhost";
  readonly name: string;
  /** undefined: leave as it is, "" for a new vhost. */
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly defaultQueueType?: QueueType | undefined;
  readonly tracing?: boolean | undefined;
  /** Whether it is protected from deletion. */
  readonly isProtected?: boolean | undefined;
}

interface DeleteVhost {
  readonly type: "deleteVhost";
  readonly name: string;
}

export interface SetVhostLimits {
  readonly type: "setVhostLimits";
  readonly vhost: string;
  readonly limits: LimitDefinition;
  /** true: limits that are not named stay (HTTP API); false: they are cleared (rabbitmqctl, definitions). */
  readonly merge: boolean;
}

interface ClearVhostLimits {
  readonly type: "clearVhostLimits";
  readonly vhost: string;
  /** undefined: all. */
  readonly limit?: string | undefined;
}

/** Refused when the user exists. */
export interface AddUser {
  readonly type: "addUser";
  readonly name: string;
  readonly passwordHash: string;
  readonly hashingAlgorithm: HashingAlgorithm;
  readonly tags: readonly string[];
}

/** Creates a user or replaces password and tags of an existing one (HTTP API, definitions). */
export interface PutUser extends Omit<AddUser, "type"> {
  readonly type: "putUser";
}

interface DeleteUser {
  readonly type: "deleteUser";
  readonly name: string;
}

interface SetUserTags {
  readonly type: "setUserTags";
  readonly name: string;
  readonly tags: readonly string[];
}

/** An empty hash disables login by password. */
export interface SetUserPassword {
  readonly type: "setUserPassword";
  readonly name: string;
  readonly passwordHash: string;
  readonly hashingAlgorithm: HashingAlgorithm;
}

/** Limits that are not named stay (RabbitMQ: set_user_limits). */
export interface SetUserLimits {
  readonly type: "setUserLimits";
  readonly name: string;
  readonly limits: LimitDefinition;
}

export interface ClearUserLimits {
  readonly type: "clearUserLimits";
  readonly name: string;
  /** undefined: all. */
  readonly limit?: string | undefined;
}

interface SetPermissions extends PermissionRecord {
  readonly type: "setPermissions";
}

export interface ClearPermissions {
  readonly type: "clearPermissions";
  readonly user: string;
  readonly vhost: string;
}

interface SetTopicPermissions extends TopicPermissionRecord {
  readonly type: "setTopicPermissions";
}

export interface ClearTopicPermissions {
  readonly type: "clearTopicPermissions";
  readonly user: string;
  readonly vhost: string;
  /** undefined: for every exchange. */
  readonly exchange?: string | undefined;
}

export interface SetPolicy {
  readonly type: "setPolicy" | "setOperatorPolicy";
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  /** Checked by the machine. */
  readonly applyTo: string;
  readonly priority: number;
  readonly definition: PolicyDefinition;
}

export interface ClearPolicy {
  readonly type: "clearPolicy" | "clearOperatorPolicy";
  readonly vhost: string;
  readonly name: string;
}

export interface SetParameter extends ParameterRecord {
  readonly type: "setParameter";
}

export interface ClearParameter {
  readonly type: "clearParameter";
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
}

interface SetGlobalParameter extends GlobalParameterRecord {
  readonly type: "setGlobalParameter";
}

interface ClearGlobalParameter {
  readonly type: "clearGlobalParameter";
  readonly name: string;
}

/** An exchange of this name that exists stays as it is: the result says `changed: false`. */
interface DeclareExchange {
  readonly type: "declareExchange";
  readonly exchange: ExchangeRecord;
}

export interface DeleteExchange {
  readonly type: "deleteExchange";
  readonly vhost: string;
  readonly name: string;
  /** Refused while the exchange is the source of a binding. */
  readonly ifUnused?: boolean | undefined;
}

/** A queue of this name that exists stays as it is: the result says `changed: false`. */
interface DeclareQueue {
  readonly type: "declareQueue";
  readonly queue: QueueRecord;
}

interface DeleteQueue {
  readonly type: "deleteQueue";
  readonly vhost: string;
  readonly name: string;
}

interface Bind {
  readonly type: "bind";
  readonly binding: BindingRecord;
}

interface Unbind {
  readonly type: "unbind";
  readonly binding: BindingRecord;
}

/**
 * What does not outlive the restart of a node goes: queues in memory whose home it is (exclusive, or not durable), and their bindings.
 * Exchanges that are not durable, and their bindings, live as long as any node runs: they go if no other does. The first command of
 * a node's life, if there is anything of the kind.
 */
export interface DropTransient {
  readonly type: "dropTransient";
  /** undefined: of all nodes, with the exchanges (logs older than clusters). */
  readonly nodeId?: NodeId | undefined;
}

/**
 * Where the replicas of a durable queue are to be, the preferred leader first. Nodes that stay keep their replica's generation, new
 * ones get the queue's next. Refused for nodes that are no members.
 */
export interface PlaceQueue {
  readonly type: "placeQueue";
  readonly vhost: string;
  readonly name: string;
  readonly replicas: readonly NodeId[];
}

/**
 * A node that is to join: it gets the next node id (`MetadataView.memberNamed` tells which), state "joining". Refused if a member has the name.
 */
export interface AddMember {
  readonly type: "addMember";
  readonly name: string;
  readonly address: string;
}

/** The node is no member any more, and can never be again under its id; the queues in memory whose home it was go with it. */
interface RemoveMember {
  readonly type: "removeMember";
  readonly nodeId: NodeId;
}

/** The node runs, under this name and address. Makes the member if the id was never given (the first node). */
export interface MemberStarted {
  readonly type: "memberStarted";
  readonly nodeId: NodeId;
  readonly name: string;
  readonly address: string;
}

/** The node is about to stop, on purpose. */
interface MemberStopping {
  readonly type: "memberStopping";
  readonly nodeId: NodeId;
}

/** Commands about the nodes of the cluster. */
export type MemberCommand = AddMember | RemoveMember | MemberStarted | MemberStopping;

/** The default data, or what stands for it, is there: later starts make it no more. */
interface CompleteSetup {
  readonly type: "completeSetup";
}

/** Everything that changes metadata. Plain data: it is stored as metadata-codec.ts says. */
export type MetadataCommand =
  | AddVhost
  | DeleteVhost
  | SetVhostLimits
  | ClearVhostLimits
  | AddUser
  | PutUser
  | DeleteUser
  | SetUserTags
  | SetUserPassword
  | SetUserLimits
  | ClearUserLimits
  | SetPermissions
  | ClearPermissions
  | SetTopicPermissions
  | ClearTopicPermissions
  | SetPolicy
  | ClearPolicy
  | SetParameter
  | ClearParameter
  | SetGlobalParameter
  | ClearGlobalParameter
  | DeclareExchange
  | DeleteExchange
  | DeclareQueue
  | DeleteQueue
  | Bind
  | Unbind
  | DropTransient
  | CompleteSetup
  | PlaceQueue
  | MemberCommand;

/** Commands about what is inside one vhost. */
export type TopologyCommand = Extract<
  MetadataCommand,
  {
    type:
      | "setPolicy"
      | "setOperatorPolicy"
      | "clearPolicy"
      | "clearOperatorPolicy"
      | "declareExchange"
      | "deleteExchange"
      | "declareQueue"
      | "deleteQueue"
      | "placeQueue"
      | "bind"
      | "unbind";
  }
>;

/** The vhost that a command is about. */
export function vhostOf(command: TopologyCommand): string {
  if ("exchange" in command) return command.exchange.vhost;
  if ("queue" in command) return command.queue.vhost;
  return "binding" in command ? command.binding.vhost : command.vhost;
}

/** Why a command was refused; `text` is RabbitMQ's wording. */
export type RefusalReason =
  | "no_such_vhost"
  | "no_such_user"
  | "user_already_exists"
  | "no_such_exchange"
  | "no_such_queue"
  | "no_such_policy"
  | "no_such_parameter"
  | "invalid_regexp"
  | "validation_failed"
  | "exchange_in_use"
  | "vhost_limit_exceeded"
  | "credential_validation_failed"
  | "vhost_protected"
  | "no_such_member"
  | "member_already_exists"
  /** No disk space is left for it. */
  | "store_full"
  /** It could not be stored, or nobody knows whether it was: the node stops, the disk does not answer, or the cluster has no majority. */
  | "store_unavailable";

export interface Refusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  readonly text: string;
}

/** `changed: false`: there was nothing to do (already declared, already bound, not there to delete). */
export interface Applied {
  readonly ok: true;
  readonly changed: boolean;
}

export type MetadataResult = Applied | Refusal;

/** Nothing is wrong with the command: it is the disk, or the log, that could not take it. */
export function isNotStored({ reason }: Refusal): boolean {
  return reason === "store_full" || reason === "store_unavailable";
}

export const CHANGED: Applied = Object.freeze({ ok: true, changed: true });
export const UNCHANGED: Applied = Object.freeze({ ok: true, changed: false });

export function refused(reason: RefusalReason, text: string): Refusal {
  return { ok: false, reason, text };
}
