import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClusterView, type NodeLoads } from "../../../src/cluster/placement/cluster-view.ts";
import { initialReplicas, type NewQueue } from "../../../src/cluster/placement/initial-replicas.ts";
import type { Mirroring } from "../../../src/cluster/placement/mirroring.ts";
import { QueueLoads } from "../../../src/cluster/placement/queue-loads.ts";
import {
  type PlacedQueue,
  type WantedReplicas,
  wantedReplicas,
} from "../../../src/cluster/placement/wanted-replicas.ts";
import { anyLoads, anyNodes, node, viewOf } from "./make-view.ts";

const NO_LOADS: NodeLoads = { replicasOn: () => 0, leadersOn: () => 0 };
const EXACTLY_2: Mirroring = { mode: "exactly", count: 2, sync: "automatic" };
const ALL: Mirroring = { mode: "all", sync: "automatic" };

function newQueue(change: Partial<NewQueue> = {}): NewQueue {
  const plain = { key: "/\0q", mirroring: { mode: "none" }, locator: "client-local" } as const;
  return { ...plain, declaredOn: 1, ...change };
}

function wanted(
  view: ClusterView,
  mirroring: Mirroring,
  current: readonly number[],
  change: Partial<PlacedQueue> = {},
): WantedReplicas {
  return wantedReplicas(
    { key: "/\0q", mirroring, current, leader: current[0], ...change },
    view,
    () => 0,
  );
}

const anyMirroring: fc.Arbitrary<Mirroring> = fc.oneof(
  fc.constant<Mirroring>({ mode: "none" }),
  fc.constant<Mirroring>(ALL),
  fc.constant<Mirroring>({ mode: "all", sync: "manual" }),
  fc.record({
    mode: fc.constant("exactly" as const),
    count: fc.integer({ min: 1, max: 6 }),
    sync: fc.constantFrom("automatic" as const, "manual" as const),
  }),
  fc.record({
    mode: fc.constant("nodes" as const),
    nodes: fc.array(
      fc.integer({ min: 1, max: 12 }).map((id) => `rabbit@n${id}`),
      { minLength: 1 },
    ),
    sync: fc.constantFrom("automatic" as const, "manual" as const),
  }),
  fc.record({ mode: fc.constant("quorum" as const), count: fc.integer({ min: 1, max: 5 }) }),
);

