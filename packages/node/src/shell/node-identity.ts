import { randomUUID } from "node:crypto";
import { readOwner } from "@leveret/raft";
import {
  finishReset,
  isNewDirectory,
  readClusterFile,
  writeClusterFile,
} from "../cluster/members/cluster-file.ts";
import type { ClusterRecord } from "../cluster/members/cluster-record.ts";
import { RealDisk } from "../runtime/real-disk.ts";
import { FIRST_EPOCH, FOUNDER_ID } from "../storage/node-storage.ts";
import type { Admission } from "./peer-protocol.ts";

/** This node, as it is configured now. */
export interface SelfDescription {
  readonly name: string;
  /** Where others reach its cluster port. */
  readonly address: string;
}

/**
 * Who the data directory says that this node is; undefined: it is new. Name and address are those of now.
 * @throws StorageError
 */
export async function rememberedIdentity(
  directory: string,
  self: SelfDescription,
): Promise<ClusterRecord | undefined> {
  await finishReset(directory);
  const record = readClusterFile(directory);
  if (record !== undefined) return asNow(record, self);
  if (isNewDirectory(directory)) return undefined;
  const owner = await ownerOf(directory);
  // Directories that are older than clusters have no cluster.json; nor do those of which it was lost.
  return owner === undefined ? undefined : recordOf(owner, self);
}

/** The first node of a new cluster; durable when it resolves. */
export async function foundCluster(
  directory: string,
  self: SelfDescription,
): Promise<ClusterRecord> {
  const record = recordOf({ nodeId: FOUNDER_ID, clusterId: randomUUID() }, self);
  await writeClusterFile(directory, record);
  return record;
}

/** Of a node that a cluster has taken in. */
export function admittedRecord(admission: Admission, self: SelfDescription): ClusterRecord {
  const { clusterId, nodeId, generation, epoch, members } = admission;
  const others = members.filter((member) => member.nodeId !== nodeId);
  return {
    clusterId,
    nodeId,
    generation,
    epoch,
    nodeName: self.name,
    members: [...others, { nodeId, ...self }].sort((a, b) => a.nodeId - b.nodeId),
    running: others.map((member) => member.nodeId),
  };
}

function asNow(record: ClusterRecord, self: SelfDescription): ClusterRecord {
  const { nodeId } = record;
  const members = record.members.map((member) =>
    member.nodeId === nodeId ? { nodeId, ...self } : member,
  );
  return { ...record, nodeName: self.name, members };
}

function recordOf(
  { nodeId, clusterId }: { readonly nodeId: number; readonly clusterId: string },
  self: SelfDescription,
): ClusterRecord {
  return {
    clusterId,
    nodeId,
    generation: 1,
    epoch: FIRST_EPOCH,
    nodeName: self.name,
    members: [{ nodeId, ...self }],
    running: [nodeId],
  };
}

function ownerOf(
  directory: string,
): Promise<{ readonly nodeId: number; readonly clusterId: string } | undefined> {
  return new Promise((resolve) => readOwner(new RealDisk(directory), resolve));
}
