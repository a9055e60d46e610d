import { describe, expect, test } from "vitest";
import { replicaIdOf } from "../../src/core/ids.ts";
import type { GroupRunner } from "../../src/host/group-runner.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import { NoteKind } from "../../src/host/note-kind.ts";
import { type SnapshotHost, SnapshotSender } from "../../src/host/snapshot-sender.ts";
import { AnswerStatus, decodeOffer, type SnapshotOffer } from "../../src/host/transfer-codec.ts";
import { DEFAULT_LIMITS } from "../../src/limits.ts";
import type { LoadedSnapshot } from "../../src/store/log-store.ts";
import { confOf } from "../core/make.ts";

const TO = replicaIdOf(2, 1);

const NONE: LoadedSnapshot = { kind: "none" };
const SNAPSHOT: LoadedSnapshot = {
  kind: "snapshot",
  meta: { index: 9, term: 2, conf: confOf([1, 2]) },
  live: [],
  size: 0,
  read: (): void => {},
  close: (): void => {},
};

/** A sender to whom the store gives this, and nothing can be saved. */
function senderOf(loaded: LoadedSnapshot): {
  offers: SnapshotOffer[];
  sender: SnapshotSender;
  runner: GroupRunner;
  attempts: number[];
  at(nowMs: number): void;
} {
  const attempts: number[] = [];
  let nowMs = 0;
  const offers: SnapshotOffer[] = [];
  const store = {
    loadSnapshot: (_groupId: number, done: (loaded: LoadedSnapshot) => void): void => {
      attempts.push(nowMs);
      done(loaded);
    },
  };
  const host = {
    store,
    limits: { ...DEFAULT_LIMITS, snapshotRetryMinMs: 1000 },
    metrics: createHostMetrics(),
    observer: undefined,
    nowMs: (): number => nowMs,
    sendNote: (_to: number, _lane: string, kind: number, body: Uint8Array): boolean => {
      if (kind === NoteKind.SnapshotOffer) offers.push(decodeOffer(body));
      return true;
    },
  };
  const runner = {
    groupId: 1,
    core: { groupEpoch: 1, self: replicaIdOf(1, 1), currentTerm: 2 },
    isStopped: false,
    snapshotter: {
      sendingStarted: (): void => {},
      sendingEnded: (): void => {},
      save: (_core: unknown, done: (result: string) => void): void => done("no-space"),
    },
    call: (): void => {},
  };
  return {
    // The sender uses no more of its host and of a group than is given here.
    sender: new SnapshotSender(host as unknown as SnapshotHost, 1),
    runner: runner as unknown as GroupRunner,
    attempts,
    offers,
    at: (ms: number): void => {
      nowMs = ms;
    },
  };
}

describe("the sender of snapshots", () => {
  test("pauses after a failure, and a follower that asks again and again does not prolong the pause", () => {
    const { sender, runner, attempts, at } = senderOf(NONE);
    sender.request(runner, TO, 5);
    // It looks once more after the attempt to save.
    const first = attempts.length;
    for (let nowMs = 200; nowMs <= 1200; nowMs += 200) {
      at(nowMs);
      sender.request(runner, TO, 5);
      sender.tick(nowMs);
    }
    expect(attempts.slice(first)).toEqual([1200]);
  });

  test("pauses, too, when the follower asks for what it does not take", () => {
    const { sender, runner, attempts, offers, at } = senderOf(SNAPSHOT);
    for (let nowMs = 0; nowMs <= 1000; nowMs += 200) {
      at(nowMs);
      sender.request(runner, TO, 5);
      sender.tick(nowMs);
      for (const { id } of offers.splice(0)) {
        sender.onAnswer(2, { id, status: AnswerStatus.Current, nextSeq: 0, missing: [] });
      }
    }
    expect(attempts).toEqual([0]);
    at(1200);
    sender.tick(1200);
    expect(attempts).toEqual([0, 1200]);
  });

  test("gives a busy receiver short pauses that grow, whoever asks for it", () => {
    const { sender, runner, attempts, offers, at } = senderOf(SNAPSHOT);
    for (let nowMs = 0; nowMs <= 400; nowMs += 5) {
      at(nowMs);
      sender.request(runner, TO, 5);
      for (const { id } of offers.splice(0)) {
        sender.onAnswer(2, { id, status: AnswerStatus.Busy, nextSeq: 0, missing: [] });
      }
    }
    expect(attempts).toEqual([0, 25, 75, 175, 375]);
  });
});