describe("replicas of a new queue", () => {
  test("are where it is declared, if it is not mirrored", () => {
    expect(initialReplicas(newQueue({ declaredOn: 2 }), viewOf(1, 2, 3), NO_LOADS)).toEqual([2]);
  });

  test("are on all running nodes, leader first", () => {
    const view = viewOf(1, 2, node(3, { isRunning: false }), 4);
    const queue = newQueue({ mirroring: ALL, declaredOn: 4 });
    expect(initialReplicas(queue, view, NO_LOADS)).toEqual([4, 1, 2]);
  });

  test("are on the named nodes, with the leader on one of them", () => {
    const view = viewOf(1, 2, 3);
    const mirroring: Mirroring = {
      mode: "nodes",
      nodes: ["rabbit@n3", "rabbit@n2", "rabbit@other"],
      sync: "manual",
    };
    expect(initialReplicas(newQueue({ mirroring }), view, NO_LOADS).sort()).toEqual([2, 3]);
    const nobody: Mirroring = { mode: "nodes", nodes: ["rabbit@other"], sync: "manual" };
    expect(initialReplicas(newQueue({ mirroring: nobody }), view, NO_LOADS)).toEqual([1]);
  });

  test("start where the fewest are led, if they are to be balanced", () => {
    const loads = { replicasOn: () => 0, leadersOn: (id: number) => [0, 5, 2, 3][id] ?? 0 };
    const queue = newQueue({ locator: "balanced", mirroring: EXACTLY_2 });
    expect(initialReplicas(queue, viewOf(1, 2, 3), loads)[0]).toBe(2);
  });

  test("stay within the bounded share of each node, and nearly even over a thousand queues", () => {
    const view = viewOf(1, 2, 3, 4, 5);
    const loads = new QueueLoads();
    for (let at = 0; at < 1000; at++) {
      const key = `/\0queue-${at}`;
      const queue = newQueue({ key, mirroring: EXACTLY_2, locator: "balanced" });
      loads.place(key, initialReplicas(queue, view, loads));
    }
    for (const { nodeId } of view.nodes) {
      expect(loads.leadersOn(nodeId)).toBe(200);
      expect(loads.replicasOn(nodeId)).toBeLessThanOrEqual(Math.ceil((1.25 * 2000) / 5) + 1);
    }
  });

  test("are different running nodes, as many as asked for, and the same for any order of the members", () => {
    const anyLocator = fc.constantFrom("client-local", "balanced", "random" as const);
    fc.assert(
      fc.property(
        anyNodes,
        anyMirroring,
        anyLocator,
        anyLoads,
        (nodes, mirroring, locator, load) => {
          const loads = { replicasOn: load, leadersOn: load };
          const queue = newQueue({ mirroring, locator } as Partial<NewQueue>);
          const replicas = initialReplicas(queue, new ClusterView(nodes), loads);
          const running = nodes.filter(({ isRunning }) => isRunning).map(({ nodeId }) => nodeId);
          expect(new Set(replicas).size).toBe(replicas.length);
          expect(running).toEqual(expect.arrayContaining(replicas));
          if (mirroring.mode === "exactly" || mirroring.mode === "quorum") {
            expect(replicas.length).toBe(Math.min(mirroring.count, running.length));
          }
          const reversed = new ClusterView([...nodes].reverse());
          expect(initialReplicas(queue, reversed, loads)).toEqual(replicas);
        },
      ),
    );
  });

  test("avoid the fullest nodes: none is above its bounded share while one below it goes unused", () => {
    fc.assert(
      fc.property(anyNodes, anyLoads, fc.integer({ min: 1, max: 4 }), (nodes, load, count) => {
        const view = new ClusterView(nodes);
        const chosen = view.choose("/\0q", count, new Set(), load);
        const running = nodes.filter(({ isRunning }) => isRunning).map(({ nodeId }) => nodeId);
        const total = running.reduce((sum, nodeId) => sum + load(nodeId), count);
        const capacity = Math.ceil((1.25 * total) / running.length);
        const unused = running.filter((nodeId) => !chosen.includes(nodeId));
        const hasFull = chosen.some((nodeId) => load(nodeId) >= capacity);
        if (hasFull) expect(unused.every((nodeId) => load(nodeId) >= capacity)).toBe(true);
      }),
    );
  });
});

