import { type ConfState, EMPTY_CONF } from "../core/conf-state.ts";
import { type GroupId, type NodeId, nodeIdOf, type ReplicaId, replicaIdOf } from "../core/ids.ts";

/** A replica that is, or shall be, on a node. */
export interface PlannedReplica {
  readonly replicaId: ReplicaId;
  /** The members it starts with; empty if it waits to be added. */
  readonly conf: ConfState;
  /** It was reported created and has to be there from now on. */
  isCreated: boolean;
  /** The life of its node in which creation was asked for last. */
  creatingInLife: number;
}

/** What the simulation's operator knows of a group: in the product, the metadata group knows it. */
export class GroupPlan {
  readonly groupId: GroupId;
  readonly replicas: Map<NodeId, PlannedReplica> = new Map();
  readonly initialConf: ConfState;
  /** Replicas that were members at some time: once they are not any more they never will be again. */
  readonly wasMember: Set<ReplicaId> = new Set();
  epoch = 1;
  isDeleted = false;
  /** A change of members is on its way. */
  isChanging = false;
  readonly #generations = new Map<NodeId, number>();

  constructor(groupId: GroupId, nodes: readonly NodeId[]) {
    this.groupId = groupId;
    const voters = nodes.map((node) => this.#nextReplicaId(node)).sort((a, b) => a - b);
    const conf: ConfState = { ...EMPTY_CONF, voters };
    this.initialConf = conf;
    for (const replicaId of voters) {
      this.#plan(replicaId, conf);
      this.wasMember.add(replicaId);
    }
  }

  /** Plans a new replica that waits on `node` to be added. */
  addReplica(node: NodeId): PlannedReplica {
    return this.#plan(this.#nextReplicaId(node), EMPTY_CONF);
  }

  /** The replica is no more, or was never the one that is on its node now. */
  isOrphan(replicaId: ReplicaId): boolean {
    return this.replicas.get(nodeIdOf(replicaId))?.replicaId !== replicaId;
  }

  replicaOn(node: NodeId): PlannedReplica | undefined {
    return this.replicas.get(node);
  }

  #plan(replicaId: ReplicaId, conf: ConfState): PlannedReplica {
    const planned: PlannedReplica = {
      replicaId,
      conf,
      isCreated: false,
      creatingInLife: 0,
    };
    this.replicas.set(nodeIdOf(replicaId), planned);
    return planned;
  }

  #nextReplicaId(node: NodeId): ReplicaId {
    const generation = (this.#generations.get(node) ?? 0) + 1;
    this.#generations.set(node, generation);
    return replicaIdOf(node, generation);
  }
}
