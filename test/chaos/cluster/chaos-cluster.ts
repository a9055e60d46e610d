export type Product = "leveret" | "rabbitmq";

/** What clients have to know of a cluster. */
export interface ServingNodes {
  readonly indices: readonly number[];
  urlOf(node: number): string;
  isRunning(node: number): boolean;
}

/** Three or five nodes of a broker, each in a process and a network namespace of its own. */
export interface ChaosCluster extends ServingNodes {
  readonly product: Product;
  readonly version: string;
  /** Nodes whose counts are looked at when a queue is to be empty. */
  readonly tellers: readonly number[];
  nameOf(node: number): string;
  /** Starts the process, with the data that it has; it serves when `ready` resolves. */
  spawn(node: number): void;
  /** @throws Error if it ends, or takes too long */
  ready(node: number): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(node: number): Promise<void>;
  /** As an operator stops it. */
  stop(node: number): Promise<void>;
  signal(node: number, signal: "SIGSTOP" | "SIGCONT"): void;
  /** Mirrors classic queues whose names match, on all nodes. */
  mirror(pattern: string): Promise<void>;
  /** Messages of each queue, ready and unacknowledged, as the node tells. */
  counts(node: number): Promise<ReadonlyMap<string, number>>;
  /** What keeps the replicas from being complete and all there; undefined: nothing, or the product cannot tell. */
  unsynced(): Promise<string | undefined>;
  close(): Promise<void>;
}
