import { describe, expect, it } from "vitest";
import { MessageType } from "../../src/core/message.ts";
import { acknowledge, leaderOf } from "./fake-group.ts";
import { FakeHost, type HostOptions } from "./fake-host.ts";
import { change, confOf, message, NO_BYTES, r } from "./make.ts";

const AHEAD: HostOptions = { conf: confOf([1]), config: { appliesBeforeDurable: true } };

function indexesOf(host: FakeHost): number[] {
  return host.applied.map(({ index }) => index);
}

/** Proposes; nothing becomes durable. */
function propose(host: FakeHost, count: number): void {
  for (let done = 0; done < count; done++) host.core.propose(NO_BYTES);
  host.flush();
}

describe("a group of one that may apply before its entries are durable", () => {
  it("does, while its commit index follows the disk", () => {
    const host = leaderOf(AHEAD);
    propose(host, 2);
    host.apply();
    expect([indexesOf(host), host.core.commitIndex, host.core.appliedIndex]).toEqual([
      [2, 3, 4],
      2,
      4,
    ]);
    host.settle();
    expect([host.core.commitIndex, host.core.uncommittedBytes, indexesOf(host)]).toEqual([
      4,
      0,
      [2, 3, 4],
    ]);
  });

  it("does not without the setting, nor with another member, nor when it does not lead", () => {
    for (const options of [{ conf: confOf([1]) }, { ...AHEAD, conf: confOf([1], [2]) }]) {
      const host = leaderOf(options);
      acknowledge(host, 2);
      propose(host, 1);
      expect(host.toApply).toEqual([]);
    }
    const follower = new FakeHost({ ...AHEAD, terms: [1, 1] });
    expect(follower.core.hasReady()).toBe(false);
  });

  it("never goes past a change of members, and ends with it", () => {
    const host = leaderOf(AHEAD);
    host.core.propose(NO_BYTES);
    host.core.proposeConfChange(change([["add-voter", 2]]));
    propose(host, 1);
    host.apply();
    expect(indexesOf(host)).toEqual([2, 3]);
    host.durable();
    host.flush();
    host.apply();
    expect([indexesOf(host), host.core.conf]).toEqual([[2, 3, 4, 5], confOf([1, 2])]);
    host.settle();
    propose(host, 1);
    expect(host.toApply).toEqual([]);
    host.settle();
    expect(host.core.commitIndex).toBe(5);
    acknowledge(host, 2);
    expect(host.core.commitIndex).toBe(6);
  });

  it("goes ahead again once it is alone again", () => {
    const host = leaderOf({ ...AHEAD, conf: confOf([1, 2]) });
    acknowledge(host, 2);
    host.core.proposeConfChange(change([["remove", 2]]));
    host.settle();
    acknowledge(host, 2);
    expect(host.core.conf).toEqual(confOf([1]));
    propose(host, 1);
    expect(host.toApply.length).toBe(1);
  });

  it("waits after a restart until it knows that no change of members is open", () => {
    const host = new FakeHost({ ...AHEAD, terms: [1, 1], commit: 1 });
    host.core.campaign();
    host.flush();
    host.durable();
    host.flush();
    expect([host.core.role, host.toApply]).toEqual(["leader", []]);
    host.settle();
    expect(indexesOf(host)).toEqual([2, 3, 4]);
    propose(host, 1);
    expect(host.toApply.length).toBe(1);
  });

  it("keeps its accounts when it is elected again with entries that are applied and not committed", () => {
    const host = leaderOf(AHEAD);
    propose(host, 3);
    host.core.stepDown();
    host.core.campaign();
    host.flush();
    host.apply();
    host.durable();
    expect([host.core.durableIndex, host.core.commitIndex]).toEqual([5, 2]);
    host.durable();
    host.flush();
    host.apply();
    expect(host.core.uncommittedBytes).toBeGreaterThan(0);
    host.settle();
    expect([host.core.commitIndex, host.core.uncommittedBytes]).toEqual([6, 0]);
  });

  it("is held back by the limit of what is being applied", () => {
    const host = leaderOf({
      ...AHEAD,
      config: { appliesBeforeDurable: true, maxApplyingBytes: 64 },
    });
    propose(host, 5);
    expect(host.toApply.length).toBe(2);
    host.apply();
    host.flush();
    expect(host.toApply.length).toBe(2);
    expect(host.core.step(message({ type: MessageType.Heartbeat, term: 1, from: r(5) }))).not.toBe(
      "",
    );
  });
});
