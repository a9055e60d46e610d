/** Beside the data of the nodes: who runs, for the checker. */
export const CLUSTER_FILE = "running.json";
export const DEFAULT_DIRECTORY = "data-cluster";

/** A node as clients find it. */
export interface RunningNode {
  readonly name: string;
  readonly url: string;
}
