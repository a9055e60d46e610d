import { NONE, type NodeId, nodeIdOf, type ProposalResult, type RaftGroup } from "@leveret/raft";
import type { Logger } from "../logger.ts";
import {
  encodeForwardAnswer,
  type ForwardAnswer,
  type ForwardRefusalKind,
} from "./codec/answer-codec.ts";
import { decodeMetadataEntry, type EntryOrigin } from "./codec/entry-codec.ts";
import { freesSpace } from "./command-traits.ts";
import type { MetadataLink } from "./metadata-link.ts";
import { type MetadataStateMachine, SubmittedCommand } from "./metadata-state-machine.ts";

/**
 * The leader's end of submissions of other nodes: puts them into the log as they are, in order. Their nodes learn from the log that they
 * were applied; only refusals are answered.
 */
export class ForwardedSubmissions {
  readonly #group: RaftGroup;
  readonly #machine: MetadataStateMachine;
  readonly #link: MetadataLink;
  readonly #log: Logger;
  /** By node: its first submission that was refused. What follows it is passed over until that one comes again. */
  readonly #heldBack = new Map<NodeId, EntryOrigin>();

  constructor(parts: {
    readonly group: RaftGroup;
    readonly machine: MetadataStateMachine;
    readonly link: MetadataLink;
    readonly log: Logger;
  }) {
    this.#group = parts.group;
    this.#machine = parts.machine;
    this.#link = parts.link;
    this.#log = parts.log;
  }

  /** Nothing that cannot be applied may get into the log: every replica would stop at it. */
  take(from: NodeId, payload: Uint8Array): void {
    // The bytes are a view into what was received; `slice` of a Buffer would be one, too.
    const data = Uint8Array.from(payload);
    let submitted: SubmittedCommand;
    try {
      const { origin, command } = decodeMetadataEntry(data);
      if (origin?.nodeId !== from) throw new Error("it says that it is of another node");
      submitted = new SubmittedCommand(origin, command);
    } catch (error) {
      this.#log.error({ err: error, from }, "a change of metadata from another node is malformed");
      return;
    }
    if (this.#isInOrder(submitted.origin)) this.#propose(data, submitted);
  }

  /** The connection to the node is gone: it starts again with the first one that was not applied. */
  forget(nodeId: NodeId): void {
    this.#heldBack.delete(nodeId);
  }

  /** What was refused by this node as leader, or as none, says nothing any more. */
  forgetAll(): void {
    this.#heldBack.clear();
  }

  #isInOrder(origin: EntryOrigin): boolean {
    const { nodeId, incarnation, seq } = origin;
    // Sent again though it was applied: the node will see that.
    if (seq <= this.#machine.origins.applied(origin)) return false;
    const refused = this.#heldBack.get(nodeId);
    if (refused === undefined) return true;
    if (refused.incarnation === incarnation && seq > refused.seq) return false;
    this.#heldBack.delete(nodeId);
    return true;
  }

  #propose(data: Uint8Array, submitted: SubmittedCommand): void {
    const { origin, command } = submitted;
    const isAccepted = this.#group.propose(
      data,
      { command: submitted, freesSpace: command === undefined || freesSpace(command) },
      (outcome) => {
        if (outcome.kind !== "applied") this.#answer(origin, outcome);
      },
    );
    if (!isAccepted) this.#heldBack.set(origin.nodeId, origin);
  }

  #answer({ nodeId, incarnation, seq }: EntryOrigin, outcome: ProposalResult): void {
    const { leader } = this.#group.status();
    const answer: ForwardAnswer = {
      incarnation,
      seq,
      kind: answerKind(outcome),
      leader: leader === NONE ? 0 : nodeIdOf(leader),
      why: outcome.kind === "refused" ? outcome.why : undefined,
    };
    this.#link.answer(nodeId, encodeForwardAnswer(answer));
  }
}

function answerKind({ kind }: ProposalResult): ForwardRefusalKind {
  switch (kind) {
    case "busy":
    case "no-space":
    case "refused":
      return kind;
    case "not-leader":
    case "stopped":
      return "not-leader";
    case "transferring":
      return "busy";
    case "applied":
    case "unknown":
      return "lost";
    default:
      return kind satisfies never;
  }
}
