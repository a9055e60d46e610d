import { NEMESES, nemesisNamed } from "./nemesis/all-nemeses.ts";
import type { Nemesis } from "./nemesis/nemesis.ts";

/** One nemesis, or several at the same time. */
export interface Scenario {
  readonly name: string;
  readonly nemeses: readonly Nemesis[];
}

/**
 * Pairs whose damage a majority of replicas outlives: no pair loses two disks, or damages the only copy. Links that go over
 * the relay cannot be cut, and two faults of the network would heal each other.
 */
const PAIRS: readonly (readonly [string, string])[] = [
  ["kill-one", "partition-isolate"],
  ["kill-one", "sigstop"],
  ["kill-one", "packet-loss"],
  ["kill-one", "slow-disk"],
  ["kill-one", "slow-link"],
  ["kill-one", "fsync-error"],
  ["kill-one", "corrupt-file"],
  ["kill-one", "policy-change"],
  ["kill-one", "membership-change"],
  ["kill-minority", "partition-halves"],
  ["kill-majority", "slow-disk"],
  ["kill-all", "clock-jump"],
  ["sigstop", "partition-bridge"],
  ["sigstop", "slow-disk"],
  ["partition-isolate", "slow-disk"],
  ["partition-asymmetric", "clock-jump"],
  ["partition-flapping", "policy-change"],
  ["partition-ring", "kill-one"],
  ["packet-loss", "rolling-restart"],
  ["packet-loss", "membership-change"],
  ["partition-isolate", "disk-full"],
  ["corrupt-file", "partition-isolate"],
];

export const SINGLES: readonly Scenario[] = NEMESES.map((nemesis) => ({
  name: nemesis.name,
  nemeses: [nemesis],
}));

export const SCENARIOS: readonly Scenario[] = [
  ...SINGLES,
  ...PAIRS.map((names) => scenarioNamed(names.join("+"))),
];

/** A short run of each of these, for every change. */
export const SMOKE: readonly string[] = [
  "kill-one",
  "kill-all",
  "sigstop",
  "partition-isolate",
  "partition-asymmetric",
];

/** Nemeses joined by "+". @throws Error naming those that there are */
export function scenarioNamed(name: string): Scenario {
  return { name, nemeses: name.split("+").map(nemesisNamed) };
}

/** As many as the largest of its nemeses wants. */
export function nodesOf({ nemeses }: Scenario): 3 | 5 {
  return nemeses.some(({ nodes }) => nodes === 5) ? 5 : 3;
}
