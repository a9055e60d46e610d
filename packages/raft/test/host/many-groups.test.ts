import { describe, expect, test } from "vitest";
import type { HostObserver } from "../../src/host/node-options.ts";
import { confOf, HostCluster } from "./host-cluster.ts";

const GROUPS = 1000;

describe("a thousand sleeping groups", () => {
  test("cost no call into a core, however much time passes", () => {
    const observer = countingObserver();
    const cluster = new HostCluster({ limits: { hibernateAfterMs: 200 }, observer });
    cluster.boot(1);
    for (let groupId = 1; groupId <= GROUPS; groupId++) {
      cluster.createReplica(groupId, 1, confOf([1]));
    }
    const { metrics } = cluster.node(1).host;
    cluster.runUntil(() => metrics.groupsLed === GROUPS);
    cluster.runUntil(() => metrics.groupsAwake === 0);
    cluster.run(100);
    const { calls } = observer;
    cluster.run(60_000);
    expect(observer.calls).toBe(calls);
  });
});

describe("a busy group", () => {
  test("does not keep another one waiting: each has a slice per turn", () => {
    const cluster = new HostCluster({ limits: { applySliceEntries: 4, turnApplyEntries: 8 } });
    cluster.boot(1);
    cluster.createGroup(1, [1]);
    cluster.createGroup(2, [1]);
    const node = cluster.elect(1);
    cluster.elect(2);
    for (let count = 0; count < 200; count++) node.propose(`${count}`, 1);
    const results = node.propose("x", 2);
    cluster.runUntil(() => results.length > 0);
    expect(node.items(1).length).toBeLessThanOrEqual(8);
    cluster.runUntil(() => node.items(1).length === 200);
  });
});

function countingObserver(): HostObserver & { calls: number } {
  return {
    calls: 0,
    onCoreCall(): void {
      this.calls++;
    },
    onReady(): void {},
    onAppend(): void {},
    onSend(): void {},
    onApply(): void {},
    onRestore(): void {},
    onEvent(): void {},
  };
}
