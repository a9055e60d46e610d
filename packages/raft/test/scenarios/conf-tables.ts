import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { decodeConfChange, encodeConfChange } from "../../src/core/conf-change-codec.ts";
import { changeConf, changeSimply, enterJoint, leaveJoint } from "../../src/core/conf-changer.ts";
import {
  type ConfChange,
  type ConfChangeStep,
  type ConfState,
  EMPTY_CONF,
} from "../../src/core/conf-state.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

/**
 * One way from the start (given as text like "1 2 & 1 3 learners 4 next 2 auto") through commands to a result.
 * Commands: "simple ...", "joint ...", "autoleave ..." (enter with auto-leave), "leave". Result "refused": the last one is.
 */
type ConfRow = readonly [start: string, commands: readonly string[], result: string];

const SIMPLE: readonly ConfRow[] = [
  // Safety: one voter at a time.
  ["1", ["simple v2"], "1 2"],
  ["1 2", ["simple v3 v4"], "refused"],
  ["1 2 3", ["simple r1 r2"], "refused"],
  ["1 2 3", ["simple r3 v4"], "refused"],
  ["1 2 3", ["simple v4 l5 l6"], "1 2 3 4 learners 5 6"],
  ["1 2 3", ["simple l4 l5 l6"], "1 2 3 learners 4 5 6"],
  ["1 2 3", ["simple r2"], "1 3"],
  ["1", ["simple r1"], "refused"],
  ["1", ["simple l1"], "refused"],
  ["1 & 1 2", ["simple v3"], "refused"],
  ["1 & 1 2 auto", ["simple l3"], "refused"],
  // Idempotence: what is so already stays so.
  ["1 2", ["simple v1"], "1 2"],
  ["1 2", ["simple v2 v2"], "1 2"],
  ["1 2", ["simple r9"], "1 2"],
  ["1 2 learners 3", ["simple l3"], "1 2 learners 3"],
  ["1 2", ["simple v3 v3 v3"], "1 2 3"],
  ["1 2", ["simple v3 r3"], "1 2"],
  ["1 2", ["simple r2 v2"], "1 2"],
  ["1 2 3", ["simple r3", "simple r3"], "1 2"],
  // Promotion and demotion.
  ["1 2 learners 3", ["simple v3"], "1 2 3"],
  ["1 2 3", ["simple l3"], "1 2 learners 3"],
  ["1 2 3", ["simple l3", "simple v3"], "1 2 3"],
  ["1 2 3", ["simple l2 v2"], "1 2 3"],
  ["1 2 learners 3", ["simple v3 l3"], "1 2 learners 3"],
  ["1 2 3 learners 4", ["simple v4 l3"], "refused"],
  ["1 2 learners 3", ["simple r3"], "1 2"],
  ["1 2 3", ["simple l3", "simple r3"], "1 2"],
  // Nobody (replica 0) is not a member.
  ["1 2", ["simple v0"], "1 2"],
  ["1 2", ["simple l0 r0 v3"], "1 2 3"],
];

