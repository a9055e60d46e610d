import { deepStrictEqual } from "node:assert/strict";
import { EMPTY_CONF } from "../../src/core/conf-state.ts";
import { replicaIdOf } from "../../src/core/ids.ts";
import type { GroupHandle } from "../../src/host/group-handle.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import { SnapshotInbox } from "../../src/host/snapshot-inbox.ts";
import type { SnapshotHost } from "../../src/host/snapshot-sender.ts";
import { AnswerStatus, decodeAnswer, type SnapshotChunk } from "../../src/host/transfer-codec.ts";
import { DEFAULT_LIMITS } from "../../src/limits.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

const ID = {
  transferId: 1,
  groupId: 7,
  epoch: 1,
  from: replicaIdOf(1, 1),
  to: replicaIdOf(2, 1),
  term: 3,
  snapshotIndex: 40,
  snapshotTerm: 3,
};

/** A node that takes in a snapshot of node 1; only what the transfer itself needs is there. */
class Receiver {
  /** State that the store was given. */
  readonly taken: string[] = [];
  readonly answers: string[] = [];
  readonly #inbox: SnapshotInbox;

  constructor() {
    const receiver = {
      missing: [],
      bufferedBytes: 0,
      addState: (bytes: Uint8Array) => this.taken.push(Buffer.from(bytes).toString()),
      abort: () => {},
      finish: () => this.taken.push("end"),
    };
    const host = {
      store: { space: "ok", receiveSnapshot: () => receiver },
      limits: DEFAULT_LIMITS,
      metrics: createHostMetrics(),
      observer: undefined,
      nowMs: () => 0,
      sendNote: (_to: number, _lane: string, _kind: number, body: Uint8Array) => this.#note(body),
    };
    const core = { currentTerm: 3, role: "follower", commitIndex: 5, contiguousLast: 5 };
    const group = { epoch: 1, replicaId: ID.to, runner: { core, isStopped: false } };
    // Stands in for a host with one group: the transfer asks for nothing else of it.
    const find = (): GroupHandle => group as unknown as GroupHandle;
    this.#inbox = new SnapshotInbox(host as unknown as SnapshotHost, find);
    const meta = { index: ID.snapshotIndex, term: ID.snapshotTerm, conf: EMPTY_CONF };
    this.#inbox.onOffer(1, { id: ID, meta, live: [] });
  }

  chunk(seq: number, options: Partial<SnapshotChunk> = {}): void {
    const payload = Buffer.from(`${seq}`);
    const whole = { id: ID, seq, isLast: false, isState: true, isIntact: true, payload };
    this.#inbox.onChunk(1, { ...whole, ...options });
  }

  #note(body: Uint8Array): boolean {
    const { status, nextSeq } = decodeAnswer(body);
    const name = Object.entries(AnswerStatus).find(([, value]) => value === status)?.[0];
    this.answers.push(`${name} ${nextSeq}`);
    return true;
  }
}

/** The pieces of a snapshot may be lost, doubled or damaged on their way. */
export const SNAPSHOT_CHUNKS: readonly Scenario[] = [
  {
    name: "a missing chunk is asked for again, once, and what follows it waits (checklist 57)",
    run() {
      const s = new Receiver();
      s.chunk(0);
      s.chunk(2);
      s.chunk(3);
      deepStrictEqual(s.taken, ["0"]);
      deepStrictEqual(s.answers, ["Accept 0", "Ack 1", "Resend 1"]);
      for (const seq of [1, 2]) s.chunk(seq);
      s.chunk(3, { isLast: true });
      deepStrictEqual(s.taken, ["0", "1", "2", "3", "end"]);
    },
  },
  {
    name: "a chunk that comes twice is taken once (checklist 57)",
    run() {
      const s = new Receiver();
      for (const seq of [0, 1, 0, 1, 2]) s.chunk(seq);
      deepStrictEqual(s.taken, ["0", "1", "2"]);
    },
  },
  {
    name: "a damaged chunk is asked for again (checklist 62)",
    run() {
      const s = new Receiver();
      s.chunk(0);
      s.chunk(1, { isIntact: false });
      deepStrictEqual(s.taken, ["0"]);
      deepStrictEqual(s.answers.at(-1), "Resend 1");
      s.chunk(1);
      deepStrictEqual(s.taken, ["0", "1"]);
    },
  },
];
