import fc from "fast-check";
import { ClusterView, type PlacementNode } from "../../../src/cluster/placement/cluster-view.ts";

export function node(nodeId: number, change: Partial<PlacementNode> = {}): PlacementNode {
  return { nodeId, name: `rabbit@n${nodeId}`, isRunning: true, isGone: false, ...change };
}

export function viewOf(...nodes: readonly (number | PlacementNode)[]): ClusterView {
  return new ClusterView(nodes.map((of) => (typeof of === "number" ? node(of) : of)));
}

/** Up to nine nodes, at least one of them running; some down, some of those for good. */
export const anyNodes: fc.Arbitrary<PlacementNode[]> = fc
  .array(fc.constantFrom("up", "up", "up", "down", "gone"), { minLength: 1, maxLength: 9 })
  .map((states) =>
    states.map((state, at) =>
      node(at + 1, { isRunning: at === 0 || state === "up", isGone: at > 0 && state === "gone" }),
    ),
  );

export const anyLoads: fc.Arbitrary<(nodeId: number) => number> = fc
  .array(fc.nat(20), { minLength: 10, maxLength: 10 })
  .map((loads) => (nodeId: number) => loads[nodeId] ?? 0);
