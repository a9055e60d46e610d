import {
  EMPTY_CONF,
  type GroupStatus,
  type RaftGroup,
  replicaIdOf,
  type Timers,
} from "@leveret/raft";
import { describe, expect, test } from "vitest";
import {
  answerCleaning,
  type CleaningAnswer,
  type GroupPlace,
  ReplicaCleaner,
} from "../../../src/cluster/conf/replica-cleaner.ts";

const GROUP = 16;
const OLD = replicaIdOf(2, 1);

/** A replica whose status is as the test says. */
function groupOf(status: Partial<GroupStatus>, isReady = false): RaftGroup & { settled: number } {
  const full = {
    groupId: GROUP,
    replicaId: OLD,
    role: "follower",
    leader: 0,
    term: 3,
    lastIndex: 50,
    conf: { ...EMPTY_CONF, voters: [replicaIdOf(1, 1), OLD] },
    isConfSettled: false,
    ...status,
  };
  const group = {
    groupId: GROUP,
    isReady,
    settled: 0,
    status: () => full,
    settleMembers: (): void => {
      group.settled++;
    },
    read: (done: (result: { kind: "ready"; index: number }) => void): void =>
      done({ kind: "ready", index: 1 }),
  };
  // The cleaner uses no more of a group than is given here.
  return group as unknown as RaftGroup & { settled: number };
}

class Rig {
  readonly cleaner: ReplicaCleaner;
  place: GroupPlace | undefined;
  group: RaftGroup | undefined;
  readonly asked: number[] = [];
  readonly deleted: number[] = [];
  #answer: ((answer: CleaningAnswer | undefined) => void) | undefined;
  #timers: (() => void)[] = [];

  constructor(status: Partial<GroupStatus> = {}) {
    this.group = groupOf(status);
    const timers: Timers = {
      setTimer: (_delayMs, callback) => {
        this.#timers.push(callback);
        return { cancel: (): void => {} };
      },
      defer: (callback) => callback(),
    };
    this.cleaner = new ReplicaCleaner({
      nodeId: 2,
      node: {
        group: () => this.group,
        groups: () => (this.group === undefined ? [] : [this.group]),
        deleteGroup: (groupId, done) => {
          this.group = undefined;
          this.deleted.push(groupId);
          done();
        },
      },
      timers,
      placeOf: () => this.place,
      leaderOf: () => undefined,
      isQueueGroup: (groupId) => groupId !== 1,
      ask: (nodeId, question, done) => {
        expect(question).toEqual({ groupId: GROUP, replicaId: OLD });
        this.asked.push(nodeId);
        this.#answer = done;
      },
    });
  }

  answer(answer: CleaningAnswer | undefined): void {
    this.#answer?.(answer);
  }

  /** The pause is over. */
  wake(): void {
    for (const callback of this.#timers.splice(0)) callback();
  }
}

function placeOn(...replicas: [number, number][]): GroupPlace {
  return {
    replicas: replicas.map(([nodeId, generation]) => ({ nodeId, generation })),
    isAsDeclared: false,
  };
}

const DELETE = { kind: "delete", term: 3, lastIndex: 50 } as const;

describe("the cleaner of replicas", () => {
  test("deletes what no record names at once, but not before the metadata are current", () => {
    const rig = new Rig();
    rig.cleaner.review(GROUP);
    expect(rig.deleted).toEqual([]);
    rig.cleaner.start();
    expect(rig.deleted).toEqual([GROUP]);
    expect(rig.asked).toEqual([]);
  });

  test("never deletes what the record names, whoever says so", () => {
    const rig = new Rig();
    rig.place = placeOn([2, 1]);
    rig.cleaner.start();
    expect(rig.asked).toEqual([]);
    rig.place = placeOn([1, 1]);
    rig.cleaner.review(GROUP);
    rig.place = placeOn([1, 1], [2, 1]);
    rig.answer(DELETE);
    expect(rig.deleted).toEqual([]);
  });

  test("asks before it deletes what was moved away or has a successor here", () => {
    const rig = new Rig();
    let told = 0;
    rig.cleaner.onDeleted = (groupId) => {
      told = groupId;
    };
    rig.place = placeOn([1, 1], [2, 2]);
    rig.cleaner.start();
    expect(rig.asked).toEqual([1]);
    rig.answer({ kind: "later" });
    expect(rig.deleted).toEqual([]);
    rig.wake();
    expect(rig.asked.length).toBe(2);
    rig.answer(DELETE);
    expect(rig.deleted).toEqual([GROUP]);
    expect(told).toBe(GROUP);
  });

  test.each([
    { term: 4, lastIndex: 10 },
    { term: 3, lastIndex: 51 },
  ])("does not believe an answer older than what the replica has heard since: %j", (status) => {
    const rig = new Rig(status);
    rig.place = placeOn([1, 1]);
    rig.cleaner.start();
    rig.answer(DELETE);
    expect(rig.deleted).toEqual([]);
    rig.wake();
    rig.answer({ kind: "delete", term: 4, lastIndex: 60 });
    expect(rig.deleted).toEqual([GROUP]);
  });

  test("finds the leader by what others say, or by asking one after the other", () => {
    const rig = new Rig();
    rig.place = placeOn([3, 1], [4, 1]);
    rig.cleaner.start();
    rig.answer({ kind: "not-leader", leader: 7 });
    rig.wake();
    expect(rig.asked).toEqual([3, 7]);
    for (let at = 0; at < 6; at++) {
      rig.answer(undefined);
      rig.wake();
    }
    expect(new Set(rig.asked)).toEqual(new Set([3, 4, 1, 7]));
  });

  test("deletes at once when the queue is deleted while it asks", () => {
    const rig = new Rig();
    rig.place = placeOn([1, 1]);
    rig.cleaner.start();
    rig.place = undefined;
    rig.cleaner.review(GROUP);
    expect(rig.deleted).toEqual([GROUP]);
    rig.answer(DELETE);
    expect(rig.deleted).toEqual([GROUP]);
  });
});

describe("the answer to a cleaner", () => {
  function answerOf(group: RaftGroup | undefined): CleaningAnswer | undefined {
    let answered: CleaningAnswer | undefined;
    answerCleaning(group, OLD, (answer) => {
      answered = answer;
    });
    return answered;
  }

  const leading = { replicaId: replicaIdOf(1, 1), role: "leader", isConfSettled: true } as const;
  const without = { ...EMPTY_CONF, voters: [replicaIdOf(1, 1)] };

  test("comes from the leader alone", () => {
    expect(answerOf(undefined)).toEqual({ kind: "not-leader", leader: 0 });
    const follower = groupOf({ leader: replicaIdOf(3, 1) });
    expect(answerOf(follower)).toEqual({ kind: "not-leader", leader: 3 });
    expect(answerOf(groupOf({ ...leading, conf: without }, false))?.kind).toBe("not-leader");
  });

  test("is to wait for members, voting or not, and until the members are settled", () => {
    for (const list of ["voters", "votersOutgoing", "learners", "learnersNext"]) {
      const conf = { ...without, [list]: [OLD] };
      expect(answerOf(groupOf({ ...leading, conf }, true))).toEqual({ kind: "later" });
    }
    const unsettled = groupOf({ ...leading, conf: without, isConfSettled: false }, true);
    expect(answerOf(unsettled)).toEqual({ kind: "later" });
    expect(unsettled.settled).toBe(1);
    expect(answerOf(groupOf({ ...leading, conf: without }, true))).toEqual(DELETE);
  });
});
