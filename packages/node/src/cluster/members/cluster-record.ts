/*
 * cluster.json: what a node has to know before it can read its metadata. One JSON object:
 *   format: 1, clusterId, nodeId, generation, epoch, nodeName,
 *   members: [{ nodeId, name, address }]     all of the cluster, this node included, sorted by nodeId
 *   running: [nodeId]                        those that were up when this node last looked, itself included; sorted
 */

/** A member, as far as it has to be known to reach it. */
export interface MemberAddress {
  readonly nodeId: number;
  /** NAME@HOST */
  readonly name: string;
  /** HOST:PORT of its cluster port. */
  readonly address: string;
}

/** What a node remembers of its cluster, and of itself in it. */
export interface ClusterRecord {
  readonly clusterId: string;
  readonly nodeId: number;
  /** Of this node's replica of the metadata group. */
  readonly generation: number;
  /** Of the metadata group when this node joined it: 1 until a forced recovery. */
  readonly epoch: number;
  readonly nodeName: string;
  readonly members: readonly MemberAddress[];
  readonly running: readonly number[];
}

/** What is in the file is not what a node writes. */
export class ClusterRecordError extends Error {
  override readonly name = "ClusterRecordError";
}

const FORMAT = 1;
const NODE_ID_MAX = 0xffff;
const TEXT_MAX = 1024;

export function encodeClusterRecord(record: ClusterRecord): string {
  return `${JSON.stringify({ format: FORMAT, ...record }, undefined, 2)}\n`;
}

/** @throws ClusterRecordError */
export function decodeClusterRecord(text: string): ClusterRecord {
  const fields = fieldsOf(parse(text), "the file");
  if (fields["format"] !== FORMAT) {
    throw new ClusterRecordError(`it has format ${String(fields["format"])}, not ${FORMAT}`);
  }
  const record: ClusterRecord = {
    clusterId: textOf(fields, "clusterId"),
    nodeId: idOf(fields["nodeId"], "nodeId"),
    generation: idOf(fields["generation"], "generation"),
    epoch: idOf(fields["epoch"], "epoch"),
    nodeName: textOf(fields, "nodeName"),
    members: listOf(fields, "members").map(decodeMember),
    running: listOf(fields, "running").map((id) => idOf(id, "running")),
  };
  if (!record.members.some(({ nodeId }) => nodeId === record.nodeId)) {
    throw new ClusterRecordError("this node is not among its members");
  }
  return record;
}

/** Also of a member that another node tells of. @throws ClusterRecordError */
export function decodeMember(value: unknown): MemberAddress {
  const fields = fieldsOf(value, "a member");
  return {
    nodeId: idOf(fields["nodeId"], "nodeId"),
    name: textOf(fields, "name"),
    address: textOf(fields, "address"),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ClusterRecordError("it is no JSON", { cause: error });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ClusterRecordError(`${what} is no object`);
  }
  return value as Fields; // Any object's fields are unknown.
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value === "" || value.length > TEXT_MAX) {
    throw new ClusterRecordError(`${name} is no text`);
  }
  return value;
}

function idOf(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > NODE_ID_MAX) {
    throw new ClusterRecordError(`${name} is no number of a node`);
  }
  return value;
}

function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new ClusterRecordError(`${name} is no list`);
  return value;
}
