/** What a node of a benchmark is told on its command line, as JSON. */
export interface NodeProgramOptions {
  readonly nodeId: number;
  /** Where it keeps its data. */
  readonly directory: string;
  /** Address of each node, by its id; a node alone has none. */
  readonly addresses: Readonly<Record<number, string>>;
  /** Groups 1 to this number, with a replica on each node. */
  readonly groups: number;
  /** Proposed by the leader of each group that is loaded; undefined: the node idles. */
  readonly load: Load | undefined;
  /** The machines keep all entries: no snapshots. */
  readonly keepsAll: boolean;
  /** Between two reports. */
  readonly reportMs: number;
}

export interface Load {
  readonly entrySize: number;
  /** Proposals of a group under way at any time. */
  readonly outstanding: number;
  /** Entries to propose to each group; Infinity cannot be said in JSON: undefined is for ever. */
  readonly entriesPerGroup: number | undefined;
}
