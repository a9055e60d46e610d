import type { ControlMethod } from "@leveret/control";
import type { MemberAddress } from "../cluster/members/cluster-record.ts";
import { GROUP_METHODS } from "../cluster/operations/ask-replicas.ts";
import { type GroupService, readGroups, readMoves } from "../cluster/operations/group-service.ts";
import type { AppState } from "../control/controlled-node.ts";
import { OperationError } from "../control/operation-error.ts";
import { isNotStored, type MetadataCommand } from "../metadata/commands.ts";
import { PRODUCT } from "../product.ts";
import type { ClusterStores } from "./cluster-stores.ts";
import {
  type Admission,
  decodeIdentity,
  decodeNodeId,
  type NodeStatus,
  PEER_METHODS,
  type PeerGreeting,
  type PeerIdentity,
} from "./peer-protocol.ts";

/** The node as other nodes ask it. */
export interface PeerServiceNode {
  readonly state: AppState;
  readonly isFounding: boolean;
  /** Who it is now; `clusterId` undefined: new. */
  readonly identity: PeerIdentity;
  readonly members: readonly MemberAddress[];
  readonly running: readonly number[];
  /** While the app starts or runs. */
  readonly stores: ClusterStores | undefined;
  /** Its own part of the cluster's status. */
  nodeStatus(): NodeStatus;
}

/** Answers to the questions of other nodes (peer-protocol.ts). */
export function peerMethods(node: PeerServiceNode): ReadonlyMap<string, ControlMethod> {
  return new Map<string, ControlMethod>([
    [PEER_METHODS.status, () => answer(() => node.nodeStatus())],
    [PEER_METHODS.greet, (params) => answer(() => greet(node, decodeIdentity(params)))],
    [
      PEER_METHODS.join,
      (params) => answer(() => admit(runningStores(node), decodeIdentity(params))),
    ],
    [
      PEER_METHODS.remove,
      (params) => answer(() => remove(runningStores(node), decodeNodeId(params))),
    ],
    [
      GROUP_METHODS.states,
      (params) => answer(() => groupsOf(node).states(readGroups(params)).map(orNull)),
    ],
    [GROUP_METHODS.handOver, (params) => answer(() => groupsOf(node).handOver(readMoves(params)))],
  ]);
}

/** The code of an OperationError goes to the caller as that of his ControlError. */
async function answer(work: () => unknown): Promise<unknown> {
  try {
    return (await work()) ?? true;
  } catch (error) {
    if (error instanceof OperationError) throw Object.assign(error, { code: error.problem });
    throw error;
  }
}

function greet(node: PeerServiceNode, asker: PeerIdentity): PeerGreeting {
  const { identity, state, isFounding, members, running, stores } = node;
  heed(stores, asker);
  return {
    ...withoutUndefined(identity),
    version: PRODUCT.productVersion,
    state,
    isFounding,
    members,
    running,
    asker: judge(node, asker),
  };
}

/** Where the asker is now: it has to be reached before the metadata can know. */
function heed(stores: ClusterStores | undefined, asker: PeerIdentity): void {
  const { clusterId, nodeId, name, address } = asker;
  if (stores === undefined || nodeId === undefined) return;
  if (clusterId !== stores.book.record.clusterId) return;
  if (stores.book.member(nodeId)?.name === name) stores.learnAddress(nodeId, address);
}

/**
 * A copy that is behind lacks new members; only one that is gone for good is a stranger, or one whose copy of the metadata a forced
 * recovery has left behind.
 */
function judge(
  { stores, state }: PeerServiceNode,
  { clusterId, nodeId, name, epoch }: PeerIdentity,
): PeerGreeting["asker"] {
  if (stores === undefined || state !== "running" || nodeId === undefined) return "unknown";
  if (clusterId !== stores.book.record.clusterId) return "stranger";
  const { machine } = stores.metadata;
  const isLeftBehind = epoch !== undefined && epoch < stores.epoch;
  if (machine.wasRemoved(nodeId) || isLeftBehind) return "stranger";
  return machine.member(nodeId)?.name === name ? "member" : "unknown";
}

function runningStores({ stores, state, identity }: PeerServiceNode): ClusterStores {
  if (stores !== undefined && state === "running") return stores;
  throw new OperationError("app_not_running", `the app of node ${identity.name} does not run`);
}

function groupsOf(node: PeerServiceNode): GroupService {
  return runningStores(node).places.groupService;
}

/** Values of JSON know no undefined. */
function orNull<T>(value: T | undefined): T | null {
  return value ?? null;
}

/** Makes the asker a member, under a number of its own. */
async function admit(stores: ClusterStores, { name, address }: PeerIdentity): Promise<Admission> {
  const { machine } = stores.metadata;
  const known = machine.memberNamed(name);
  // One that never came: nobody knows what it has promised under the number that it got.
  if (known?.state === "joining")
    await change(stores, { type: "removeMember", nodeId: known.nodeId });
  else if (known !== undefined) {
    throw new OperationError(
      "inconsistent_cluster",
      `node '${name}' is already a member of the cluster of '${stores.book.record.nodeName}', and does not know it: ` +
        `run forget_cluster_node ${name} on one of its members first`,
    );
  }
  await change(stores, { type: "addMember", name, address });
  const member = machine.memberNamed(name);
  if (member === undefined) throw new OperationError("failed", `node '${name}' was removed again`);
  const members = machine
    .members()
    .map((other) => ({ nodeId: other.nodeId, name: other.name, address: other.address }));
  const { clusterId } = stores.book.record;
  const { epoch } = stores;
  const { nodeId, generation } = member;
  return { clusterId, nodeId, generation, epoch, members };
}

/** Also of one that is gone already: whoever asks again has not heard the answer. */
async function remove(stores: ClusterStores, nodeId: number): Promise<void> {
  if (stores.metadata.machine.member(nodeId) === undefined) return;
  await change(stores, { type: "removeMember", nodeId });
}

/** @throws OperationError */
export async function change(stores: ClusterStores, command: MetadataCommand): Promise<void> {
  const result = await stores.change(command);
  if (result.ok) return;
  throw new OperationError(isNotStored(result) ? "no_quorum" : "failed", result.text);
}

function withoutUndefined(identity: PeerIdentity): PeerIdentity {
  const { name, address, clusterId, nodeId, epoch } = identity;
  if (clusterId === undefined || nodeId === undefined) return { name, address };
  return { name, address, clusterId, nodeId, ...(epoch === undefined ? {} : { epoch }) };
}
