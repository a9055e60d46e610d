import { markForceBoot, resetDirectory } from "../cluster/members/cluster-file.ts";
import type { ClusterRecord, MemberAddress } from "../cluster/members/cluster-record.ts";
import { DEFAULT_CLUSTER_PORT } from "../config/build-cluster.ts";
import type { ForgetResult, JoinResult } from "../control/controlled-node.ts";
import { OperationError } from "../control/operation-error.ts";
import { formatHostPort } from "../runtime/net-address.ts";
import { hostOf } from "./cluster-side.ts";
import type { ClusterStores } from "./cluster-stores.ts";
import { forceWarnings } from "./force-boot.ts";
import { admittedRecord, type SelfDescription } from "./node-identity.ts";
import { asOperationError, type PeerCalls, type PeerPlace } from "./peer-calls.ts";
import type { PeerGreeting, PeerIdentity } from "./peer-protocol.ts";
import { change } from "./peer-service.ts";
import type { LocalAddress } from "./seeds.ts";

export interface MembershipOptions {
  readonly directory: string;
  readonly self: SelfDescription;
  readonly calls: PeerCalls;
  /** Where nodes are that no member has told of: those of the configuration. */
  readonly seeds: readonly PeerPlace[];
  /** Where a node of this host is. */
  readonly localAddress: LocalAddress;
}

/** Changes of who is in a cluster, as operators order them. The first four are for a node whose app is stopped. */
export class Membership {
  readonly #options: MembershipOptions;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** @throws OperationError "unreachable" */
  async reset(record: ClusterRecord | undefined, force: boolean): Promise<void> {
    if (record !== undefined && !force) await this.#leaveCluster(record);
    await resetDirectory(this.#options.directory, undefined);
  }

  /** @throws OperationError */
  async join(record: ClusterRecord | undefined, target: string): Promise<JoinResult> {
    const { self, calls, directory } = this.#options;
    const place = this.#placeOf(target, record);
    if (place.name === self.name) {
      throw new OperationError("itself", `node ${self.name} cannot join a cluster with itself`);
    }
    const greeting = await this.#greet(place, record);
    if (record !== undefined && greeting.clusterId === record.clusterId) {
      if (greeting.asker === "member") return "already_member";
      if (greeting.asker === "unknown" && record.members.length > 1) return "already_member";
    }
    const admission = await calls.join(place, self);
    try {
      if (record !== undefined && greeting.clusterId !== record.clusterId) {
        await this.#leaveCluster(record);
      }
    } catch (error) {
      await calls.remove(place, admission.nodeId).catch(() => undefined); // It may as well stay: it never comes.
      throw error;
    }
    await resetDirectory(directory, admittedRecord(admission, self));
    return "joined";
  }

  /** @throws OperationError "unreachable" */
  async membersOf(seed: string, record: ClusterRecord): Promise<readonly MemberAddress[]> {
    const greeting = await this.#greet(this.#placeOf(seed, record), record);
    if (greeting.clusterId !== record.clusterId) {
      const text = `node ${greeting.name} belongs to another cluster`;
      throw new OperationError("inconsistent_cluster", text);
    }
    return greeting.members;
  }

  async forceBoot(record: ClusterRecord | undefined): Promise<ForgetResult> {
    if (record === undefined) {
      throw new OperationError("failed", "there are no data that a start could be forced with");
    }
    await markForceBoot(this.#options.directory);
    return { warnings: warningsOf(record) };
  }

  /** On a node that runs. @throws OperationError */
  async forget(stores: ClusterStores, name: string): Promise<ForgetResult> {
    const { self } = this.#options;
    const { machine } = stores.metadata;
    const member = machine.memberNamed(name);
    if (member === undefined) throw notAMember();
    if (name === self.name) {
      throw new OperationError("itself", "a node cannot forget itself: reset it instead");
    }
    await this.#refuseIfRunning(stores.book.record, member);
    const warnings = lostQueues(stores, member.nodeId);
    await change(stores, { type: "removeMember", nodeId: member.nodeId });
    return { warnings };
  }

  /** Rejects if any other member than the one to be forgotten runs, or that one does. */
  async checkOffline(record: ClusterRecord, name: string): Promise<MemberAddress> {
    const { self } = this.#options;
    const member = record.members.find((other) => other.name === name);
    if (member === undefined) throw notAMember();
    if (name === self.name) {
      throw new OperationError("itself", "a node cannot forget itself: reset it instead");
    }
    for (const other of record.members) {
      if (other.name !== self.name) await this.#refuseIfRunning(record, other);
    }
    return member;
  }

  async #refuseIfRunning(record: ClusterRecord, member: MemberAddress): Promise<void> {
    const greeting = await this.#tryGreet(member, record);
    if (greeting === undefined || greeting.clusterId !== record.clusterId) return;
    if (greeting.state === "stopped") return;
    const text = `node ${member.name} runs: stop it first, for example by stop_app`;
    throw new OperationError("node_running", text);
  }

  /** Has another member remove this node. Nothing to do if there is none. */
  async #leaveCluster(record: ClusterRecord): Promise<void> {
    const others = record.members.filter(({ nodeId }) => nodeId !== record.nodeId);
    const reasons: string[] = [];
    for (const { name, address } of others) {
      try {
        await this.#options.calls.remove({ name, address }, record.nodeId);
        return;
      } catch (error) {
        reasons.push(asOperationError(error).message);
      }
    }
    if (others.length === 0) return;
    throw new OperationError(
      "unreachable",
      `no other member of the cluster can remove node ${record.nodeName}: ${reasons.join("; ")}`,
    );
  }

