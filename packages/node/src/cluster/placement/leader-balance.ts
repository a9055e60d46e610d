import type { NodeId } from "@leveret/raft";

/** A queue whose leader may move. */
export interface LedQueue {
  /** See queueKey. */
  readonly key: string;
  readonly leader: NodeId;
  /** Nodes with a voter that could lead, with or without the leader. */
  readonly candidates: readonly NodeId[];
}

export interface LeaderMove {
  readonly key: string;
  readonly from: NodeId;
  readonly to: NodeId;
}

/**
 * Moves of leaders that even out how many each running node has: always from a node with more to one that has at least two
 * fewer, the widest difference first, so that each move helps. No queue moves twice. At most `max` moves; asked again after
 * they were made, the rest. Queues led by nodes that do not run are left alone: they get new leaders anyway.
 */
export function leaderMoves(
  queues: readonly LedQueue[],
  running: readonly NodeId[],
  max: number = Number.POSITIVE_INFINITY,
): LeaderMove[] {
  const nodes = [...running].sort((a, b) => a - b);
  const pools = new Map(nodes.map((nodeId): [NodeId, LedQueue[]] => [nodeId, []]));
  const counts = new Map(nodes.map((nodeId): [NodeId, number] => [nodeId, 0]));
  for (const queue of sortedByKey(queues)) {
    pools.get(queue.leader)?.push(queue);
    if (counts.has(queue.leader)) counts.set(queue.leader, (counts.get(queue.leader) ?? 0) + 1);
  }
  const moves: LeaderMove[] = [];
  while (moves.length < max) {
    const move = nextMove(pools, counts);
    if (move === undefined) break;
    moves.push(move);
    counts.set(move.from, (counts.get(move.from) ?? 0) - 1);
    counts.set(move.to, (counts.get(move.to) ?? 0) + 1);
  }
  return moves;
}

/** Takes the queue that it moves out of its pool. */
function nextMove(
  pools: ReadonlyMap<NodeId, LedQueue[]>,
  counts: ReadonlyMap<NodeId, number>,
): LeaderMove | undefined {
  // Ties by number, so that the order of the members does not show.
  const ascending = [...counts].sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  for (const [from, most] of [...ascending].reverse()) {
    const pool = pools.get(from) ?? [];
    for (const [to, least] of ascending) {
      if (most - least < 2) break;
      const at = pool.findIndex(({ candidates }) => candidates.includes(to));
      const [queue] = at < 0 ? [] : pool.splice(at, 1);
      if (queue !== undefined) return { key: queue.key, from, to };
    }
  }
  return undefined;
}

function sortedByKey(queues: readonly LedQueue[]): LedQueue[] {
  return [...queues].sort((a, b) => (a.key < b.key ? -1 : 1));
}
