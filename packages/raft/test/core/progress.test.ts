import { describe, expect, it } from "vitest";
import { newProgress, type Progress } from "../../src/core/progress.ts";
import { r } from "./make.ts";

const LIMITS = { maxInflightMessages: 2, maxInflightBytes: 1_000 };

function probing(match: number, next: number): Progress {
  const progress = newProgress(r(2), next, LIMITS);
  progress.match = match;
  return progress;
}

function replicating(match: number): Progress {
  const progress = probing(match, match + 1);
  progress.becomeReplicate();
  return progress;
}

describe("Progress", () => {
  it("probes with one message at a time", () => {
    const progress = probing(0, 8);
    expect([progress.state, progress.isPaused]).toEqual(["probe", false]);
    progress.sent(3, 30);
    expect([progress.isPaused, progress.next, progress.inflights.count]).toEqual([true, 8, 0]);
  });

  it("replicates ahead of acknowledgements until the window is full", () => {
    const progress = replicating(5);
    progress.sent(2, 10);
    expect([progress.next, progress.isPaused]).toEqual([8, false]);
    progress.sent(1, 10);
    expect([progress.next, progress.isPaused, progress.inflights.indexes()]).toEqual([
      9,
      true,
      [7, 8],
    ]);
  });

  it("counts an empty message for nothing", () => {
    const progress = replicating(5);
    progress.sent(0, 0);
    expect([progress.next, progress.inflights.count, progress.isPaused]).toEqual([6, 0, false]);
  });

  it("takes an acknowledgement only forward", () => {
    const progress = replicating(5);
    expect([progress.acknowledge(4), progress.acknowledge(5), progress.match]).toEqual([
      false,
      false,
      5,
    ]);
    expect([progress.acknowledge(9), progress.match, progress.next]).toEqual([true, 9, 10]);
  });

  it("goes back to what was acknowledged when a follower refuses what was sent ahead", () => {
    const progress = replicating(5);
    progress.sent(3, 10);
    expect(progress.reject(5, 2)).toBe(false);
    expect(progress.reject(8, 2)).toBe(true);
    expect([progress.state, progress.next, progress.inflights.count]).toEqual(["probe", 6, 0]);
  });

  it("follows the hint of a refused probe, and ignores refusals of others", () => {
    const progress = probing(0, 20);
    progress.sent(0, 0);
    expect([progress.reject(18, 3), progress.isPaused]).toEqual([false, true]);
    expect([progress.reject(19, 3), progress.next, progress.isPaused]).toEqual([true, 4, false]);
    expect([progress.reject(3, 90), progress.next]).toEqual([true, 3]);
  });

  it("never goes back below what was acknowledged", () => {
    const progress = probing(7, 12);
    expect([progress.reject(11, 2), progress.next]).toEqual([true, 8]);
    progress.sent(0, 0);
    expect([progress.reject(7, 2), progress.isPaused]).toEqual([false, true]);
  });

  it("waits in state snapshot and probes behind the snapshot afterwards", () => {
    const progress = probing(2, 3);
    progress.becomeSnapshot(40);
    expect([progress.state, progress.isPaused, progress.next]).toEqual(["snapshot", true, 41]);
    expect(progress.reject(40, 1)).toBe(false);
    progress.becomeProbe();
    expect([progress.state, progress.next, progress.pendingSnapshot]).toEqual(["probe", 41, 0]);
  });

  it("keeps its guess while nothing is known of the follower", () => {
    const progress = probing(0, 8);
    progress.becomeProbe();
    expect(progress.next).toBe(8);
  });

  it("waits for entries that are being read, through changes of state", () => {
    const progress = replicating(5);
    progress.isFetching = true;
    progress.becomeProbe();
    expect(progress.isPaused).toBe(true);
  });

  it("tells the commit index again when what it had told may be lost", () => {
    const progress = replicating(5);
    progress.sentCommit = 9;
    progress.becomeProbe();
    expect(progress.sentCommit).toBe(5);
  });
});
