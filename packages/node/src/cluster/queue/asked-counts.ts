import type { NodeId } from "@leveret/raft";
import type { QueueCounts } from "../../queue/queue-counts.ts";
import { integerAt } from "./queue-frames.ts";

/** What the leader of a queue says of it to another node. */
export interface AskedCounts extends QueueCounts {
  /** The asking node's consumer that alone gets the messages, by its id; 0: it is another node's, or all take turns. */
  readonly activeConsumerId: number;
  /** Nodes whose replicas have all that is stored. */
  readonly synchronised: readonly NodeId[];
}

export const NO_COUNTS: AskedCounts = {
  ready: 0,
  readyBytes: 0,
  unacked: 0,
  unackedBytes: 0,
  consumers: 0,
  persistent: 0,
  persistentBytes: 0,
  activeConsumerId: 0,
  synchronised: [],
};

export function packCounts(counts: AskedCounts): number[] {
  const { ready, readyBytes, unacked, unackedBytes, consumers } = counts;
  const { persistent, persistentBytes, activeConsumerId, synchronised } = counts;
  return [
    ...[ready, readyBytes, unacked, unackedBytes, consumers],
    ...[persistent, persistentBytes, activeConsumerId],
    ...synchronised,
  ];
}

/** @throws LinkProtocolError */
export function unpackCounts(values: readonly unknown[]): AskedCounts {
  return {
    ready: integerAt(values, 0),
    readyBytes: integerAt(values, 1),
    unacked: integerAt(values, 2),
    unackedBytes: integerAt(values, 3),
    consumers: integerAt(values, 4),
    persistent: integerAt(values, 5),
    persistentBytes: integerAt(values, 6),
    activeConsumerId: integerAt(values, 7),
    synchronised: values.slice(8).filter((nodeId) => typeof nodeId === "number"),
  };
}
