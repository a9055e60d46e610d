import { DecodeError } from "../codec/decode-error.ts";
import { EntrySlab } from "../codec/entry-slab.ts";
import type { FrameHeader } from "../codec/frame.ts";
import { type FrameParts, type PartSink, readParts } from "../codec/frame-content.ts";
import type { Beat, NotePart } from "../codec/frame-parts.ts";
import { readMessage } from "../codec/message-codec.ts";
import { type NodeId, nodeIdOf } from "../core/ids.ts";
import type { RaftMessage } from "../core/message.ts";
import type { LinkContext } from "./link-context.ts";
import type { LinkStatistics } from "./link-statistics.ts";

/** The link, as its input needs it. */
export interface LinkInputOwner {
  /** The peer counts as up: what it says is heard. */
  readonly isCounted: boolean;
  onBeat(beat: Beat): void;
}

/** Hands what arrives from one peer to the host. */
export class LinkInput implements PartSink {
  readonly #context: LinkContext;
  readonly #peer: NodeId;
  readonly #statistics: LinkStatistics;
  readonly #owner: LinkInputOwner;
  readonly #slab = new EntrySlab();
  #lane: "control" | "bulk" = "control";
  /** Whether the connection being read still is its lane's: handling a message may end it. */
  #isCurrent: () => boolean = () => true;

  constructor(context: LinkContext, statistics: LinkStatistics, owner: LinkInputOwner) {
    this.#context = context;
    this.#peer = statistics.peer;
    this.#statistics = statistics;
    this.#owner = owner;
  }

  /** Works off a frame of the peer's present life; false: its connection ended meanwhile. @throws DecodeError */
  read(
    header: FrameHeader,
    frame: FrameParts,
    from: { readonly lane: "control" | "bulk"; readonly isCurrent: () => boolean },
  ): boolean {
    this.#lane = from.lane;
    this.#isCurrent = from.isCurrent;
    return readParts(header, frame, this);
  }

  onMessagePart(bytes: Buffer, offset: number, end: number): boolean {
    if (!this.#isHeard()) return true;
    const message = this.#decode(bytes, offset, end);
    if (message !== undefined) this.#context.listener.onMessage(this.#peer, message);
    return this.#isCurrent();
  }

  onNotePart(note: NotePart): boolean {
    if (!this.#isHeard()) return true;
    // Not from Node's shared memory: a small note must not tie up much of it for long.
    const body = Uint8Array.from(note.body);
    this.#context.listener.onNote(this.#peer, this.#lane, note.kind, body);
    return this.#isCurrent();
  }

  onBeatPart(beat: Beat): boolean {
    this.#owner.onBeat(beat);
    return this.#isCurrent();
  }

  #isHeard(): boolean {
    const { isCounted } = this.#owner;
    if (!isCounted) this.#statistics.heldParts++;
    return isCounted;
  }

  #decode(bytes: Buffer, offset: number, end: number): RaftMessage | undefined {
    try {
      const message = readMessage(bytes, offset, end, this.#slab);
      const isRouted =
        nodeIdOf(message.from) === this.#peer &&
        nodeIdOf(message.to) === this.#context.identity.nodeId;
      if (isRouted) return message;
    } catch (error) {
      // The frame is whole, so only this message is wrong: the others in it must not suffer.
      if (!(error instanceof DecodeError)) throw error;
    }
    this.#statistics.badMessages++;
    return undefined;
  }
}
