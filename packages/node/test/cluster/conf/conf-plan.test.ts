import { EMPTY_CONF, replicaIdOf } from "@leveret/raft";
import { describe, expect, test } from "vitest";
import {
  type ConfSituation,
  type ConfStep,
  isAtTarget,
  type MemberState,
  nextConfStep,
} from "../../../src/cluster/conf/conf-plan.ts";
import { metadataTarget, queueTarget } from "../../../src/cluster/conf/conf-target.ts";

/** Replicas in words: "2" is generation 1 of node 2, "2b" generation 2. */
function replica(word: string): number {
  return replicaIdOf(Number.parseInt(word, 10), word.endsWith("b") ? 2 : 1);
}

function replicas(words: string): number[] {
  return words === "" ? [] : words.split(" ").map(replica);
}

function wordOf(id: number): string {
  return `${id >>> 16}${(id & 0xffff) === 2 ? "b" : ""}`;
}

function told(step: ConfStep): string {
  switch (step.kind) {
    case "change": {
      const steps = step.change.steps.map(({ kind, replica: id }) => `${kind} ${wordOf(id)}`);
      return steps.length === 0 ? "leave joint" : steps.join(", ");
    }
    case "transfer":
      return `transfer to ${wordOf(step.to)}`;
    case "wait":
      return `wait: ${step.why}`;
    case "done":
      return step.kind;
    default:
      return step satisfies never;
  }
}

interface Row {
  readonly why: string;
  readonly voters: string;
  readonly learners?: string;
  readonly to: string;
  readonly toLearners?: string;
  readonly self?: string;
  readonly dead?: string;
  /** Do not have the log (yet). */
  readonly behind?: string;
  readonly force?: boolean;
  readonly step: string;
}

function situationOf(row: Row): ConfSituation {
  const dead = new Set(replicas(row.dead ?? "").map((id) => id >>> 16));
  const behind = new Set(replicas(row.behind ?? ""));
  return {
    conf: { ...EMPTY_CONF, voters: replicas(row.voters), learners: replicas(row.learners ?? "") },
    target: { voters: replicas(row.to), learners: replicas(row.toLearners ?? "") },
    self: replica(row.self ?? "1"),
    commitIndex: 10_000,
    isAlive: (nodeId) => !dead.has(nodeId),
    progress: (id): MemberState => {
      const isLive = !dead.has(id >>> 16);
      return {
        match: behind.has(id) ? 5000 : 9990,
        isActive: isLive,
        isReplicating: isLive,
      };
    },
    ...(row.force === undefined ? {} : { force: row.force }),
  };
}

