import { describe, expect, test } from "vitest";
import { MessageType } from "../../src/core/message.ts";
import { GroupApplier } from "../../src/host/group-applier.ts";
import type { GroupContext } from "../../src/host/group-context.ts";
import { GroupSnapshotter } from "../../src/host/group-snapshotter.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import { DEFAULT_LIMITS } from "../../src/limits.ts";
import { FakeHost } from "../core/fake-host.ts";
import { confOf, message } from "../core/make.ts";
import { ListMachine } from "./list-machine.ts";

/** A follower that has applied entries up to 3, and what its snapshots would be. */
function follower(): {
  host: FakeHost;
  machine: ListMachine;
  snapshotter: GroupSnapshotter;
  saved: unknown[];
  results: string[];
} {
  const host = new FakeHost({ terms: [1, 1], commit: 3 });
  host.settle();
  const saved: unknown[] = [];
  const results: string[] = [];
  const metrics = createHostMetrics();
  const context = {
    store: {
      space: "ok",
      log: () => host.log,
      saveSnapshot: (_groupId: number, { meta }: { meta: unknown }): void => {
        saved.push(meta);
      },
    },
    limits: DEFAULT_LIMITS,
    metrics,
    observer: undefined,
    nowMs: (): number => 0,
    complete: <T>(done: (value: T) => void, value: T): void => done(value),
  };
  const machine = new ListMachine();
  const applier = new GroupApplier(
    machine,
    { index: 3, term: 1, forcedIndex: 0 },
    { metrics, observer: undefined },
  );
  // No more of the host is used here.
  const snapshotter = new GroupSnapshotter(1, context as unknown as GroupContext, applier);
  return { host, machine, snapshotter, saved, results };
}

describe("the state of a group", () => {
  test("is saved with the members of its index", () => {
    const { host, snapshotter, saved } = follower();
    snapshotter.save(host.core);
    expect(saved).toEqual([{ index: 3, term: 1, conf: confOf([1, 2, 3]) }]);
  });

  test("is not saved while entries are lost that it needs: they would be lost for good", () => {
    const { host, snapshotter, saved, results, machine } = follower();
    machine.live = [2];
    host.log.entries.delete(2);
    host.core.reportDamage({ first: 2, last: 2 });
    snapshotter.saveIfDue(host.core);
    snapshotter.save(host.core, (result) => results.push(result));
    expect([saved, results]).toEqual([[], ["damaged"]]);
  });

  test("is saved if the lost entries were only named to be short", () => {
    const { host, snapshotter, saved, machine } = follower();
    machine.live = [1, 2];
    machine.needed = [1];
    host.core.reportDamage({ first: 2, last: 2 });
    snapshotter.saveIfDue(host.core);
    expect(saved.length).toBe(1);
  });

  test("is not saved with the members of a snapshot that has just been accepted", () => {
    const { host, snapshotter, saved, results } = follower();
    const snapshot = { index: 9, term: 2, conf: confOf([1, 2, 3, 4]) };
    host.core.step(message({ type: MessageType.InstallSnapshot, term: 3, snapshot }));
    snapshotter.save(host.core, (result) => results.push(result));
    snapshotter.onDurable(host.core);
    expect([saved, results]).toEqual([[], ["superseded"]]);
  });

  test("is saved at once when entries are lost that it already has", () => {
    const { host, snapshotter, saved } = follower();
    snapshotter.saveIfDue(host.core);
    expect(saved).toEqual([]);
    host.core.reportDamage({ first: 2, last: 2 });
    snapshotter.saveIfDue(host.core);
    expect(saved).toEqual([{ index: 3, term: 1, conf: confOf([1, 2, 3]) }]);
  });
});
