interface Leader {
  readonly nodeId: number;
  readonly term: number;
}

/** Who leads the queues that other nodes lead, by what these say. */
export class QueueLeaders {
  readonly #leaders = new Map<number, Leader>();
  readonly #byNode = new Map<number, Set<number>>();

  of(queueId: number): number | undefined {
    return this.#leaders.get(queueId)?.nodeId;
  }

  /** The term in which it leads; 0: nobody is known to lead. */
  termOf(queueId: number): number {
    return this.#leaders.get(queueId)?.term ?? 0;
  }

  /** Queues that the node leads. */
  queuesOf(nodeId: number): number[] {
    return [...(this.#byNode.get(nodeId) ?? [])];
  }

  /** The node says that it leads the queue in this term, 0: not any more. true: that is new. */
  heard(queueId: number, nodeId: number, term: number): boolean {
    const known = this.#leaders.get(queueId);
    if (term === 0) {
      if (known?.nodeId !== nodeId) return false;
      this.#remove(queueId, nodeId);
      return true;
    }
    // A leader of an earlier term has been deposed, and does not know it yet.
    if (known !== undefined && known.term > term && known.nodeId !== nodeId) return false;
    if (known !== undefined) this.#remove(queueId, known.nodeId);
    this.#leaders.set(queueId, { nodeId, term });
    const queues = this.#byNode.get(nodeId);
    if (queues === undefined) this.#byNode.set(nodeId, new Set([queueId]));
    else queues.add(queueId);
    return known?.nodeId !== nodeId || known.term !== term;
  }

  /** The node does not lead it after all. */
  lost(queueId: number, nodeId: number): void {
    if (this.of(queueId) === nodeId) this.#remove(queueId, nodeId);
  }

  forgetQueue(queueId: number): void {
    const nodeId = this.of(queueId);
    if (nodeId !== undefined) this.#remove(queueId, nodeId);
  }

  #remove(queueId: number, nodeId: number): void {
    this.#leaders.delete(queueId);
    const queues = this.#byNode.get(nodeId);
    if (queues?.delete(queueId) === true && queues.size === 0) this.#byNode.delete(nodeId);
  }
}
