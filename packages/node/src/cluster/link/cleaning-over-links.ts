import type { GroupId, RaftGroup, ReplicaId, Timer, Timers } from "@leveret/raft";
import { CLEANING_RETRY_MS } from "../../limits.ts";
import { answerCleaning, type CleaningAnswer } from "../conf/replica-cleaner.ts";
import { LinkProtocolError } from "./link-frames.ts";
import { LinkKind } from "./link-kinds.ts";
import type { LinkPeer } from "./link-peer.ts";
import type { NodeLinks } from "./node-links.ts";

/*
 * question: number u32 | group u48 | replica u32
 * answer:   number u32 | 0 later, 1 delete, 2 not the leader | term, or the leader's node, u48 | last index u48
 */
const QUESTION_SIZE = 14;
const ANSWER_SIZE = 17;
const ANSWERS = ["later", "delete", "not-leader"] as const;

type Done = (answer: CleaningAnswer | undefined) => void;

/** Questions of ReplicaCleaners and their answers, between nodes. */
export class CleaningOverLinks {
  readonly #links: NodeLinks;
  readonly #timers: Timers;
  readonly #asked = new Map<number, { readonly done: Done; readonly timer: Timer }>();
  #lastNumber = 0;

  constructor(
    links: NodeLinks,
    groupOf: (groupId: GroupId) => RaftGroup | undefined,
    timers: Timers,
  ) {
    this.#links = links;
    this.#timers = timers;
    links.onFrame(LinkKind.cleaningQuestion, (peer, payload) => {
      if (payload.length !== QUESTION_SIZE) throw new LinkProtocolError("no question of a cleaner");
      const number = payload.readUInt32LE(0);
      answerCleaning(groupOf(payload.readUIntLE(4, 6)), payload.readUInt32LE(10), (answer) => {
        sendAnswer(peer, number, answer);
      });
    });
    links.onFrame(LinkKind.cleaningAnswer, (_peer, payload) => this.#onAnswer(payload));
  }

  /** Calls back once, later; undefined: no answer. */
  ask(
    nodeId: number,
    question: { readonly groupId: GroupId; readonly replicaId: ReplicaId },
    done: Done,
  ): void {
    this.#lastNumber = (this.#lastNumber % 0xffff_ffff) + 1;
    const number = this.#lastNumber;
    const timer = this.#timers.setTimer(CLEANING_RETRY_MS, () => this.#answer(number, undefined));
    this.#asked.set(number, { done, timer });
    const bytes = Buffer.alloc(QUESTION_SIZE);
    bytes.writeUInt32LE(number, 0);
    bytes.writeUIntLE(question.groupId, 4, 6);
    bytes.writeUInt32LE(question.replicaId, 10);
    this.#links.send(nodeId, LinkKind.cleaningQuestion, bytes);
  }

  #onAnswer(payload: Buffer): void {
    const kind = payload.length === ANSWER_SIZE ? ANSWERS[payload[4] ?? 0xff] : undefined;
    if (kind === undefined) throw new LinkProtocolError("no answer to a cleaner");
    const number = payload.readUInt32LE(0);
    const first = payload.readUIntLE(5, 6);
    if (kind === "later") this.#answer(number, { kind });
    else if (kind === "not-leader") this.#answer(number, { kind, leader: first });
    else this.#answer(number, { kind, term: first, lastIndex: payload.readUIntLE(11, 6) });
  }

  #answer(number: number, answer: CleaningAnswer | undefined): void {
    const asked = this.#asked.get(number);
    this.#asked.delete(number);
    asked?.timer.cancel();
    asked?.done(answer);
  }
}

function sendAnswer(peer: LinkPeer, number: number, answer: CleaningAnswer): void {
  const room = peer.reserve(LinkKind.cleaningAnswer, ANSWER_SIZE);
  room.writeUInt32LE(number, 0);
  room[4] = ANSWERS.indexOf(answer.kind);
  room.writeUIntLE(firstFieldOf(answer), 5, 6);
  room.writeUIntLE(answer.kind === "delete" ? answer.lastIndex : 0, 11, 6);
}

function firstFieldOf(answer: CleaningAnswer): number {
  if (answer.kind === "later") return 0;
  return answer.kind === "delete" ? answer.term : answer.leader;
}
