import type { ConfState } from "../../src/core/conf-state.ts";
import { replicaIdOf } from "../../src/core/ids.ts";
import { MultiRaftHost } from "../../src/host/multi-raft-host.ts";
import type {
  GroupEvent,
  GroupStatus,
  HostObserver,
  ProposalResult,
  RaftGroup,
} from "../../src/host/node-options.ts";
import { StoreInput } from "../../src/host/store-input.ts";
import { DEFAULT_LIMITS, type RaftLimits } from "../../src/limits.ts";
import { Random } from "../../src/sim/random.ts";
import { CALM_NET, SimNet } from "../../src/sim/sim-net.ts";
import { SimProcess } from "../../src/sim/sim-process.ts";
import { SimScheduler } from "../../src/sim/sim-scheduler.ts";
import { LinkTransport } from "../../src/transport/link-transport.ts";
import { ListMachine } from "./list-machine.ts";
import { MemoryDisk, MemoryStore } from "./memory-store.ts";

export interface ClusterOptions {
  readonly seed?: number;
  readonly limits?: Partial<RaftLimits>;
  readonly observer?: HostObserver;
  readonly appliesBeforeDurable?: boolean;
}

/** One life of a node: the real host and transport on a simulated network and a store in memory. */
export class HostNode {
  readonly nodeId: number;
  readonly process: SimProcess;
  readonly store: MemoryStore;
  readonly host: MultiRaftHost;
  readonly machines = new Map<number, ListMachine>();
  readonly events: { groupId: number; event: GroupEvent }[] = [];
  readonly unknownGroups: { groupId: number; from: number }[] = [];
  readonly fatal: Error[] = [];

  constructor(cluster: HostCluster, nodeId: number, disk: MemoryDisk) {
    this.nodeId = nodeId;
    const { options } = cluster;
    const process = new SimProcess(
      cluster.scheduler,
      cluster.random.fork(),
      { wallSkewMs: 0, driftPpm: 0 },
      (error) => {
        throw error;
      },
    );
    this.process = process;
    const input = new StoreInput({ onFatal: (error) => this.fatal.push(error) });
    this.store = new MemoryStore(disk, nodeId, process, input);
    this.host = new MultiRaftHost({
      clock: process,
      timers: process,
      store: this.store,
      seed: process.seed,
      options: {
        nodeId,
        clusterId: "test",
        listenAddress: addressOf(nodeId),
        peerAddress: addressOf,
        createMachine: (groupId) => {
          const machine = new ListMachine();
          this.machines.set(groupId, machine);
          return machine;
        },
        seed: process.seed,
        onFatal: () => {},
        onGroupEvent: (groupId, event) => this.events.push({ groupId, event }),
        onUnknownGroup: (groupId, from) => this.unknownGroups.push({ groupId, from }),
        limits: options.limits ?? {},
        appliesBeforeDurable: options.appliesBeforeDurable ?? false,
        ...(options.observer === undefined ? {} : { observer: options.observer }),
      },
      createTransport: (listener) => {
        const transport = new LinkTransport(
          {
            nodeId,
            clusterId: "test",
            incarnation: this.store.incarnation,
            listenAddress: addressOf(nodeId),
            peerAddress: addressOf,
            limits: { ...DEFAULT_LIMITS, ...options.limits },
            seed: process.seed,
          },
          { clock: process, timers: process, net: cluster.net.attach(process, nodeId) },
          listener,
        );
        transport.start((error) => {
          if (error !== undefined) throw error;
        });
        return transport;
      },
    });
    input.attach(this.host);
    this.host.start();
  }

  group(groupId = 1): RaftGroup {
    const group = this.host.findGroup(groupId);
    if (group === undefined) throw new Error(`no group ${groupId} on node ${this.nodeId}`);
    return group;
  }

  status(groupId = 1): GroupStatus {
    return this.group(groupId).status();
  }

  items(groupId = 1): readonly string[] {
    return this.machines.get(groupId)?.items ?? [];
  }

  /** Results of a proposal: empty until it is known. */
  propose(text: string, groupId = 1, freesSpace = false): ProposalResult[] {
    const results: ProposalResult[] = [];
    const data = Buffer.from(text);
    this.group(groupId).propose(data, { freesSpace }, (result) => results.push(result));
    return results;
  }
}

