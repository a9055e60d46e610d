import { describe, expect, it } from "vitest";
import { AppendPipeline } from "../../src/core/append-pipeline.ts";
import { RaftInvariantError } from "../../src/core/invariant.ts";

const NOTHING = {
  stableUpTo: 0,
  hardState: undefined,
  firstRepair: Number.POSITIVE_INFINITY,
  snapshotIndex: 0,
};

describe("AppendPipeline", () => {
  it("numbers appends from 1 and takes them back in order", () => {
    const pipeline = new AppendPipeline();
    expect([pipeline.isEmpty, pipeline.lastSeq]).toEqual([true, 0]);
    expect([pipeline.add(NOTHING), pipeline.add({ ...NOTHING, stableUpTo: 5 })]).toEqual([1, 2]);
    expect([pipeline.isEmpty, pipeline.lastSeq, pipeline.outstanding.length]).toEqual([
      false,
      2,
      2,
    ]);
    expect([pipeline.complete(1).stableUpTo, pipeline.complete(2).stableUpTo]).toEqual([0, 5]);
    expect(pipeline.isEmpty).toBe(true);
  });

  it("does not take a report out of order, twice, or of an append that never was", () => {
    const pipeline = new AppendPipeline();
    expect(() => pipeline.complete(1)).toThrow(RaftInvariantError);
    pipeline.add(NOTHING);
    pipeline.add(NOTHING);
    expect(() => pipeline.complete(2)).toThrow(RaftInvariantError);
  });

  it("does not let an append of entries that were replaced meanwhile mark the new ones stable", () => {
    const pipeline = new AppendPipeline();
    const first = pipeline.add({ ...NOTHING, stableUpTo: 10 });
    pipeline.truncate(7);
    const second = pipeline.add({ ...NOTHING, stableUpTo: 8 });
    pipeline.truncate(9);
    expect(pipeline.complete(first).stableUpTo).toBe(6);
    expect(pipeline.complete(second).stableUpTo).toBe(8);
  });

  it("knows the lowest repair on its way", () => {
    const pipeline = new AppendPipeline();
    expect(pipeline.firstRepair()).toBe(Number.POSITIVE_INFINITY);
    pipeline.add({ ...NOTHING, firstRepair: 7 });
    pipeline.add({ ...NOTHING, firstRepair: 4 });
    expect(pipeline.firstRepair()).toBe(4);
    pipeline.complete(1);
    pipeline.complete(2);
    expect(pipeline.firstRepair()).toBe(Number.POSITIVE_INFINITY);
  });
});