  async #greet(place: PeerPlace, record: ClusterRecord | undefined): Promise<PeerGreeting> {
    try {
      return await this.#options.calls.greet(place, this.#identity(record));
    } catch (error) {
      throw asOperationError(error);
    }
  }

  async #tryGreet(place: PeerPlace, record: ClusterRecord): Promise<PeerGreeting | undefined> {
    try {
      return await this.#options.calls.greet(place, this.#identity(record));
    } catch {
      return undefined;
    }
  }

  #identity(record: ClusterRecord | undefined): PeerIdentity {
    const { self } = this.#options;
    return { ...self, clusterId: record?.clusterId, nodeId: record?.nodeId };
  }

  /** `NAME@HOST:PORT`, or `NAME@HOST` where the port is known or the usual one. */
  #placeOf(target: string, record: ClusterRecord | undefined): PeerPlace {
    const { seeds, localAddress } = this.#options;
    const [, name = target, port] = /^(.+@.+?):(\d{1,5})$/.exec(target) ?? [];
    if (port !== undefined) return { name, address: formatHostPort(hostOf(name), Number(port)) };
    const known =
      seeds.find((seed) => seed.name === name) ??
      record?.members.find((member) => member.name === name);
    const usual = formatHostPort(hostOf(name), DEFAULT_CLUSTER_PORT);
    return { name, address: known?.address ?? localAddress(name) ?? usual };
  }
}

function notAMember(): OperationError {
  return new OperationError("not_a_cluster_node", "The node selected is not in the cluster.");
}

function warningsOf(record: ClusterRecord): string[] {
  const others = record.members.filter(({ nodeId }) => nodeId !== record.nodeId);
  return forceWarnings({ record, others });
}

const QUEUES_NAMED_MAX = 20;

/** Durable queues whose only contents are on a node. */
function lostQueues({ metadata }: ClusterStores, nodeId: number): string[] {
  const lost: string[] = [];
  for (const { queues } of metadata.machine.vhosts()) {
    for (const { vhost, name, groupId, replicas = [{ nodeId: 1 }] } of queues.values()) {
      const isOnlyThere = replicas.every((replica) => replica.nodeId === nodeId);
      if (groupId !== undefined && isOnlyThere) lost.push(`queue '${name}' in vhost '${vhost}'`);
    }
  }
  if (lost.length === 0) return [];
  const named = lost.slice(0, QUEUES_NAMED_MAX).join(", ");
  return [`the contents of ${lost.length} queues were only there: ${named}`];
}
