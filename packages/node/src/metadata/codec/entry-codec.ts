import type { NodeId } from "@leveret/raft";
import type { MetadataCommand } from "../commands.ts";
import { decodeMetadataCommand } from "./command-codec.ts";
import { MetadataCodecError } from "./fields.ts";

/**
 * An entry of the metadata's log: who submitted the command, and the command. Numbers are big-endian.
 *
 *    0  u8   0xc1: no MessagePack value starts so, and so no entry older than clusters, which is a command alone
 *    1  u8   1, the version of this head
 *    2  u16  node of the submission
 *    4  u48  incarnation of that node
 *   10  u48  seq: 1, 2, ... in that incarnation
 *   16       the command; nothing: the submission was given up
 */
const MARK = 0xc1;
const VERSION = 1;
const HEAD_SIZE = 16;
const U32 = 0x1_0000_0000;

/** Which submission an entry carries: the `seq`th of the life `incarnation` of a node. */
export interface EntryOrigin {
  readonly nodeId: NodeId;
  readonly incarnation: number;
  readonly seq: number;
}

export interface MetadataEntry {
  /** undefined: an entry older than clusters, which is always applied. */
  readonly origin: EntryOrigin | undefined;
  /** undefined: the submission was given up; its number is used, and nothing else happens. */
  readonly command: MetadataCommand | undefined;
}

/** `command`: as `encodeMetadataCommand` made it, or empty. */
export function encodeMetadataEntry(origin: EntryOrigin, command: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD_SIZE + command.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = MARK;
  bytes[1] = VERSION;
  view.setUint16(2, origin.nodeId);
  setUint48(view, 4, origin.incarnation);
  setUint48(view, 10, origin.seq);
  bytes.set(command, HEAD_SIZE);
  return bytes;
}

/** @throws MetadataCodecError if it is malformed, or of a version or type that is not known here */
export function decodeMetadataEntry(bytes: Uint8Array): MetadataEntry {
  if (bytes[0] !== MARK) return { origin: undefined, command: decodeMetadataCommand(bytes) };
  if (bytes[1] !== VERSION) {
    const text = `a metadata entry has version ${bytes[1]}; this program knows ${VERSION}`;
    throw new MetadataCodecError(text);
  }
  if (bytes.length < HEAD_SIZE) throw new MetadataCodecError("a metadata entry is cut short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_SIZE);
  const origin = {
    nodeId: view.getUint16(2),
    incarnation: uint48(view, 4),
    seq: uint48(view, 10),
  };
  const isGivenUp = bytes.length === HEAD_SIZE;
  return {
    origin,
    command: isGivenUp ? undefined : decodeMetadataCommand(bytes.subarray(HEAD_SIZE)),
  };
}

function setUint48(view: DataView, at: number, value: number): void {
  view.setUint16(at, Math.floor(value / U32));
  view.setUint32(at + 2, value % U32);
}

function uint48(view: DataView, at: number): number {
  return view.getUint16(at) * U32 + view.getUint32(at + 2);
}