const JOINT: readonly ConfRow[] = [
  // Enter and leave.
  ["1", ["joint v2"], "1 2 & 1"],
  ["1", ["joint v2 v3"], "1 2 3 & 1"],
  ["1", ["joint v2 v3", "leave"], "1 2 3"],
  ["1 2 3", ["joint r1 r2 v4 v5"], "3 4 5 & 1 2 3"],
  ["1 2 3", ["joint r1 r2 v4 v5", "leave"], "3 4 5"],
  ["1 2 3", ["joint r1 r2 r3 v4"], "4 & 1 2 3"],
  // With auto-leave, which leaving takes away.
  ["1", ["autoleave v2 v3"], "1 2 3 & 1 auto"],
  ["1", ["autoleave v2 v3", "leave"], "1 2 3"],
  ["1 2 3", ["autoleave v4 l3"], "1 2 4 & 1 2 3 next 3 auto"],
  // Safety: not twice, not empty, nothing to leave.
  ["1", ["joint v2", "joint v3"], "refused"],
  ["1", ["autoleave v2", "autoleave v3"], "refused"],
  ["1", ["leave"], "refused"],
  ["1", ["joint v2", "leave", "leave"], "refused"],
  ["1", ["joint r1"], "refused"],
  ["1 2", ["joint r1 r2 l3"], "refused"],
  ["", ["joint v1"], "refused"],
  ["1 2", ["joint v3", "simple r1"], "refused"],
  // A change without difference is allowed, and joint nevertheless.
  ["1 2", ["joint v1"], "1 2 & 1 2"],
  ["1 2", ["joint v1", "leave"], "1 2"],
  // Idempotence.
  ["1", ["joint v2 v2"], "1 2 & 1"],
  ["1", ["joint v2 r2"], "1 & 1"],
  ["1 2", ["joint r2 r2"], "1 & 1 2"],
  ["1", ["joint l2 l2"], "1 & 1 learners 2"],
  ["1", ["joint v2 r9"], "1 2 & 1"],
  // New learners are learners at once.
  ["1", ["joint l2 l3"], "1 & 1 learners 2 3"],
  ["1", ["joint l2 l3", "leave"], "1 learners 2 3"],
  // Voters that are demoted stay outgoing voters until it is left.
  ["1 2", ["joint l2"], "1 & 1 2 next 2"],
  ["1 2", ["joint l2", "leave"], "1 learners 2"],
  ["1 2 3", ["joint l2 v2"], "1 2 3 & 1 2 3"],
  ["1 2 3", ["joint l2 v2 l2"], "1 3 & 1 2 3 next 2"],
  ["1 2 3", ["joint l2 r2"], "1 3 & 1 2 3"],
  ["1 2 3", ["joint r2 l2"], "1 3 & 1 2 3 next 2"],
  ["1 2 3", ["joint r2 l2", "leave"], "1 3 learners 2"],
  ["1 2 3", ["joint l2 l3 v4"], "1 4 & 1 2 3 next 2 3"],
  ["1 2 3", ["joint l2 l3 v4", "leave"], "1 4 learners 2 3"],
  // A new voter that is made learner in the same change was never an outgoing voter.
  ["1 2", ["joint v3 l3"], "1 2 & 1 2 learners 3"],
  // Learners are promoted, or go.
  ["1 learners 2", ["joint v2"], "1 2 & 1"],
  ["1 learners 2 3", ["joint v2 r3"], "1 2 & 1"],
  ["1 learners 2 3", ["joint v2 v3 l1", "leave"], "2 3 learners 1"],
  // Nobody.
  ["1", ["joint v0 v2"], "1 2 & 1"],
];

/** As the entry of the log says it: "auto" chooses, no steps leave. */
const AUTO: readonly ConfRow[] = [
  ["1 2 3", ["auto v4"], "1 2 3 4"],
  ["1 2 3", ["auto l4 l5"], "1 2 3 learners 4 5"],
  ["1 2 3", ["auto v4 v5"], "1 2 3 4 5 & 1 2 3 auto"],
  ["1 2 3", ["auto v4 r3"], "1 2 4 & 1 2 3 auto"],
  ["1 2 3", ["auto v4 l3"], "1 2 4 & 1 2 3 next 3 auto"],
  ["1 2 3", ["auto v4 r3", "auto"], "1 2 4"],
  ["1 2 3", ["auto v4 r3", "auto v5"], "refused"],
  ["1 2 3", ["auto"], "refused"],
  ["1", ["auto r1"], "refused"],
  ["1 2", ["auto r1 r2"], "refused"],
];

const TABLES: readonly Scenario[] = [...SIMPLE, ...JOINT, ...AUTO].map(
  ([start, commands, result]) => ({
    name: `(${start}) by ${commands.join(", ")} ${result === "refused" ? "is refused" : `becomes (${result})`}`,
    run(): void {
      let conf = parseConf(start);
      commands.forEach((command, at) => {
        const isLast = at === commands.length - 1;
        const outcome = perform(conf, command);
        if (isLast && result === "refused") {
          ok(!outcome.ok, "it is refused");
          return;
        }
        ok(outcome.ok, outcome.ok ? "" : outcome.why);
        conf = outcome.conf;
        expectSound(conf);
      });
      if (result !== "refused") equal(formatConf(conf), result);
    },
  }),
);

const PROPERTIES: readonly Scenario[] = [
  {
    name: "a simple change and a joint one with the same steps lead to the same members",
    run() {
      forAllChanges((conf, steps) => {
        const simple = changeSimply(conf, steps);
        const joint = enterJoint(conf, steps, "joint-explicit");
        if (!simple.ok) return;
        ok(joint.ok);
        const left = leaveJoint(joint.conf);
        ok(left.ok);
        equal(formatConf(left.conf), formatConf(simple.conf));
      });
    },
  },
  {
    name: "before and after every allowed simple change, any two majorities meet",
    run() {
      forAllChanges((conf, steps) => {
        const result = changeSimply(conf, steps);
        if (!result.ok) return;
        const needed = (count: number): number => Math.floor(count / 2) + 1;
        const both = new Set([...conf.voters, ...result.conf.voters]);
        ok(needed(conf.voters.length) + needed(result.conf.voters.length) > both.size);
      });
    },
  },
  {
    name: "every configuration that comes out is sound, and the change can be told by its entry",
    run() {
      forAllChanges((conf, steps) => {
        for (const transition of ["auto", "joint-implicit", "joint-explicit"] as const) {
          const change: ConfChange = { transition, steps, context: Uint8Array.of(1, 2) };
          const result = changeConf(conf, change);
          if (result.ok) expectSound(result.conf);
          const decoded = decodeConfChange(encodeConfChange(change));
          ok(decoded !== undefined);
          deepStrictEqual(
            { ...decoded, context: [...decoded.context] },
            { ...change, context: [1, 2] },
          );
          deepStrictEqual(changeConf(conf, decoded), result);
        }
      });
    },
  },
  {
    name: "the encoding of a change, cut anywhere before its end, is refused or only lacks context",
    run() {
      const steps: ConfChangeStep[] = [
        { kind: "add-voter", replica: 0x10001 },
        { kind: "remove", replica: 0xffffffff },
      ];
      const bytes = encodeConfChange({ transition: "auto", steps, context: new Uint8Array(0) });
      for (let end = 0; end < bytes.length; end++) {
        equal(decodeConfChange(bytes.subarray(0, end)), undefined);
      }
      deepStrictEqual(decodeConfChange(bytes)?.steps, steps);
    },
  },
];

