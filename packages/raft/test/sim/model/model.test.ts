import { describe, expect, it } from "vitest";
import type { RaftConfig } from "../../../src/core/raft-config.ts";
import { explore, ModelViolation } from "../../../src/sim/model/explore.ts";
import { HashSet } from "../../../src/sim/model/hash-set.ts";
import { SMALL_SCOPES } from "../../../src/sim/model/scopes.ts";

/** Fewer states than this mean that a model has lost the ability to do what its name says. */
const STATES_MIN: Readonly<Record<string, number>> = {
  "a first election and a crash": 15_000,
  "two commands, and a lost message": 5_000,
  "a command and another election": 40_000,
  "a command, a snapshot, a crash and a lost message": 5_000,
  "a replaced voter, an election and a crash": 20_000,
  "a group that grows from one to three, two elections and a crash": 3_000,
  "a command and a transfer": 40_000,
  "a crash with damage and an election": 15_000,
};

describe("every history of a small cluster of real cores keeps what Raft promises", () => {
  for (const scope of SMALL_SCOPES) {
    it(scope.name, { timeout: 60_000 }, () => {
      const report = explore(scope);
      expect(report.isComplete).toBe(true);
      expect(report.states).toBeGreaterThan(STATES_MIN[scope.name] ?? Number.POSITIVE_INFINITY);
      const { elections, transfers } = scope.budget;
      expect(report.terms).toBe(elections + transfers + (scope.leader ?? 0));
    });
  }
});

describe("the model check", () => {
  it("tells the history that leads to a violation, step by step", () => {
    const [scope] = SMALL_SCOPES;
    if (scope === undefined) throw new Error("no scope");
    // The two entries of equal index and term that such leaders make are told apart by their checksums.
    const broken = {
      ...scope,
      cluster: { ...scope.cluster, config: { createEntry: oddEntries() } },
    };
    expect(() => explore(broken)).toThrow(ModelViolation);
    expect(() => explore(broken)).toThrow(/^.*\n1\. node /);
  });

  it("stops at the limit of states and says so", () => {
    const [scope] = SMALL_SCOPES;
    if (scope === undefined) throw new Error("no scope");
    const report = explore({ ...scope, statesMax: 100 });
    expect(report.isComplete).toBe(false);
    expect(report.states).toBe(100);
  });
});

/** Never the same twice, so that a replica that comes back to a state seems to contradict itself. */
function oddEntries(): RaftConfig["createEntry"] {
  let calls = 0;
  return (_group, index, term, type, data) => ({ index, term, type, data, crc: calls++ });
}

describe("HashSet", () => {
  it("keeps as many strings as were added, and knows each of them", () => {
    const set = new HashSet(16);
    for (let count = 0; count < 20_000; count++) expect(set.add(`state ${count}`)).toBe(true);
    expect(set.size).toBe(20_000);
    for (let count = 0; count < 20_000; count++) expect(set.add(`state ${count}`)).toBe(false);
    expect(set.size).toBe(20_000);
  });

  it("tells strings apart that differ in one character or in order", () => {
    const set = new HashSet(16);
    for (const text of ["", "a", "b", "ab", "ba", "aab", "aba", "baa", "\0", "\0\0"]) {
      expect(set.add(text)).toBe(true);
    }
  });
});
