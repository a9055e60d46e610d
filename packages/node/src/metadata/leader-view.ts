import { NONE, type NodeId, nodeIdOf, type RaftGroup } from "@leveret/raft";

/** Which node leads the metadata, as far as this one knows. */
export class LeaderView {
  /** As others say; for a replica that no leader has reached yet. */
  hint: NodeId | undefined;
  readonly #group: RaftGroup;
  readonly #nodeId: NodeId;

  constructor(group: RaftGroup, nodeId: NodeId) {
    this.#group = group;
    this.#nodeId = nodeId;
  }

  /** To whom changes go; undefined: nobody is known to lead. */
  find(): NodeId | undefined {
    const nodeId = this.#nodeId;
    if (this.#group.isReady || this.isAlone()) return nodeId;
    const { role, leader } = this.#group.status();
    if (role === "leader") return nodeId;
    if (leader !== NONE && nodeIdOf(leader) !== nodeId) return nodeIdOf(leader);
    return this.hint === nodeId ? undefined : this.hint;
  }

  /** The group has no other member: it is this node's disk alone that makes its log durable. */
  isAlone(): boolean {
    const { voters, votersOutgoing, learners } = this.#group.status().conf;
    const [only] = voters;
    return (
      voters.length === 1 &&
      votersOutgoing.length + learners.length === 0 &&
      only !== undefined &&
      nodeIdOf(only) === this.#nodeId
    );
  }
}
