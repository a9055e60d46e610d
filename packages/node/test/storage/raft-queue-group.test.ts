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