describe("replicas of a queue after a change", () => {
  const three = viewOf(1, 2, 3);

  test("with ha-mode all come to each member, also to one that is down", () => {
    const view = viewOf(1, 2, node(3, { isRunning: false }));
    expect(wanted(view, ALL, [2])).toEqual({ replicas: [2, 1, 3], unsynced: [] });
  });

  test("shrink to the leader when the policy is cleared, wherever it is", () => {
    expect(wanted(three, { mode: "none" }, [1, 2, 3], { leader: 2 }).replicas).toEqual([2]);
    const down = viewOf(node(1, { isRunning: false }), 2, 3);
    expect(wanted(down, { mode: "none" }, [1, 2, 3], { leader: undefined }).replicas).toEqual([2]);
    expect(wanted(three, { mode: "none" }, [1], { leader: undefined }).replicas).toEqual([1]);
  });

  test("with fewer nodes than ha-mode exactly asks for are everywhere", () => {
    const mirroring: Mirroring = { mode: "exactly", count: 5, sync: "automatic" };
    expect([...wanted(three, mirroring, [3]).replicas].sort()).toEqual([1, 2, 3]);
  });

  test("keep the leader when fewer are wanted, and then those that run", () => {
    const view = viewOf(1, 2, node(3, { isRunning: false }), 4);
    expect(wanted(view, EXACTLY_2, [1, 3, 4], { leader: 3 }).replicas[0]).toBe(3);
    const half = viewOf(1, node(2, { isRunning: false }), 3);
    expect(wanted(half, EXACTLY_2, [1, 2, 3]).replicas).toEqual([1, 3]);
    expect(wanted(view, EXACTLY_2, [3, 2], { leader: undefined }).replicas).toEqual([2, 3]);
  });

  test("move to the named nodes that are members; if there is none the leader stays", () => {
    const to = (...nodes: string[]): Mirroring => ({ mode: "nodes", nodes, sync: "automatic" });
    expect(wanted(three, to("rabbit@n2", "rabbit@n3"), [1, 3]).replicas).toEqual([3, 2]);
    expect(wanted(three, to("rabbit@n2", "rabbit@x"), [1]).replicas).toEqual([2]);
    expect(wanted(three, to("rabbit@x"), [1, 2], { leader: 2 }).replicas).toEqual([2]);
  });

  test("wait for sync_queue with ha-sync-mode manual", () => {
    const all: Mirroring = { mode: "all", sync: "manual" };
    expect(wanted(three, all, [1])).toEqual({ replicas: [1], unsynced: [2, 3] });
    expect(wanted(three, all, [1], { isSyncAsked: true }).replicas).toEqual([1, 2, 3]);
    const elsewhere: Mirroring = { mode: "nodes", nodes: ["rabbit@n2"], sync: "manual" };
    expect(wanted(three, elsewhere, [1])).toEqual({ replicas: [1], unsynced: [2] });
  });

  test.each<Mirroring>([EXACTLY_2, { mode: "quorum", count: 2 }])(
    "are replaced if their node is gone for good and another has room: %j",
    (mirroring) => {
      const gone = viewOf(1, node(2, { isRunning: false, isGone: true }), 3);
      expect(wanted(gone, mirroring, [1, 2]).replicas).toEqual([1, 3]);
      expect(wanted(viewOf(1, 3), mirroring, [1, 2]).replicas).toEqual([1, 3]);
      const down = viewOf(1, node(2, { isRunning: false }), 3);
      expect(wanted(down, mirroring, [1, 2]).replicas).toEqual([1, 2]);
      const noRoom = viewOf(1, node(2, { isRunning: false, isGone: true }));
      expect(wanted(noRoom, mirroring, [1, 2]).replicas).toEqual([1, 2]);
    },
  );

  test("stay as they are if no node of theirs is a member any more", () => {
    expect(wanted(viewOf(1), ALL, [7, 8])).toEqual({ replicas: [7, 8], unsynced: [] });
  });

  test("settle at once, do not depend on the order of members, and move no more than they have to", () => {
    const anyCurrent = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(anyNodes, anyMirroring, anyCurrent, anyLoads, (nodes, mirroring, ids, load) => {
        const view = new ClusterView(nodes);
        const queue = { key: "/\0q", mirroring, current: ids, leader: ids[0] };
        const first = wantedReplicas(queue, view, load);
        expect(first.replicas.length).toBeGreaterThan(0);
        expect(new Set(first.replicas).size).toBe(first.replicas.length);
        const again = wantedReplicas(
          { ...queue, current: first.replicas, leader: first.replicas[0] },
          view,
          load,
        );
        expect(new Set(again.replicas)).toEqual(new Set(first.replicas));
        const reversed = new ClusterView([...nodes].reverse());
        expect(new Set(wantedReplicas(queue, reversed, load).replicas)).toEqual(
          new Set(first.replicas),
        );
        checkMovement(view, queue, first);
      }),
    );
  });

  test("move nothing but what was there when a node leaves, and nothing when one joins", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        (names, lost) => {
          const before = viewOf(1, 2, 3, 4, 5, 6);
          const after = new ClusterView(before.nodes.filter(({ nodeId }) => nodeId !== lost));
          for (const key of names) {
            const queue = newQueue({ key, mirroring: EXACTLY_2, locator: "random" });
            const current = initialReplicas(queue, before, NO_LOADS);
            const placed = { key, mirroring: EXACTLY_2, current, leader: current[0] };
            const joined = wantedReplicas(placed, viewOf(1, 2, 3, 4, 5, 6, 7), () => 0).replicas;
            expect(joined).toEqual(current);
            const left = wantedReplicas(placed, after, () => 0).replicas;
            const kept = current.filter((nodeId) => nodeId !== lost);
            expect(left.slice(0, kept.length)).toEqual(kept);
            expect(left.length).toBe(2);
          }
        },
      ),
    );
  });
});

/** Nothing comes while something useful goes, where the nodes are a matter of choice. */
function checkMovement(
  view: ClusterView,
  { mirroring, current }: PlacedQueue,
  { replicas }: WantedReplicas,
): void {
  if (mirroring.mode !== "exactly" && mirroring.mode !== "quorum") return;
  const lost = current.filter((nodeId) => !replicas.includes(nodeId));
  const came = replicas.filter((nodeId) => !current.includes(nodeId));
  const useful = lost.filter((nodeId) => view.find(nodeId)?.isGone === false);
  if (came.length > 0) expect(useful).toEqual([]);
}
