import { EMPTY_CONF, type GroupStatus, replicaIdOf } from "@leveret/raft";
import { describe, expect, test } from "vitest";
import { groupsToLeave } from "../../src/shell/planned-leave.ts";

const [ONE, TWO, THREE] = [replicaIdOf(1, 1), replicaIdOf(2, 1), replicaIdOf(3, 1)] as const;

describe("what a stopping node waits for", () => {
  test.each([
    ["it votes beside others that run", [ONE, TWO], [], [2], true],
    ["it votes, and a learner runs that could", [ONE], [TWO], [2], true],
    ["nobody else has a replica", [ONE], [], [2], false],
    ["those that have one do not run", [ONE, TWO], [THREE], [], false],
    ["it votes no more", [TWO], [ONE], [2], false],
  ])("%s", (_name, voters, learners, running, isLeft) => {
    const status = statusOf({ voters, learners });
    const isRunning = (nodeId: number): boolean => running.includes(nodeId);
    const left = groupsToLeave({ groups: () => [status], isRunning });
    expect(left).toEqual(isLeft ? [status.groupId] : []);
  });

  test("a joint configuration is not left yet, a group that does not run is", () => {
    const joint = {
      ...statusOf({ voters: [TWO], learners: [] }),
      conf: { ...EMPTY_CONF, voters: [TWO], votersOutgoing: [ONE, TWO] },
    };
    const stopped = { ...statusOf({ voters: [ONE, TWO], learners: [] }), stoppedBecause: "fault" };
    const left = groupsToLeave({ groups: () => [joint, stopped], isRunning: () => true });
    expect(left).toEqual([joint.groupId]);
  });
});

/** Of this node's, which is node 1. */
function statusOf(conf: { voters: readonly number[]; learners: readonly number[] }): GroupStatus {
  return {
    groupId: 16,
    epoch: 1,
    replicaId: ONE,
    role: "follower",
    leader: TWO,
    term: 1,
    commitIndex: 1,
    appliedIndex: 1,
    durableIndex: 1,
    lastIndex: 1,
    snapshotIndex: 0,
    conf: { ...EMPTY_CONF, ...conf },
    isHibernating: false,
    isDamaged: false,
    isConfSettled: false,
    stoppedBecause: undefined,
  };
}
