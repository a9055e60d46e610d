import type { NodeId } from "@leveret/raft";
import { optional, packFields, unpackFields } from "./fields.ts";
import { readText } from "./record-codec.ts";

/**
 * Why the node that was taken for the leader did not put a submission into the log. "lost": it did, but leads no more, and nobody knows
 * what became of it. "no-space" and "refused" are final for the submission, the others pass.
 */
export type ForwardRefusalKind = "busy" | "not-leader" | "lost" | "no-space" | "refused";

export interface ForwardAnswer {
  /** Of the node that forwarded. */
  readonly incarnation: number;
  readonly seq: number;
  readonly kind: ForwardRefusalKind;
  /** Who leads instead, as far as is known; 0: not known. */
  readonly leader: NodeId;
  /** In the words of the group, of "refused". */
  readonly why: string | undefined;
}

const VERSION = 1;
const KINDS: readonly ForwardRefusalKind[] = ["busy", "not-leader", "lost", "no-space", "refused"];

/** `[version, incarnation, seq, kind, leader, why]` in MessagePack. */
export function encodeForwardAnswer(answer: ForwardAnswer): Uint8Array {
  const { incarnation, seq, kind, leader, why } = answer;
  return packFields([VERSION, incarnation, seq, kind, leader, optional(why)]);
}

/** undefined: of a version that is not known here. @throws MetadataCodecError if it is malformed */
export function decodeForwardAnswer(bytes: Uint8Array): ForwardAnswer | undefined {
  const fields = unpackFields(bytes, "an answer to a forwarded change of metadata");
  if (fields.integer() !== VERSION) return undefined;
  return {
    incarnation: fields.integer(),
    seq: fields.integer(),
    kind: fields.oneOf(KINDS),
    leader: fields.integer(),
    why: fields.optional(readText),
  };
}