/** Nodes in virtual time. */
export class HostCluster {
  readonly options: ClusterOptions;
  readonly random: Random;
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  readonly nodes = new Map<number, HostNode>();
  readonly #disks = new Map<number, MemoryDisk>();

  constructor(options: ClusterOptions = {}) {
    this.options = options;
    this.random = new Random(options.seed ?? 1);
    this.scheduler = new SimScheduler(this.random.fork());
    this.net = new SimNet(this.scheduler, this.random.fork(), {
      faults: { ...CALM_NET },
      watcher: { onNetEvent: (): void => {} },
    });
  }

  boot(...nodeIds: number[]): void {
    for (const nodeId of nodeIds) {
      const disk = this.#disks.get(nodeId) ?? new MemoryDisk();
      this.#disks.set(nodeId, disk);
      this.nodes.set(nodeId, new HostNode(this, nodeId, disk));
    }
  }

  kill(nodeId: number): void {
    const node = this.node(nodeId);
    node.process.kill();
    this.net.kill(node.process, true);
    this.nodes.delete(nodeId);
  }

  restart(nodeId: number): HostNode {
    this.kill(nodeId);
    this.boot(nodeId);
    return this.node(nodeId);
  }

  node(nodeId: number): HostNode {
    const node = this.nodes.get(nodeId);
    if (node === undefined) throw new Error(`node ${nodeId} is down`);
    return node;
  }

  /** Cuts a node off, or connects it again. */
  isolate(nodeId: number, isBlocked = true): void {
    for (const other of this.nodes.keys()) {
      if (other === nodeId) continue;
      this.net.setBlocked(nodeId, other, isBlocked);
      this.net.setBlocked(other, nodeId, isBlocked);
    }
  }

  /** Creates a group with a voter on each of these nodes, and waits until it is there. */
  createGroup(groupId: number, nodeIds: readonly number[]): void {
    let waiting = nodeIds.length;
    for (const nodeId of nodeIds) {
      this.createReplica(groupId, nodeId, confOf(nodeIds), () => {
        waiting--;
      });
    }
    this.runUntil(() => waiting === 0);
  }

  createReplica(groupId: number, nodeId: number, conf: ConfState, done = (): void => {}): void {
    const replicaId = replicaIdOf(nodeId, 1);
    this.node(nodeId).host.groups.create({ groupId, epoch: 1, replicaId, conf }, done);
  }

  /** The node that leads with the highest term, as far as it is up. */
  leader(groupId = 1): HostNode | undefined {
    let best: HostNode | undefined;
    for (const node of this.nodes.values()) {
      const status = node.host.findGroup(groupId)?.status();
      if (status?.role !== "leader") continue;
      if (best === undefined || status.term > best.status(groupId).term) best = node;
    }
    return best;
  }

  /** Waits until a group has a leader that has committed in its term. */
  elect(groupId = 1): HostNode {
    this.runUntil(() => {
      const leader = this.leader(groupId);
      return leader?.host.findGroup(groupId)?.runner?.core.isLeaderReady === true;
    });
    const leader = this.leader(groupId);
    if (leader === undefined) throw new Error("no leader");
    return leader;
  }

  followers(groupId = 1): HostNode[] {
    const leader = this.leader(groupId);
    return [...this.nodes.values()].filter((node) => node !== leader);
  }

  /** Virtual time passes. */
  run(durationMs: number): void {
    const untilMs = this.scheduler.nowMs + durationMs;
    while (this.scheduler.runNext(untilMs));
  }

  /** Virtual time passes until the condition holds. @throws Error if it does not within `limitMs` */
  runUntil(condition: () => boolean, limitMs = 60_000): void {
    const untilMs = this.scheduler.nowMs + limitMs;
    while (!condition()) {
      if (!this.scheduler.runNext(untilMs)) throw new Error(`not true after ${limitMs} ms`);
    }
  }
}

export function confOf(nodeIds: readonly number[]): ConfState {
  const voters = nodeIds.map((nodeId) => replicaIdOf(nodeId, 1)).sort((a, b) => a - b);
  return { voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
}

function addressOf(nodeId: number): string {
  return `node-${nodeId}:1`;
}
