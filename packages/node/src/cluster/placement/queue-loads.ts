import type { NodeId } from "@leveret/raft";
import type { NodeLoads } from "./cluster-view.ts";

interface Place {
  readonly nodes: readonly NodeId[];
  readonly leader: NodeId | undefined;
}

/** Counts replicas and leaders for each node, kept up to date queue by queue: as long as the caller tells all changes, in any order. */
export class QueueLoads implements NodeLoads {
  readonly #places = new Map<string, Place>();
  readonly #replicas = new Map<NodeId, number>();
  readonly #leaders = new Map<NodeId, number>();

  replicasOn(nodeId: NodeId): number {
    return this.#replicas.get(nodeId) ?? 0;
  }

  leadersOn(nodeId: NodeId): number {
    return this.#leaders.get(nodeId) ?? 0;
  }

  /** The queue has replicas on these nodes, the first of which counts as its leader until another is told. */
  place(key: string, nodes: readonly NodeId[]): void {
    const leader = this.#places.get(key)?.leader;
    const stays = leader !== undefined && nodes.includes(leader);
    this.#replace(key, { nodes, leader: stays ? leader : nodes[0] });
  }

  /** That node leads the queue now. Nothing is known of queues that were not placed. */
  lead(key: string, leader: NodeId): void {
    const place = this.#places.get(key);
    if (place !== undefined && place.leader !== leader) {
      this.#replace(key, { nodes: place.nodes, leader });
    }
  }

  /** The queue was deleted. */
  remove(key: string): void {
    this.#count(this.#places.get(key), -1);
    this.#places.delete(key);
  }

  #replace(key: string, place: Place): void {
    this.#count(this.#places.get(key), -1);
    this.#count(place, 1);
    this.#places.set(key, place);
  }

  #count(place: Place | undefined, by: number): void {
    if (place === undefined) return;
    for (const nodeId of place.nodes) add(this.#replicas, nodeId, by);
    if (place.leader !== undefined) add(this.#leaders, place.leader, by);
  }
}

function add(counts: Map<NodeId, number>, nodeId: NodeId, by: number): void {
  counts.set(nodeId, (counts.get(nodeId) ?? 0) + by);
}
