import {
  type ConfState,
  EMPTY_CONF,
  type GroupId,
  type NodeId,
  type RaftGroup,
  type RaftNode,
  replicaIdOf,
} from "@leveret/raft";
import { isAsDeclared, replicasOf } from "../../metadata/queue-replicas.ts";
import type { QueueRecord } from "../../metadata/records.ts";
import type { ReplicaPlace } from "./conf-target.ts";
import type { GroupPlace, ReplicaCleaner } from "./replica-cleaner.ts";

export interface ReplicaMakerOptions {
  readonly nodeId: NodeId;
  readonly node: Pick<RaftNode, "createGroup"> & {
    group(groupId: GroupId): RaftGroup | undefined;
  };
  readonly cleaner: ReplicaCleaner;
  /** By the record; undefined: there is none. */
  placeOf(groupId: GroupId): GroupPlace | undefined;
  /** Of the group, for a new replica: 1 until a forced recovery. */
  epochOf(groupId: GroupId): number;
  /** The group has the replica here that its record asks for; it may be starting still. Called whenever it was looked for. */
  onPresent?(groupId: GroupId): void;
}

/**
 * Has a replica here for each record that names this node, and tells the cleaner of those that no record names.
 *
 * As long as a queue is where it was declared, each of its nodes creates its replica by itself, with the same initial members: so
 * it does not matter whether one comes late. Whoever is added later waits, without members, until the leader sends him the log. So
 * does a replica of the declaration that comes when the record has changed: nobody knows any more who the first members were, and
 * a replica that never was there has promised nothing that it could forget.
 */
export class ReplicaMaker {
  readonly #options: ReplicaMakerOptions;

  constructor(options: ReplicaMakerOptions) {
    this.#options = options;
    options.cleaner.onDeleted = (groupId) => this.ensure(groupId);
  }

  /** Looks after the group: a queue was declared, placed or deleted, or the node starts. As often as one likes. */
  ensure(groupId: GroupId): void {
    const { nodeId, node, cleaner } = this.#options;
    if (cleaner.isDeleting(groupId)) return;
    const place = this.#options.placeOf(groupId);
    const wanted = place?.replicas.find((replica) => replica.nodeId === nodeId);
    const present = node.group(groupId);
    if (place === undefined || wanted === undefined) {
      cleaner.review(groupId);
    } else if (present === undefined) {
      this.#create(groupId, place, wanted);
    } else if (present.status().replicaId === replicaIdOf(nodeId, wanted.generation)) {
      this.#options.onPresent?.(groupId);
    } else {
      cleaner.review(groupId);
    }
  }

  #create(groupId: GroupId, place: GroupPlace, wanted: ReplicaPlace): void {
    const { nodeId, node } = this.#options;
    const conf = place.isAsDeclared ? initialConf(place.replicas) : EMPTY_CONF;
    node.createGroup(
      {
        groupId,
        epoch: this.#options.epochOf(groupId),
        replicaId: replicaIdOf(nodeId, wanted.generation),
        conf,
        // The preferred leader stands at once instead of waiting for an election timeout.
        campaigns: place.isAsDeclared && place.replicas[0] === wanted,
      },
      // The record may have changed while it was being stored.
      () => this.ensure(groupId),
    );
  }
}

/** The members that a group starts with. */
function initialConf(replicas: readonly ReplicaPlace[]): ConfState {
  const voters = replicas.map(({ nodeId, generation }) => replicaIdOf(nodeId, generation));
  return { ...EMPTY_CONF, voters: voters.sort((a, b) => a - b) };
}

/** Where a queue's record wants its replicas. */
export function groupPlaceOf(queue: QueueRecord): GroupPlace {
  return { replicas: replicasOf(queue), isAsDeclared: isAsDeclared(queue) };
}
