import { describe, expect, it } from "vitest";
import {
  allMembers,
  allVoters,
  changeConf,
  changeSimply,
  enterJoint,
  isJoint,
  isVoter,
  leaveJoint,
  MEMBERS_MAX,
} from "../../src/core/conf-changer.ts";
import { type ConfChangeStep, type ConfState, EMPTY_CONF } from "../../src/core/conf-state.ts";
import { NONE } from "../../src/core/ids.ts";
import { Random } from "../../src/core/random.ts";
import { change, confOf, r } from "./make.ts";

function of(result: ReturnType<typeof changeConf>): ConfState {
  if (!result.ok) throw new Error(result.why);
  return result.conf;
}

function whyOf(result: ReturnType<typeof changeConf>): string {
  return result.ok ? "accepted" : result.why;
}

/** Everybody is in one place, and majorities before and after a change overlap. */
function expectSound(before: ConfState, conf: ConfState): void {
  const { voters, votersOutgoing, learners, learnersNext } = conf;
  for (const list of [voters, votersOutgoing, learners, learnersNext]) {
    expect(list).toEqual([...new Set(list)].sort((left, right) => left - right));
  }
  expect(voters.length).toBeGreaterThan(0);
  expect(learners.some((one) => isVoter(conf, one))).toBe(false);
  expect(learnersNext.every((one) => votersOutgoing.includes(one))).toBe(true);
  expect(learnersNext.some((one) => voters.includes(one))).toBe(false);
  expect(allMembers(conf).length).toBe(new Set([...voters, ...votersOutgoing, ...learners]).size);
  // Old and new majorities overlap: one voter differs, or both halves decide.
  if (!isJoint(conf) && !isJoint(before)) {
    const differ = [...voters, ...before.voters].filter(
      (one) => voters.includes(one) !== before.voters.includes(one),
    );
    expect(differ.length).toBeLessThanOrEqual(1);
  }
  if (isJoint(conf)) expect(votersOutgoing).toEqual(before.voters);
}

describe("changes of members", () => {
  it("of one voter are simple", () => {
    const conf = of(changeConf(confOf([1, 2, 3]), change([["add-voter", 4]])));
    expect(conf).toEqual(confOf([1, 2, 3, 4]));
    expect(of(changeConf(conf, change([["remove", 1]])))).toEqual(confOf([2, 3, 4]));
  });

  it("of learners only are simple, however many", () => {
    const steps = change([
      ["add-learner", 6],
      ["add-learner", 5],
    ]);
    expect(of(changeConf(confOf([1]), steps))).toEqual(confOf([1], [5, 6]));
  });

  it("of two voters go through a joint configuration that is left by itself", () => {
    const joint = of(
      changeConf(
        confOf([1, 2, 3]),
        change([
          ["add-voter", 4],
          ["remove", 1],
        ]),
      ),
    );
    expect(joint).toEqual({
      ...confOf([2, 3, 4]),
      votersOutgoing: [r(1), r(2), r(3)],
      autoLeave: true,
    });
    expect([isJoint(joint), isVoter(joint, r(1)), allVoters(joint).length]).toEqual([
      true,
      true,
      4,
    ]);
    expect(of(changeConf(joint, change([])))).toEqual(confOf([2, 3, 4]));
  });

  it("wait with a demotion until the outgoing half is gone", () => {
    const demoted = of(
      enterJoint(confOf([1, 2, 3]), change([["add-learner", 3]]).steps, "joint-explicit"),
    );
    expect([demoted.learners, demoted.learnersNext, demoted.autoLeave]).toEqual([
      [],
      [r(3)],
      false,
    ]);
    expect(of(leaveJoint(demoted))).toEqual(confOf([1, 2], [3]));
  });

  it("take a demotion back when the voter is added again in the same change", () => {
    const steps = change([
      ["add-learner", 3],
      ["add-voter", 3],
    ]).steps;
    const conf = of(enterJoint(confOf([1, 2, 3]), steps, "joint-implicit"));
    expect([conf.voters.length, conf.learnersNext]).toEqual([3, []]);
    const removed = change([
      ["add-learner", 3],
      ["remove", 3],
    ]).steps;
    expect(of(enterJoint(confOf([1, 2, 3]), removed, "joint-implicit")).learnersNext).toEqual([]);
  });

  it.each([
    ["the last voter", confOf([1]), change([["remove", 1]])],
    [
      "all voters",
      confOf([1, 2]),
      change([
        ["remove", 1],
        ["remove", 2],
      ]),
    ],
    ["one while joint", { ...confOf([1]), votersOutgoing: [r(2)] }, change([["add-voter", 3]])],
    [
      "a second joint one",
      { ...confOf([1]), votersOutgoing: [r(2)] },
      change([["add-voter", 3]], "joint-explicit"),
    ],
    ["leaving what is not joint", confOf([1, 2]), change([])],
    ["one without voters", EMPTY_CONF, change([["add-voter", 1]], "joint-implicit")],
  ] as const)("refuse to remove or start: %s", (_, conf, steps) => {
    expect(changeConf(conf, steps).ok).toBe(false);
  });

  it("say that two voters are too many for a simple change", () => {
    const two = change([
      ["add-voter", 3],
      ["add-voter", 4],
    ]).steps;
    expect(whyOf(changeSimply(confOf([1, 2]), two))).toBe("more than one voter changes");
  });

  it("refuse more members than there may be", () => {
    const learners = Array.from(
      { length: MEMBERS_MAX },
      (_, at) => ["add-learner", at + 2] as const,
    );
    expect(whyOf(changeConf(confOf([1]), change(learners)))).toContain("members");
    expect(changeConf(confOf([1]), change(learners.slice(1))).ok).toBe(true);
  });

  it("pass over a step for nobody", () => {
    const step: ConfChangeStep = { kind: "add-voter", replica: NONE };
    expect(of(changeSimply(confOf([1]), [step]))).toEqual(confOf([1]));
  });

  it("keep everybody in one place, all lists sorted, whatever the steps", () => {
    const random = new Random(5);
    const kinds = ["add-voter", "add-learner", "remove"] as const;
    const transitions = ["auto", "joint-implicit", "joint-explicit"] as const;
    let conf = confOf([1, 2, 3]);
    for (let round = 0; round < 5_000; round++) {
      const steps = Array.from({ length: random.below(4) }, () => {
        return [kinds[random.below(3)] ?? "remove", 1 + random.below(7)] as const;
      });
      const result = changeConf(conf, change(steps, transitions[random.below(3)] ?? "auto"));
      if (!result.ok) continue;
      const before = conf;
      conf = result.conf;
      expectSound(before, conf);
    }
  });
});
