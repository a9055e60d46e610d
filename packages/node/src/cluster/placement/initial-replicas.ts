import type { NodeId } from "@leveret/raft";
import type { ClusterView, NodeLoads } from "./cluster-view.ts";
import type { LeaderLocator } from "./leader-locator.ts";
import type { Mirroring } from "./mirroring.ts";

/** A queue about to be declared. */
export interface NewQueue {
  /** See queueKey. */
  readonly key: string;
  readonly mirroring: Mirroring;
  readonly locator: LeaderLocator;
  /** The node where it is declared. */
  readonly declaredOn: NodeId;
}

/**
 * The nodes of a new queue's replicas, leader first. Only running members, at least one: the declaring node, whatever is known of it.
 * A new queue is empty, so its mirrors are synchronised at once, whatever ha-sync-mode says.
 */
export function initialReplicas(queue: NewQueue, view: ClusterView, loads: NodeLoads): NodeId[] {
  const { key, mirroring } = queue;
  const candidates = candidatesOf(queue, view);
  const leader = locateLeader(queue, candidates, view, loads);
  const rest = candidates.filter((nodeId) => nodeId !== leader);
  switch (mirroring.mode) {
    case "none":
      return [leader];
    case "all":
    case "nodes":
      return [leader, ...rest];
    case "exactly":
    case "quorum": {
      const replicasOn = (nodeId: NodeId): number => loads.replicasOn(nodeId);
      return [leader, ...view.choose(key, mirroring.count - 1, new Set([leader]), replicasOn)];
    }
    default:
      return mirroring satisfies never;
  }
}

/** Where the leader may be, ascending. */
function candidatesOf({ mirroring, declaredOn }: NewQueue, view: ClusterView): NodeId[] {
  const running = view.nodes.filter(({ isRunning }) => isRunning).map(({ nodeId }) => nodeId);
  if (mirroring.mode === "nodes") {
    const named = new Set(view.named(mirroring.nodes));
    const wanted = running.filter((nodeId) => named.has(nodeId));
    return wanted.length > 0 ? wanted : [declaredOn];
  }
  return running.includes(declaredOn) ? running : [declaredOn, ...running];
}

function locateLeader(
  { key, locator, declaredOn }: NewQueue,
  candidates: readonly NodeId[],
  view: ClusterView,
  loads: NodeLoads,
): NodeId {
  const order = view.preference(key);
  const byRing = (nodes: readonly NodeId[]): NodeId =>
    order.find((nodeId) => nodes.includes(nodeId)) ?? declaredOn;
  switch (locator) {
    case "client-local":
      return candidates.includes(declaredOn) ? declaredOn : byRing(candidates);
    case "random":
      return byRing(candidates);
    case "balanced": {
      const fewest = Math.min(...candidates.map((nodeId) => loads.leadersOn(nodeId)));
      const least = candidates.filter((nodeId) => loads.leadersOn(nodeId) === fewest);
      return least.includes(declaredOn) ? declaredOn : byRing(least);
    }
    default:
      return locator satisfies never;
  }
}