const ROWS: readonly Row[] = [
  { why: "nothing to do", voters: "1 2 3", to: "1 2 3", step: "done" },
  {
    why: "all missing ones come as learners",
    voters: "1",
    to: "1 2 3",
    step: "add-learner 2, add-learner 3",
  },
  {
    why: "also those that stay learners",
    voters: "1",
    to: "1",
    toLearners: "2",
    step: "add-learner 2",
  },
  {
    why: "learners that have the log vote, all at once",
    voters: "1",
    learners: "2 3",
    to: "1 2 3",
    step: "add-voter 2, add-voter 3",
  },
  {
    why: "one that has the log does not wait for another",
    voters: "1",
    learners: "2 3",
    to: "1 2 3",
    behind: "3",
    step: "add-voter 2",
  },
  {
    why: "one that lacks much waits",
    voters: "1 2",
    learners: "3",
    to: "1 2 3",
    behind: "3",
    step: "wait: catching-up",
  },
  {
    why: "one on a dead node waits",
    voters: "1 2",
    learners: "3",
    to: "1 2 3",
    dead: "3",
    step: "wait: not-alive",
  },
  {
    why: "nobody is promoted without a quorum",
    voters: "1 2",
    learners: "3",
    to: "1 2 3",
    dead: "2",
    step: "wait: no-quorum",
  },
  { why: "a voter goes when nobody else is to come", voters: "1 2 3", to: "1 2", step: "remove 3" },
  { why: "two at once", voters: "1 2 3", to: "1", step: "remove 2, remove 3" },
  {
    why: "a voter goes only after the new one votes",
    voters: "1 2 3",
    learners: "4",
    to: "1 2 4",
    behind: "4",
    step: "wait: catching-up",
  },
  { why: "then it goes", voters: "1 2 3 4", to: "1 2 4", step: "remove 3" },
  { why: "a dead one is replaced", voters: "1 2 3", to: "1 2 4", dead: "3", step: "add-learner 4" },
  {
    why: "... by one that votes first",
    voters: "1 2 3",
    learners: "4",
    to: "1 2 4",
    dead: "3",
    step: "add-voter 4",
  },
  { why: "... then it is removed", voters: "1 2 3 4", to: "1 2 4", dead: "3", step: "remove 3" },
  { why: "a learner too many goes", voters: "1 2", learners: "3", to: "1 2", step: "remove 3" },
  {
    why: "also while a voter catches up",
    voters: "1",
    learners: "2 3",
    to: "1 2",
    behind: "2",
    step: "remove 3",
  },
  { why: "a leader that is to go hands over", voters: "1 2 3", to: "2 3", step: "transfer to 2" },
  {
    why: "... to one that answers",
    voters: "1 2 3 4 5",
    to: "2 3 4 5",
    dead: "2",
    step: "transfer to 3",
  },
  { why: "a leader moves its queue", voters: "1", to: "2", step: "add-learner 2" },
  { why: "... hands over when the other votes", voters: "1 2", to: "2", step: "transfer to 2" },
  { why: "... which removes it", voters: "1 2", to: "2", self: "2", step: "remove 1" },
  {
    why: "a planned leave makes a learner",
    voters: "1 2 3",
    to: "1 2",
    toLearners: "3",
    step: "add-learner 3",
  },
  {
    why: "... and of the next",
    voters: "1 2",
    learners: "3",
    to: "1",
    toLearners: "2 3",
    dead: "3",
    step: "add-learner 2",
  },
  {
    why: "the last voter stays",
    voters: "1",
    learners: "2 3",
    to: "",
    toLearners: "1 2 3",
    dead: "2 3",
    step: "done",
  },
  {
    why: "if all leave at once the leader stays",
    voters: "1 2 3",
    to: "",
    toLearners: "1 2 3",
    step: "add-learner 2, add-learner 3",
  },
  {
    why: "it leaves when one has come back",
    voters: "1",
    learners: "2",
    to: "2",
    toLearners: "1",
    step: "add-voter 2",
  },
  {
    why: "who comes back votes again",
    voters: "1 2",
    learners: "3",
    to: "1 2 3",
    step: "add-voter 3",
  },
  {
    why: "a leave waits for one that has just come back",
    voters: "1 2",
    learners: "3",
    to: "1 3",
    toLearners: "2",
    behind: "3",
    step: "wait: catching-up",
  },
  {
    why: "a removal never leaves a dead majority",
    voters: "1 2 3",
    to: "1 3",
    dead: "3",
    step: "wait: no-quorum",
  },
  {
    why: "... unless forced",
    voters: "1 2 3",
    to: "1 3",
    dead: "3",
    force: true,
    step: "remove 2",
  },
  {
    why: "a planned leave takes dead voters along",
    voters: "1 2 3",
    to: "1 3",
    toLearners: "2",
    dead: "3",
    step: "add-learner 2, add-learner 3",
  },
  {
    why: "... who vote when they are back",
    voters: "1",
    learners: "2 3",
    to: "1 3",
    toLearners: "2",
    step: "add-voter 3",
  },
  {
    why: "a leader on leave hands over even then",
    voters: "1 2 3",
    to: "2 3",
    toLearners: "1",
    dead: "3",
    step: "transfer to 2",
  },
  {
    why: "nobody is left to take over",
    voters: "1 2 3 4 5",
    to: "4 5",
    toLearners: "",
    dead: "4 5",
    step: "wait: no-successor",
  },
  {
    why: "redundancy stays while those who are to come are dead",
    voters: "1 2",
    learners: "3 4",
    to: "3 4",
    dead: "3 4",
    step: "wait: not-alive",
  },
  {
    why: "an older replica of a node goes before the new one comes",
    voters: "1 2 3",
    to: "1 2b 3",
    step: "remove 2",
  },
  { why: "... which then comes", voters: "1 3", to: "1 2b 3", step: "add-learner 2b" },
  {
    why: "... and the others meanwhile",
    voters: "1",
    to: "1b 2 3",
    step: "add-learner 2, add-learner 3",
  },
  { why: "... unless it has the only copy", voters: "1", to: "1b", step: "wait: old-replica" },
];

describe("the next step to the members that are wanted", () => {
  test.each(ROWS)("$why: $voters ($learners) to $to ($toLearners)", (row) => {
    expect(told(nextConfStep(situationOf(row)))).toBe(row.step);
  });

  test("waits while a joint configuration is left, and leaves one that nobody else does", () => {
    const situation = situationOf({ why: "", voters: "1 2", to: "1 2", step: "" });
    const joint = { ...situation.conf, votersOutgoing: replicas("1"), autoLeave: true };
    expect(told(nextConfStep({ ...situation, conf: joint }))).toBe("wait: joint");
    const explicit = { ...joint, autoLeave: false };
    expect(told(nextConfStep({ ...situation, conf: explicit }))).toBe("leave joint");
  });

  test("does not trust a learner that has not answered lately, or is still being probed", () => {
    const situation = situationOf({ why: "", voters: "1", learners: "2", to: "1 2", step: "" });
    const silent = { match: 10_000, isActive: false, isReplicating: true };
    const probed = { match: 10_000, isActive: true, isReplicating: false };
    for (const progress of [silent, probed, undefined]) {
      const step = nextConfStep({ ...situation, progress: () => progress });
      expect(told(step)).toBe("wait: catching-up");
    }
  });
});

describe("the members that are wanted", () => {
  test("of a queue are all its replicas; those on stopped nodes do not vote", () => {
    const places = [1, 2, 3].map((nodeId) => ({ nodeId, generation: nodeId }));
    const target = queueTarget(places, (nodeId) => nodeId === 2);
    expect(target).toEqual({
      voters: [replicaIdOf(1, 1), replicaIdOf(3, 3)],
      learners: [replicaIdOf(2, 2)],
    });
    const conf = { ...EMPTY_CONF, ...target };
    expect(isAtTarget(conf, target)).toBe(true);
    expect(isAtTarget({ ...conf, learners: [] }, target)).toBe(false);
  });

  test("of the metadata are all members, of which seven vote: first those that do", () => {
    const members = Array.from({ length: 9 }, (_, at) => ({ nodeId: at + 1, generation: 1 }));
    const target = metadataTarget(
      members,
      (nodeId) => nodeId === 1,
      (id) => id >>> 16 === 9,
    );
    expect(target.voters.map(wordOf)).toEqual(["9", "2", "3", "4", "5", "6", "7"]);
    expect(target.learners.map(wordOf)).toEqual(["8", "1"]);
  });
});