/** All changes of up to three steps on four replicas, from some configurations. */
function forAllChanges(visit: (conf: ConfState, steps: readonly ConfChangeStep[]) => void): void {
  const words = ["v1", "v2", "v3", "v4", "l1", "l2", "l3", "l4", "r1", "r2", "r3", "r4"];
  for (const start of ["1", "1 2", "1 2 3", "1 2 learners 3", "1 learners 2 3"]) {
    const conf = parseConf(start);
    for (const a of words) {
      visit(conf, parseSteps(a));
      for (const b of words) {
        visit(conf, parseSteps(`${a} ${b}`));
        for (const c of words) visit(conf, parseSteps(`${a} ${b} ${c}`));
      }
    }
  }
}

function perform(conf: ConfState, command: string): ReturnType<typeof changeConf> {
  const [verb = "", ...words] = command.split(" ");
  const steps = parseSteps(words.join(" "));
  switch (verb) {
    case "simple":
      return changeSimply(conf, steps);
    case "joint":
      return enterJoint(conf, steps, "joint-explicit");
    case "autoleave":
      return enterJoint(conf, steps, "joint-implicit");
    case "auto":
      return changeConf(conf, { transition: "auto", steps, context: new Uint8Array(0) });
    case "leave":
      return leaveJoint(conf);
    default:
      throw new Error(`no command ${command}`);
  }
}

/** What holds for every configuration (Raft dissertation 4.3, and that lists are sorted and disjoint). */
function expectSound(conf: ConfState): void {
  ok(conf.voters.length > 0);
  for (const list of [conf.voters, conf.votersOutgoing, conf.learners, conf.learnersNext]) {
    deepStrictEqual(
      [...new Set(list)].sort((a, b) => a - b),
      [...list],
    );
  }
  for (const learner of conf.learners) {
    ok(!conf.voters.includes(learner) && !conf.votersOutgoing.includes(learner));
  }
  for (const next of conf.learnersNext) {
    ok(conf.votersOutgoing.includes(next) && !conf.voters.includes(next));
  }
  if (conf.votersOutgoing.length === 0) ok(!conf.autoLeave && conf.learnersNext.length === 0);
}

function parseSteps(text: string): ConfChangeStep[] {
  const kinds = { v: "add-voter", l: "add-learner", r: "remove" } as const;
  return text
    .split(" ")
    .filter((word) => word !== "")
    .map((word) => {
      const kind = kinds[word.charAt(0) as keyof typeof kinds];
      return { kind, replica: Number(word.slice(1)) };
    });
}

function parseConf(text: string): ConfState {
  const numbers = (part: string | undefined): number[] =>
    (part ?? "")
      .split(" ")
      .filter((word) => word !== "")
      .map(Number);
  const autoLeave = text.endsWith(" auto");
  const [beforeNext, next] = text.replace(" auto", "").split(" next ");
  const [halves, learners] = (beforeNext ?? "").split(" learners ");
  const [voters, outgoing] = (halves ?? "").split(" & ");
  return {
    ...EMPTY_CONF,
    voters: numbers(voters),
    votersOutgoing: numbers(outgoing),
    learners: numbers(learners),
    learnersNext: numbers(next),
    autoLeave,
  };
}

function formatConf(conf: ConfState): string {
  let text = conf.voters.join(" ");
  if (conf.votersOutgoing.length > 0) text += ` & ${conf.votersOutgoing.join(" ")}`;
  if (conf.learners.length > 0) text += ` learners ${conf.learners.join(" ")}`;
  if (conf.learnersNext.length > 0) text += ` next ${conf.learnersNext.join(" ")}`;
  return conf.autoLeave ? `${text} auto` : text;
}

/** Changes of members as a pure function. */
export const CONF_TABLES: readonly Scenario[] = [...TABLES, ...PROPERTIES];
