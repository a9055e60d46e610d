import { describe, expect, it } from "vitest";
import { EMPTY_CONF } from "../../../src/core/conf-state.ts";
import type { Entry } from "../../../src/core/entry.ts";
import { confStepFault, isQuorum } from "../../../src/sim/invariants/conf-rules.ts";
import { GroupLedger } from "../../../src/sim/invariants/group-ledger.ts";
import { TermList } from "../../../src/sim/invariants/term-list.ts";
import { InvariantViolation } from "../../../src/sim/invariants/violation.ts";

function entry(index: number, term: number, crc = index * 100 + term): Entry {
  return { index, term, type: 0, data: new Uint8Array(0), crc };
}

function write(ledger: GroupLedger, written: Entry, previousTerm: number | undefined): void {
  ledger.writes(written, previousTerm, () => written.index);
}

function fault(body: () => void): string | undefined {
  try {
    body();
  } catch (error) {
    if (error instanceof InvariantViolation) return error.invariant;
    throw error;
  }
  return undefined;
}

describe("GroupLedger", () => {
  it("accepts one leader of a term and epoch, and no second one", () => {
    const ledger = new GroupLedger(1);
    ledger.leads(1, 5, 10);
    ledger.leads(1, 5, 10);
    ledger.leads(1, 6, 11);
    ledger.leads(2, 5, 11);
    expect(fault(() => ledger.leads(1, 5, 11))).toBe("election-safety");
  });

  it("knows each index and term by one content and one predecessor", () => {
    const ledger = new GroupLedger(1);
    write(ledger, entry(2, 3), 1);
    write(ledger, entry(2, 3), 1);
    write(ledger, entry(2, 4), 1);
    write(ledger, entry(2, 3), undefined);
    expect(fault(() => write(ledger, entry(2, 3, 9), 1))).toBe("log-matching");
    expect(fault(() => write(ledger, entry(2, 3), 2))).toBe("log-matching");
  });

  it("never takes back a committed entry", () => {
    const ledger = new GroupLedger(1);
    write(ledger, entry(2, 3), 1);
    write(ledger, entry(2, 4), 1);
    ledger.commits(2, 3, 3);
    ledger.commits(2, 3, 4);
    expect(ledger.committedIndex).toBe(2);
    expect(fault(() => ledger.commits(2, 4, 4))).toBe("committed-forever");
  });

  it("wants leaders to have what was committed in earlier terms, not in later ones", () => {
    const ledger = new GroupLedger(1);
    write(ledger, entry(2, 3), 1);
    write(ledger, entry(3, 5), 3);
    ledger.commits(2, 3, 3);
    ledger.commits(3, 5, 5);
    const log = (terms: Record<number, number>, firstIndex = 2) => ({
      termAt: (index: number): number | undefined => terms[index],
      firstIndex,
    });
    ledger.mustBeComplete(4, log({ 2: 3 }), 7);
    ledger.mustBeComplete(6, log({ 2: 3, 3: 5 }), 7);
    ledger.mustBeComplete(6, log({}, 4), 7);
    expect(fault(() => ledger.mustBeComplete(6, log({ 2: 3, 3: 4 }), 7))).toBe(
      "leader-completeness",
    );
    expect(fault(() => ledger.mustBeComplete(4, log({}), 7))).toBe("leader-completeness");
  });

  it("wants the same entry applied, and the same state after it, everywhere", () => {
    const ledger = new GroupLedger(1);
    write(ledger, entry(2, 3), 1);
    expect(fault(() => ledger.applies(entry(2, 3), 77))).toBe("state-machine-safety");
    ledger.commits(2, 3, 3);
    ledger.applies(entry(2, 3), 77);
    ledger.applies(entry(2, 3), 77);
    expect(fault(() => ledger.applies(entry(2, 3), 78))).toBe("state-machine-safety");
    expect(fault(() => ledger.applies(entry(2, 4), 77))).toBe("state-machine-safety");
    expect(fault(() => ledger.hasState(2, 1))).toBe("state-machine-safety");
  });

  it("keeps confirmed commands, and never sees refused or repeated ones", () => {
    const ledger = new GroupLedger(1);
    write(ledger, entry(2, 3), 1);
    ledger.commits(2, 3, 3);
    ledger.confirms(2, 2, 3);
    expect(fault(() => ledger.confirms(2, 3, 3))).toBe("confirmed-forever");
    expect(fault(() => ledger.confirms(5, 2, 3))).toBe("confirmed-forever");
    expect(fault(() => ledger.refuses(2))).toBe("confirmed-forever");
    ledger.refuses(3);
    write(ledger, entry(3, 3), 3);
    expect(fault(() => ledger.commits(3, 3, 3))).toBe("confirmed-forever");
    ledger.writes(entry(4, 3), 3, () => 2);
    expect(fault(() => ledger.commits(4, 3, 3))).toBe("confirmed-forever");
  });

  it("wants the same members after the same entry", () => {
    const ledger = new GroupLedger(1);
    write(ledger, entry(2, 3), 1);
    ledger.commits(2, 3, 3);
    ledger.hasConf(2, { ...EMPTY_CONF, voters: [1, 2] });
    expect(ledger.latestConf?.voters).toEqual([1, 2]);
    expect(fault(() => ledger.hasConf(2, { ...EMPTY_CONF, voters: [1] }))).toBe("membership");
  });

  it("forgets what the operator gave up", () => {
    const ledger = new GroupLedger(1);
    write(ledger, entry(2, 3), 1);
    write(ledger, entry(3, 3), 3);
    ledger.commits(2, 3, 3);
    ledger.commits(3, 3, 3);
    ledger.forgetAfter(2);
    write(ledger, entry(3, 4), 3);
    ledger.commits(3, 4, 4);
    expect(ledger.committedTerm(3)).toBe(4);
    expect(ledger.indexOfCommand(2)).toBe(2);
  });
});

