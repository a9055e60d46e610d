import { EMPTY_CONF, type GroupEvent, type RaftGroup, RaftNode, replicaIdOf } from "@leveret/raft";
import type { SimProcess } from "@leveret/raft/sim";
import type { ClusterRecord } from "../../../src/cluster/members/cluster-record.ts";
import { MetadataStateMachine } from "../../../src/metadata/metadata-state-machine.ts";
import type { QueueRecord } from "../../../src/metadata/records.ts";
import type { QueueGroup, QueueGroups } from "../../../src/queue/log/queue-group.ts";
import { QueueLog } from "../../../src/queue/log/queue-log.ts";
import {
  FOUNDER_ID,
  METADATA_GROUP_ID,
  type NodeIdentity,
} from "../../../src/storage/node-storage.ts";
import { RaftQueueGroup } from "../../../src/storage/raft-queue-group.ts";
import type { Platform } from "./broker-life.ts";

/** As the node's storage says it: why a group stopped without anything being wrong. */
const ON_PURPOSE: ReadonlySet<string> = new Set(["deleted", "operator", "removed", "obsolete"]);

/** What a node keeps on its simulated disk: NodeStorage without the promises, the real disk and what reports on it. */
export class SimStorage implements QueueGroups {
  readonly node: RaftNode;
  readonly identity: NodeIdentity;
  readonly #process: SimProcess;
  readonly #queues = new Map<number, RaftQueueGroup>();
  #isStopping = false;

  private constructor(node: RaftNode, identity: NodeIdentity, process: SimProcess) {
    this.node = node;
    this.identity = identity;
    this.#process = process;
  }

  /** `done` when the metadata group is here. */
  static open(
    { process, disk, net, watcher, limits }: Platform,
    record: ClusterRecord,
    hooks: {
      readonly address: string;
      addressOf(nodeId: number): string | undefined;
      onGroupEvent(groupId: number, event: GroupEvent): void;
    },
    done: (storage: SimStorage) => void,
  ): void {
    const { nodeId, clusterId } = record;
    let storage: SimStorage | undefined;
    RaftNode.open(
      { clock: process, timers: process, disk, net },
      {
        nodeId,
        clusterId,
        listenAddress: hooks.address,
        peerAddress: (peer) => hooks.addressOf(peer),
        createMachine: (groupId) =>
          groupId === METADATA_GROUP_ID ? new MetadataStateMachine() : new QueueLog(),
        seed: process.seed,
        onFatal: (error) =>
          watcher.onFault(`the storage of node ${nodeId} fails: ${error.message}`),
        onGroupEvent: (groupId, event) => {
          storage?.actOn(groupId, event, (what) => watcher.onFault(what));
          hooks.onGroupEvent(groupId, event);
        },
        groupPriority: (groupId) => (groupId === METADATA_GROUP_ID ? 0 : 1),
        appliesBeforeDurable: true,
        limits,
      },
      (error, node) => {
        if (node === undefined) {
          watcher.onFault(`node ${nodeId} does not open: ${error?.message}`);
          return;
        }
        const opened = new SimStorage(node, record, process);
        storage = opened;
        opened.#ensureMetadata(() => done(opened));
      },
    );
  }

  get metadata(): RaftGroup {
    const group = this.node.group(METADATA_GROUP_ID);
    if (group === undefined) throw new Error("the metadata are gone");
    return group;
  }

  open({ groupId = 0 }: QueueRecord): QueueGroup | undefined {
    const group = this.node.group(groupId);
    const known = this.#queues.get(groupId);
    if (known?.isOf(group) === true) return known;
    if (group === undefined) return undefined;
    // Made by createMachine above.
    const queue = new RaftQueueGroup(group, group.machine as QueueLog, {
      node: this.node,
      timers: this.#process,
      forget: (forgotten) => void this.#queues.delete(forgotten),
    });
    this.#queues.set(groupId, queue);
    return queue;
  }

  stop(done: () => void): void {
    this.#isStopping = true;
    this.node.stop(done);
  }

  /** As NodeStorage does. */
  actOn(groupId: number, event: GroupEvent, onFault: (what: string) => void): void {
    const queue = this.#queues.get(groupId);
    if (event.kind === "ready") queue?.onReady();
    else if (event.kind === "role") queue?.onRole();
    else if (event.kind === "damaged") onFault(`group ${groupId} is damaged`);
    else if (event.kind === "stopped" && !this.#isStopping && !ON_PURPOSE.has(event.why)) {
      onFault(`group ${groupId} stopped on node ${this.identity.nodeId}: ${event.why}`);
    }
  }

  #ensureMetadata(done: () => void): void {
    if (this.node.group(METADATA_GROUP_ID) !== undefined) {
      done();
      return;
    }
    const { nodeId, generation, epoch } = this.identity;
    const replicaId = replicaIdOf(nodeId, generation);
    const isFounder = nodeId === FOUNDER_ID && generation === 1;
    const conf = isFounder ? { ...EMPTY_CONF, voters: [replicaId] } : EMPTY_CONF;
    this.node.createGroup({ groupId: METADATA_GROUP_ID, epoch, replicaId, conf }, done);
  }
}
