import { HashRing } from "@leveret/hashring";
import type { NodeId } from "@leveret/raft";

/** A member of the cluster as placement sees it. */
export interface PlacementNode {
  readonly nodeId: NodeId;
  /** `rabbit@host`. */
  readonly name: string;
  /** It can take replicas now. */
  readonly isRunning: boolean;
  /** It has been away for so long, or is said to be lost, that others take its place: see REPLICA_REPLACE_AFTER_MS. */
  readonly isGone: boolean;
}

/** How much the nodes have to do. */
export interface NodeLoads {
  /** Queues with a replica on the node. */
  replicasOn(nodeId: NodeId): number;
  /** Queues whose leader, or only place, the node is. */
  leadersOn(nodeId: NodeId): number;
}

/**
 * No node gets a replica while it has more than so much of its fair share and another is below that (Mirrokni, Thorup,
 * Zadimoghaddam: Consistent Hashing with Bounded Loads).
 */
const CAPACITY_FACTOR = 1.25;

/** The members and their order for each queue. Made once for each change of the members; their order does not matter. */
export class ClusterView {
  /** Ascending by id. */
  readonly nodes: readonly PlacementNode[];
  readonly #byId: ReadonlyMap<NodeId, PlacementNode>;
  readonly #ring = new HashRing<PlacementNode>();

  constructor(nodes: readonly PlacementNode[]) {
    this.nodes = [...nodes].sort((a, b) => a.nodeId - b.nodeId);
    this.#byId = new Map(this.nodes.map((node) => [node.nodeId, node]));
    for (const node of this.nodes) this.#ring.add(node, String(node.nodeId));
  }

  /** undefined: no member. */
  find(nodeId: NodeId): PlacementNode | undefined {
    return this.#byId.get(nodeId);
  }

  /** Ids of members with these names, in their order; names of others are left out. */
  named(names: readonly string[]): NodeId[] {
    const ids = new Map(this.nodes.map(({ name, nodeId }) => [name, nodeId]));
    const found = new Set<NodeId>();
    for (const name of names) {
      const nodeId = ids.get(name);
      if (nodeId !== undefined) found.add(nodeId);
    }
    return [...found];
  }

  isRunning(nodeId: NodeId): boolean {
    return this.#byId.get(nodeId)?.isRunning === true;
  }

  /** All members in the order in which the queue prefers them. */
  preference(key: string): NodeId[] {
    return this.#ring.locateMany(key, this.#ring.size).map(({ nodeId }) => nodeId);
  }

  /**
   * `count` running nodes for replicas of a queue, without `taken`: by the ring, but first those below their bounded share; if these
   * are too few, the others, least loaded first. Fewer if there are no more.
   */
  choose(
    key: string,
    count: number,
    taken: ReadonlySet<NodeId>,
    replicasOn: (nodeId: NodeId) => number,
  ): NodeId[] {
    if (count <= 0) return [];
    const running = this.preference(key).filter((nodeId) => this.isRunning(nodeId));
    const free = running.filter((nodeId) => !taken.has(nodeId));
    const total = running.reduce((sum, nodeId) => sum + replicasOn(nodeId), count);
    const capacity = Math.ceil((CAPACITY_FACTOR * total) / running.length);
    const hasRoom = (nodeId: NodeId): boolean => replicasOn(nodeId) < capacity;
    const full = free.filter((nodeId) => !hasRoom(nodeId));
    // The sort is stable: of equally loaded ones the ring decides.
    full.sort((a, b) => replicasOn(a) - replicasOn(b));
    return [...free.filter(hasRoom), ...full].slice(0, count);
  }
}

/** The name of a queue in the ring and in tables; no vhost's name contains the separator. */
export function queueKey(vhost: string, name: string): string {
  return `${vhost}\0${name}`;
}
