import type { NodeId } from "@leveret/raft";
import {
  type AddMember,
  type Applied,
  CHANGED,
  type MemberCommand,
  type MemberStarted,
  type MetadataResult,
  type Refusal,
  refused,
  UNCHANGED,
} from "./commands.ts";
import type { Emit } from "./events.ts";
import { NODE_ID_MAX } from "./metadata-limits.ts";
import { validationFailed } from "./policy-set.ts";
import type { MemberRecord } from "./records.ts";

/** NAME@HOST, as the configuration takes it. */
const NODE_NAME = /^[^@\s]{1,255}@[^@\s]{1,255}$/;

/** The nodes of the cluster. Changed by the metadata machine only. Empty: a broker that was never told who it is. */
export class MemberDirectory {
  readonly #members = new Map<NodeId, MemberRecord>();
  #nextNodeId = 1;

  /** All ids below are given, or were. */
  get nextNodeId(): NodeId {
    return this.#nextNodeId;
  }

  find(nodeId: NodeId): MemberRecord | undefined {
    return this.#members.get(nodeId);
  }

  findNamed(name: string): MemberRecord | undefined {
    for (const member of this.#members.values()) if (member.name === name) return member;
    return undefined;
  }

  /** Sorted by node id. */
  records(): MemberRecord[] {
    return Array.from(this.#members.values()).sort((left, right) => left.nodeId - right.nodeId);
  }

  /** Whether the node was a member once, and is none any more: nothing that comes from it counts. */
  wasRemoved(nodeId: NodeId): boolean {
    return nodeId < this.#nextNodeId && !this.#members.has(nodeId);
  }

  /** Whether a member other than this node runs. */
  runsBeside(nodeId: NodeId): boolean {
    for (const member of this.#members.values()) {
      if (member.nodeId !== nodeId && member.state === "running") return true;
    }
    return false;
  }

  /** The command is not `removeMember`, which the machine takes apart: see `remove`. */
  change(command: Exclude<MemberCommand, { type: "removeMember" }>, emit: Emit): MetadataResult {
    switch (command.type) {
      case "addMember":
        return this.#add(command, emit);
      case "memberStarted":
        return this.#started(command, emit);
      case "memberStopping":
        return this.#stopping(command.nodeId, emit);
      default:
        return command satisfies never;
    }
  }

  /** Why the node cannot be removed; undefined: it can. */
  findObstacle(nodeId: NodeId): Refusal | undefined {
    if (!this.#members.has(nodeId)) return noSuchMember(nodeId);
    return this.#members.size === 1
      ? validationFailed("the last node of a cluster cannot be removed")
      : undefined;
  }

  /** There is no obstacle. */
  remove(nodeId: NodeId, emit: Emit): void {
    const member = this.#members.get(nodeId);
    if (member === undefined) return;
    this.#members.delete(nodeId);
    emit({ type: "memberRemoved", nodeId, member });
  }

  /** From a snapshot. */
  restore(members: readonly MemberRecord[], nextNodeId: NodeId): void {
    for (const member of members) this.#members.set(member.nodeId, member);
    this.#nextNodeId = nextNodeId;
  }

  #add({ name, address }: AddMember, emit: Emit): MetadataResult {
    const nodeId = this.#nextNodeId;
    const problem = this.#findProblem({ nodeId, name, address });
    if (problem !== undefined) return problem;
    this.#nextNodeId++;
    return this.#set({ nodeId, name, address, generation: 1, state: "joining" }, emit);
  }

  #started({ nodeId, name, address }: MemberStarted, emit: Emit): MetadataResult {
    if (this.wasRemoved(nodeId)) return noSuchMember(nodeId);
    const problem = this.#findProblem({ nodeId, name, address });
    if (problem !== undefined) return problem;
    this.#nextNodeId = Math.max(this.#nextNodeId, nodeId + 1);
    const generation = this.#members.get(nodeId)?.generation ?? 1;
    return this.#set({ nodeId, name, address, generation, state: "running" }, emit);
  }

  #stopping(nodeId: NodeId, emit: Emit): MetadataResult {
    const member = this.#members.get(nodeId);
    if (member === undefined) return noSuchMember(nodeId);
    return this.#set({ ...member, state: "stopped" }, emit);
  }

  #set(member: MemberRecord, emit: Emit): Applied {
    const before = this.#members.get(member.nodeId);
    if (before !== undefined && isSameMember(before, member)) return UNCHANGED;
    this.#members.set(member.nodeId, member);
    emit({ type: "memberChanged", member });
    return CHANGED;
  }

  #findProblem(node: Omit<MemberStarted, "type">): Refusal | undefined {
    const { nodeId, name, address } = node;
    if (!NODE_NAME.test(name)) {
      return validationFailed(`'${name.slice(0, 80)}' is not a node name: it has to be NAME@HOST`);
    }
    if (address === "") return validationFailed(`node '${name}' has no address`);
    if (!(Number.isInteger(nodeId) && nodeId >= 1 && nodeId <= NODE_ID_MAX)) {
      return validationFailed(`there is no node id ${nodeId}: the last one is ${NODE_ID_MAX}`);
    }
    const other = this.findNamed(name);
    if (other === undefined || other.nodeId === nodeId) return undefined;
    return refused("member_already_exists", `node '${name}' is already a member of the cluster`);
  }
}

export function noSuchMember(nodeId: NodeId): Refusal {
  return refused("no_such_member", `node ${nodeId} is not a member of the cluster`);
}

function isSameMember(left: MemberRecord, right: MemberRecord): boolean {
  return left.name === right.name && left.address === right.address && left.state === right.state;
}
