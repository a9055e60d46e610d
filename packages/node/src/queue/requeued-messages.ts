import type { MachineMessage } from "./queue-effects.ts";
import type { QueueEntry } from "./queue-entry.ts";

/**
 * Messages that came back to a classic queue, served by original position: a binary heap on `sequence`.
 * Returning n messages in order costs O(1) each, in any order O(log n).
 */
export class RequeuedMessages<M extends MachineMessage> {
  readonly #heap: QueueEntry<M>[] = [];

  get count(): number {
    return this.#heap.length;
  }

  push(entry: QueueEntry<M>): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || parent.sequence < entry.sequence) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  /** The entry with the lowest position; undefined: empty. */
  peek(): QueueEntry<M> | undefined {
    return this.#heap[0];
  }

  /** Removes and returns the entry with the lowest position; undefined: empty. */
  take(): QueueEntry<M> | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#siftDown(last);
    return first;
  }

  /**
   * Calls `visit` by ascending position, without the first `skip`, until it returns false; false: it did. Sorts a copy: not for hot
   * paths.
   */
  every(visit: (entry: QueueEntry<M>) => boolean, skip = 0): boolean {
    const sorted = [...this.#heap].sort((a, b) => a.sequence - b.sequence);
    return sorted.slice(skip).every(visit);
  }

  #siftDown(entry: QueueEntry<M>): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = heap[childIndex];
      if (child === undefined) break;
      const right = heap[childIndex + 1];
      if (right !== undefined && right.sequence < child.sequence) {
        child = right;
        childIndex++;
      }
      if (entry.sequence < child.sequence) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = entry;
  }
}
