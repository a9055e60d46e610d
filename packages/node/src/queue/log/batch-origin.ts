import { messageHash } from "./log-page.ts";

/** The node that gathered a batch, in one of its lives, and which of its batches for the queue it is, from 1 on. */
export interface BatchOrigin {
  /** 0: the batch is not numbered, and never taken for another one. */
  readonly node: number;
  readonly incarnation: number;
  readonly number: number;
}

export const NO_ORIGIN: BatchOrigin = { node: 0, incarnation: 0, number: 0 };

/** Numbers the batches that a node sends to one queue, in this life of the node. */
export class BatchNumbering {
  readonly node: number;
  readonly incarnation: number;
  #last = 0;

  /** @param node 0: batches are not numbered */
  constructor(node: number, incarnation: number) {
    this.node = node;
    this.incarnation = incarnation;
  }

  next(): BatchOrigin {
    if (this.node === 0) return NO_ORIGIN;
    this.#last++;
    return { node: this.node, incarnation: this.incarnation, number: this.#last };
  }
}

/**
 * What a batch is to the log. "repeated": it has it already; "early": one before it is missing; "outlived": its node has
 * restarted since.
 */
export type BatchStanding = "next" | "repeated" | "early" | "outlived";

/** The last batch that a queue's log has of each node: what is sent again, as its fate was not known, is taken once. */
export class BatchOrigins {
  readonly #last = new Map<number, BatchOrigin>();
  #hash = 0;

  /** 32 bits, equal where the origins are. */
  get hash(): number {
    return this.#hash;
  }

  /** In the order of nodes. */
  all(): BatchOrigin[] {
    return [...this.#last.values()].sort((a, b) => a.node - b.node);
  }

  /** The number of the last batch of this life of the node; 0: there is none. */
  lastNumber(node: number, incarnation: number): number {
    const last = this.#last.get(node);
    return last?.incarnation === incarnation ? last.number : 0;
  }

  standingOf(origin: BatchOrigin): BatchStanding {
    if (origin.node === 0) return "next";
    const last = this.#last.get(origin.node);
    if (last !== undefined && origin.incarnation < last.incarnation) return "outlived";
    const known = last?.incarnation === origin.incarnation ? last.number : 0;
    if (origin.number <= known) return "repeated";
    return origin.number === known + 1 ? "next" : "early";
  }

  /** Remembers a batch that is "next", or the one that a snapshot knows. */
  note(origin: BatchOrigin): void {
    if (origin.node === 0) return;
    const last = this.#last.get(origin.node);
    if (last !== undefined) this.#hash = (this.#hash - originHash(last)) | 0;
    this.#last.set(origin.node, origin);
    this.#hash = (this.#hash + originHash(origin)) | 0;
  }
}

function originHash({ node, incarnation, number }: BatchOrigin): number {
  return messageHash(node & 0xff, incarnation, node, number);
}
