import { DecodeError } from "../codec/decode-error.ts";
import type { NodeId } from "../core/ids.ts";
import type { DigestExchange } from "./digest-exchange.ts";
import type { GroupFence } from "./group-fence.ts";
import { NoteKind } from "./note-kind.ts";
import type { SnapshotInbox } from "./snapshot-inbox.ts";
import type { SnapshotSender } from "./snapshot-sender.ts";
import { decodeAnswer, decodeChunk, decodeOffer, decodeTransferId } from "./transfer-codec.ts";

/** Those who take the notes of peers. */
export interface NoteTakers {
  readonly digests: DigestExchange;
  readonly fence: GroupFence;
  readonly sender: SnapshotSender;
  readonly inbox: SnapshotInbox;
}

/** Hands a note to whom it concerns. False: it is malformed or of an unknown kind, and was dropped. */
export function takeNote(
  takers: NoteTakers,
  from: NodeId,
  kind: number,
  body: Uint8Array,
): boolean {
  try {
    return dispatch(takers, from, kind, body);
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

function dispatch(takers: NoteTakers, from: NodeId, kind: number, body: Uint8Array): boolean {
  switch (kind) {
    case NoteKind.Digest:
      takers.digests.onDigest(from, body);
      return true;
    case NoteKind.DigestMismatch:
      takers.digests.onMismatch(body);
      return true;
    case NoteKind.ObsoleteEpoch:
    case NoteKind.RemovedReplica:
      takers.fence.onVerdict(kind, body);
      return true;
    case NoteKind.SnapshotOffer:
      takers.inbox.onOffer(from, decodeOffer(body));
      return true;
    case NoteKind.SnapshotChunk:
      takers.inbox.onChunk(from, decodeChunk(body));
      return true;
    case NoteKind.SnapshotQuery:
      takers.inbox.onQuery(from, decodeTransferId(body));
      return true;
    case NoteKind.SnapshotAbort:
      takers.inbox.onAbort(from, decodeTransferId(body));
      return true;
    case NoteKind.SnapshotAnswer:
      takers.sender.onAnswer(from, decodeAnswer(body));
      return true;
    default:
      // Of a newer version.
      return false;
  }
}
