import type { NodeId } from "../core/ids.ts";
import { crc32 } from "./crc32.ts";
import { DecodeError } from "./decode-error.ts";
import { RecordReader, RecordWriter } from "./record-bytes.ts";

/*
 * node.meta: magic u32 | format version u32 | nodeId varint | incarnation varint | clusterId (length varint, UTF-8) | flags u8 | crc u32
 * Flag 1: the directory is in use. There are two copies; the one with the higher incarnation counts.
 */

/** Version of all files of a data directory together. */
export const STORE_FORMAT_VERSION = 1;

const MAGIC = 0x4d4e564c; // "LVNM"
const FLAG_IN_USE = 1;

/** Whose data directory it is. */
export interface NodeMeta {
  readonly formatVersion: number;
  readonly nodeId: NodeId;
  readonly clusterId: string;
  readonly incarnation: number;
  /** Something was stored: from now on there is a log, or it is lost. */
  readonly isInUse: boolean;
}

export function encodeNodeMeta(meta: NodeMeta): Buffer {
  const writer = new RecordWriter();
  writer.u32(MAGIC);
  writer.u32(meta.formatVersion);
  writer.varint(meta.nodeId);
  writer.varint(meta.incarnation);
  const clusterId = Buffer.from(meta.clusterId, "utf8");
  writer.varint(clusterId.length);
  writer.bytes(clusterId);
  writer.u8(meta.isInUse ? FLAG_IN_USE : 0);
  writer.u32(crc32(writer.view()));
  return writer.finish();
}

/** Of another format only `formatVersion` is known. @throws DecodeError if damaged */
export function decodeNodeMeta(bytes: Uint8Array): NodeMeta {
  if (bytes.length < 4) throw new DecodeError("node.meta is cut short");
  const content = bytes.subarray(0, bytes.length - 4);
  if (crc32(content) !== new RecordReader(bytes, content.length).u32()) {
    throw new DecodeError("node.meta is damaged");
  }
  const reader = new RecordReader(content);
  if (reader.u32() !== MAGIC) throw new DecodeError("node.meta is something else");
  const formatVersion = reader.u32();
  if (formatVersion !== STORE_FORMAT_VERSION) {
    return { formatVersion, nodeId: 0, clusterId: "", incarnation: 0, isInUse: false };
  }
  const nodeId = reader.varint();
  const incarnation = reader.varint();
  const clusterId = Buffer.from(reader.bytes(reader.varint())).toString("utf8");
  // The first directories had no flags.
  const flags = reader.remaining > 0 ? reader.u8() : 0;
  reader.finish();
  return { formatVersion, nodeId, clusterId, incarnation, isInUse: (flags & FLAG_IN_USE) !== 0 };
}

/** Marks everything written by a node, so that files of another one are not taken for its own. */
export function nodeStamp(clusterId: string, nodeId: NodeId): number {
  return crc32(Buffer.from(`${nodeId} ${clusterId}`, "utf8"));
}