describe("the rules of membership changes", () => {
  const conf = (voters: number[], votersOutgoing: number[] = []) => ({
    ...EMPTY_CONF,
    voters,
    votersOutgoing,
  });

  it("allow one voter more or less, or a joint configuration in between", () => {
    expect(confStepFault(conf([1, 2, 3]), conf([1, 2]))).toBeUndefined();
    expect(confStepFault(conf([1, 2, 3]), conf([1, 2, 3, 4]))).toBeUndefined();
    expect(confStepFault(conf([1, 2, 3]), conf([1, 2, 4]))).toBeDefined();
    expect(confStepFault(conf([1, 2, 3]), conf([3, 4, 5], [1, 2, 3]))).toBeUndefined();
    expect(confStepFault(conf([1, 2, 3]), conf([3, 4, 5], [1, 2]))).toBeDefined();
    expect(confStepFault(conf([3, 4], [1, 2]), conf([3, 4]))).toBeUndefined();
    expect(confStepFault(conf([3, 4], [1, 2]), conf([1, 2]))).toBeDefined();
    expect(confStepFault(conf([3, 4], [1, 2]), conf([3, 5], [1, 2]))).toBeDefined();
    expect(confStepFault(conf([3, 4], [1, 2]), conf([3, 4], [1, 2]))).toBeUndefined();
  });

  it("need a majority of both halves of a joint configuration", () => {
    const has =
      (...members: number[]) =>
      (voter: number) =>
        members.includes(voter);
    expect(isQuorum(conf([1, 2, 3]), has(1, 2))).toBe(true);
    expect(isQuorum(conf([1, 2, 3, 4]), has(1, 2))).toBe(false);
    expect(isQuorum(conf([1, 2, 3], [3, 4, 5]), has(1, 3, 4))).toBe(true);
    expect(isQuorum(conf([1, 2, 3], [3, 4, 5]), has(1, 2, 3))).toBe(false);
  });
});

describe("TermList", () => {
  it("follows appends, truncations, holes and snapshots", () => {
    const list = new TermList(1, 1);
    for (let index = 2; index <= 6; index++) list.setLast(index, 2);
    list.setLast(4, 3);
    expect([list.last, list.get(4), list.get(5)]).toEqual([4, 3, undefined]);
    list.setLast(7, 3);
    expect([list.last, list.get(5), list.get(6)]).toEqual([7, undefined, undefined]);
    list.fill(5, 3);
    list.fill(6, 3);
    expect(list.get(6)).toBe(3);
    list.compact(5, 3, true);
    expect([list.base, list.last, list.get(4), list.get(7)]).toEqual([5, 7, undefined, 3]);
    list.truncate(6);
    expect(list.last).toBe(6);
    list.compact(9, 4, true);
    expect([list.base, list.last]).toEqual([9, 9]);
    list.setLast(3, 1);
    expect([list.base, list.last]).toEqual([3, 3]);
  });
});
