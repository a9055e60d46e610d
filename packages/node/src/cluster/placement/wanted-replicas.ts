import type { NodeId } from "@leveret/raft";
import type { ClusterView } from "./cluster-view.ts";
import type { Mirroring } from "./mirroring.ts";

/** A queue that exists. */
export interface PlacedQueue {
  /** See queueKey. */
  readonly key: string;
  readonly mirroring: Mirroring;
  /** Nodes of its replicas, as its record has them; at least one. */
  readonly current: readonly NodeId[];
  /** The node that leads it; undefined: not known. */
  readonly leader: NodeId | undefined;
  /** `sync_queue` was asked for: mirrors that wait for it are placed. Default false. */
  readonly isSyncAsked?: boolean;
}

export interface WantedReplicas {
  /** Where the replicas are to be; at least one. First the leader, if it stays, then others that stay, then new ones. */
  readonly replicas: readonly NodeId[];
  /** Mirrors that ha-sync-mode manual holds back until `sync_queue`: RabbitMQ would list them as not synchronised. */
  readonly unsynced: readonly NodeId[];
}

/** What the mirroring asks for, before manual synchronisation holds new ones back. */
interface Wish {
  /** Of the present ones. */
  readonly keep: readonly NodeId[];
  readonly add: readonly NodeId[];
  /** Present ones that would go if the new ones came. */
  readonly spare: readonly NodeId[];
}

/**
 * Where the replicas of a queue are to be after a change of its policy or of the members. Moves as little as it can: what is
 * there stays where it may, the leader before all others. Asked again with its own answer, it gives the same one.
 */
export function wantedReplicas(
  queue: PlacedQueue,
  view: ClusterView,
  replicasOn: (nodeId: NodeId) => number,
): WantedReplicas {
  const present = inOrder(queue, view);
  const [anchor] = present;
  // All its nodes have left: nobody has its contents, and only the operator can say what becomes of it.
  if (anchor === undefined) return { replicas: queue.current, unsynced: [] };
  const wish = wishOf(queue, present, view, replicasOn);
  const { mirroring, isSyncAsked } = queue;
  const isManual = "sync" in mirroring && mirroring.sync === "manual" && isSyncAsked !== true;
  if (!isManual) return { replicas: [...wish.keep, ...wish.add], unsynced: [] };
  const held = wish.add.length > 0 ? [...wish.keep, ...wish.spare] : wish.keep;
  return { replicas: held.length > 0 ? held : [anchor], unsynced: wish.add };
}

/** Those replicas whose nodes are members: first the leader or, as long as that is not known, one that runs. */
function inOrder({ current, leader }: PlacedQueue, view: ClusterView): NodeId[] {
  const present = current.filter((nodeId) => view.find(nodeId) !== undefined);
  const isLeading = leader !== undefined && present.includes(leader);
  const first = isLeading ? leader : present.find((nodeId) => view.isRunning(nodeId));
  if (first === undefined) return present;
  return [first, ...present.filter((nodeId) => nodeId !== first)];
}

function wishOf(
  queue: PlacedQueue,
  present: readonly NodeId[],
  view: ClusterView,
  replicasOn: (nodeId: NodeId) => number,
): Wish {
  const { mirroring } = queue;
  switch (mirroring.mode) {
    case "none":
      return onlyFirst(present);
    case "all":
      return exactlyThese(
        view.nodes.map(({ nodeId }) => nodeId),
        present,
      );
    case "nodes": {
      const named = view.named(mirroring.nodes);
      return named.length === 0 ? onlyFirst(present) : exactlyThese(named, present);
    }
    case "exactly":
      return soMany(queue, mirroring.count, present, view, replicasOn);
    case "quorum":
      return soMany(queue, queue.current.length, present, view, replicasOn);
    default:
      return mirroring satisfies never;
  }
}

function onlyFirst(present: readonly NodeId[]): Wish {
  return { keep: present.slice(0, 1), add: [], spare: [] };
}

function exactlyThese(wanted: readonly NodeId[], present: readonly NodeId[]): Wish {
  return {
    keep: present.filter((nodeId) => wanted.includes(nodeId)),
    add: wanted.filter((nodeId) => !present.includes(nodeId)),
    spare: [],
  };
}

/** Those whose nodes are gone count only as long as nobody can take their place. */
function soMany(
  { key }: PlacedQueue,
  count: number,
  present: readonly NodeId[],
  view: ClusterView,
  replicasOn: (nodeId: NodeId) => number,
): Wish {
  const isGone = (nodeId: NodeId): boolean => view.find(nodeId)?.isGone === true;
  const healthy = present.filter((nodeId) => !isGone(nodeId));
  if (healthy.length >= count) {
    return { keep: mostUseful(healthy, count, key, view, replicasOn), add: [], spare: [] };
  }
  const missing = count - healthy.length;
  const add = view.choose(key, missing, new Set(present), replicasOn);
  const gone = present.filter(isGone);
  const stay = new Set([...healthy, ...gone.slice(0, missing - add.length)]);
  return {
    keep: present.filter((nodeId) => stay.has(nodeId)),
    add,
    spare: gone.slice(missing - add.length, missing),
  };
}

/** `count` of these: the first, then those that run, then those with the least to do; of equal ones the ring decides. */
function mostUseful(
  healthy: readonly NodeId[],
  count: number,
  key: string,
  view: ClusterView,
  replicasOn: (nodeId: NodeId) => number,
): NodeId[] {
  if (healthy.length === count) return [...healthy];
  const [first, ...others] = healthy;
  const ring = view.preference(key);
  const rank = (nodeId: NodeId): number => (view.isRunning(nodeId) ? 0 : 1);
  others.sort(
    (a, b) =>
      rank(a) - rank(b) || replicasOn(a) - replicasOn(b) || ring.indexOf(a) - ring.indexOf(b),
  );
  const kept = new Set([first, ...others.slice(0, count - 1)]);
  return healthy.filter((nodeId) => kept.has(nodeId));
}
