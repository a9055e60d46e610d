import type { RaftGroup } from "@leveret/raft";
import { expect, test } from "vitest";
import { QueueLog } from "../../src/queue/log/queue-log.ts";
import { REAL_TIMERS } from "../../src/runtime/real-raft-clock.ts";
import { RaftQueueGroup } from "../../src/storage/raft-queue-group.ts";

test("the group of a queue answers who waits for it when it is deleted", async () => {
  const deleted: number[] = [];
  const status = { stoppedBecause: undefined, isDamaged: false, lastIndex: 0 };
  // What of a group this one asks for while it is being loaded.
  const loading = { groupId: 16, isReady: false, status: () => status } as unknown as RaftGroup;
  const group = new RaftQueueGroup(loading, new QueueLog(), {
    node: { startFirst: () => undefined, deleteGroup: (groupId) => void deleted.push(groupId) },
    timers: REAL_TIMERS,
    forget: () => undefined,
  });
  let answers = 0;
  group.onceReady(() => answers++);
  group.whenReady(() => answers++);
  group.delete();
  expect(answers).toBe(0); // In a later turn.
  await new Promise((resolve) => setImmediate(resolve));
  expect(answers).toBe(2);
  expect(deleted).toEqual([16]);
});

test("a queue that is to have one replica is replicated until its group has no other member", () => {
  let conf = { voters: [1, 2], votersOutgoing: [1, 2, 3], learners: [] as number[] };
  const status = () => ({ stoppedBecause: undefined, isDamaged: false, conf });
  // What of a group this one asks for.
  const raft = { groupId: 16, status } as unknown as RaftGroup;
  const group = new RaftQueueGroup(raft, new QueueLog(), {
    node: { startFirst: () => undefined, deleteGroup: () => undefined },
    timers: REAL_TIMERS,
    forget: () => undefined,
  });
  group.isReplicated = false;
  expect(group.isReplicated).toBe(true);
  conf = { voters: [1], votersOutgoing: [], learners: [2] };
  expect(group.isReplicated).toBe(true);
  conf = { voters: [1], votersOutgoing: [1, 2], learners: [] };
  expect(group.isReplicated).toBe(true);
  conf = { voters: [1], votersOutgoing: [], learners: [] };
  expect(group.isReplicated).toBe(false);
  group.isReplicated = true;
  expect(group.isReplicated).toBe(true);
});
