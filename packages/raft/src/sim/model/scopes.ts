import type { ModelScope } from "./model-scope.ts";

const NOTHING = {
  elections: 0,
  crashes: 0,
  duplicates: 0,
  losses: 0,
  ticks: 0,
  compactions: 0,
  damages: 0,
  transfers: 0,
};

/**
 * Heartbeats only carry the commit index, which AppendEntries does as well: losing them all keeps the models small. Scopes that
 * are about heartbeats have them.
 */
const BASE = {
  cluster: { voters: [1, 2, 3], index: 1 },
  budget: NOTHING,
  commands: [],
  changes: [],
  lost: ["Heartbeat", "HeartbeatReply", "LeaderGone"],
  preVotes: "at once",
  network: "unordered",
  lives: "mixed",
  leader: 1,
  statesMax: Number.POSITIVE_INFINITY,
} satisfies Omit<ModelScope, "name">;

const ORDERED = { ...BASE, network: "ordered" } satisfies Omit<ModelScope, "name">;

/** Explored completely in a few seconds together: part of every test run. */
export const SMALL_SCOPES: readonly ModelScope[] = [
  {
    ...BASE,
    name: "a first election and a crash",
    leader: undefined,
    budget: { ...NOTHING, elections: 1, crashes: 1 },
  },
  {
    ...ORDERED,
    name: "two commands, and a lost message",
    commands: ["a", "b"],
    budget: { ...NOTHING, losses: 1 },
  },
  {
    ...ORDERED,
    name: "a command and another election",
    commands: ["a"],
    budget: { ...NOTHING, elections: 1 },
  },
  {
    ...ORDERED,
    name: "a command, a snapshot, a crash and a lost message",
    commands: ["a"],
    budget: { ...NOTHING, compactions: 1, crashes: 1, losses: 1 },
  },
  {
    ...ORDERED,
    name: "a replaced voter, an election and a crash",
    cluster: { voters: [1, 2], spares: [3], index: 1 },
    changes: [{ steps: "v3 r2", transition: "auto" }],
    budget: { ...NOTHING, elections: 1, crashes: 1 },
  },
  {
    ...ORDERED,
    name: "a group that grows from one to three, two elections and a crash",
    cluster: { voters: [1], spares: [2, 3], index: 1 },
    leader: undefined,
    changes: [
      { steps: "v2", transition: "auto" },
      { steps: "v3", transition: "auto" },
    ],
    budget: { ...NOTHING, elections: 2, crashes: 1 },
    preVotes: "as messages",
  },
  {
    ...ORDERED,
    name: "a command and a transfer",
    commands: ["a"],
    budget: { ...NOTHING, transfers: 1 },
  },
  {
    ...ORDERED,
    name: "a crash with damage and an election",
    lives: "fenced",
    budget: { ...NOTHING, crashes: 1, damages: 1, elections: 1 },
  },
];

/** Millions of states each: for a script, one at a time. Those that are too large for that stop at `statesMax`. */
export const LARGE_SCOPES: readonly ModelScope[] = [
  {
    ...BASE,
    name: "a command and another election, in any order",
    commands: ["a"],
    budget: { ...NOTHING, elections: 1 },
  },
  {
    ...ORDERED,
    name: "a command, another election and a crash",
    commands: ["a"],
    budget: { ...NOTHING, elections: 1, crashes: 1 },
  },
  {
    ...ORDERED,
    name: "a command, another election, a lost message and a crash",
    commands: ["a"],
    budget: { ...NOTHING, elections: 1, losses: 1, crashes: 1 },
  },
  {
    ...ORDERED,
    name: "two commands, another election and a crash",
    commands: ["a", "b"],
    budget: { ...NOTHING, elections: 1, crashes: 1 },
  },
  {
    ...ORDERED,
    name: "two elections from nothing and a crash",
    leader: undefined,
    commands: ["a"],
    budget: { ...NOTHING, elections: 2, crashes: 1 },
  },
  {
    ...BASE,
    name: "two elections from nothing and a message twice, in any order",
    leader: undefined,
    budget: { ...NOTHING, elections: 2, duplicates: 1 },
  },
  {
    ...ORDERED,
    name: "heartbeats, a command, another election and a lost message",
    lost: ["LeaderGone"],
    commands: ["a"],
    budget: { ...NOTHING, elections: 1, losses: 1, ticks: 1 },
  },
  {
    ...ORDERED,
    name: "pre-votes as messages, two elections and a crash",
    preVotes: "as messages",
    budget: { ...NOTHING, elections: 2, crashes: 1 },
  },
  {
    ...ORDERED,
    name: "two voters replaced at once, another election and a crash",
    cluster: { voters: [1, 2, 3], spares: [4], index: 1 },
    changes: [{ steps: "v4 r2 l3", transition: "auto" }],
    budget: { ...NOTHING, elections: 1, crashes: 1 },
  },
  {
    ...ORDERED,
    name: "two changes of one voter each, two elections and a crash",
    cluster: { voters: [1, 2], spares: [3], index: 1 },
    changes: [
      { steps: "v3", transition: "auto" },
      { steps: "r1", transition: "auto" },
    ],
    budget: { ...NOTHING, elections: 2, crashes: 1 },
  },
  {
    ...ORDERED,
    name: "a command, a snapshot, another election, a crash and a lost message",
    commands: ["a"],
    budget: { ...NOTHING, compactions: 1, elections: 1, crashes: 1, losses: 1 },
  },
  {
    ...ORDERED,
    name: "a command, a transfer and another election",
    commands: ["a"],
    budget: { ...NOTHING, transfers: 1, elections: 1 },
  },
  {
    ...ORDERED,
    name: "a command, a crash with damage and another election",
    lives: "fenced",
    commands: ["a"],
    budget: { ...NOTHING, crashes: 1, damages: 1, elections: 1 },
  },
];
