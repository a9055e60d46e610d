import { replicaIdOf } from "../../src/core/ids.ts";
import type { RaftGroup } from "../../src/host/node-options.ts";
import { RaftNode } from "../../src/host/raft-node.ts";
import type { RaftLimits } from "../../src/limits.ts";
import { Random } from "../../src/sim/random.ts";
import { HONEST_DISK, SimDisk } from "../../src/sim/sim-disk.ts";
import { CALM_NET, SimNet } from "../../src/sim/sim-net.ts";
import { SimProcess } from "../../src/sim/sim-process.ts";
import { SimScheduler } from "../../src/sim/sim-scheduler.ts";
import { confOf } from "./host-cluster.ts";
import { ListMachine } from "./list-machine.ts";

/** One life of a whole node on simulated disk and network. */
export class TestRaftNode {
  readonly nodeId: number;
  readonly process: SimProcess;
  readonly machines = new Map<number, ListMachine>();
  readonly errors: Error[] = [];
  #raft: RaftNode | undefined;

  constructor(cluster: NodeCluster, nodeId: number, disk: SimDisk) {
    this.nodeId = nodeId;
    const process = new SimProcess(
      cluster.scheduler,
      cluster.random.fork(),
      { wallSkewMs: 0, driftPpm: 0 },
      (error) => {
        throw error;
      },
    );
    this.process = process;
    const net = cluster.net.attach(process, nodeId);
    RaftNode.open(
      { clock: process, timers: process, disk: disk.attach(process), net },
      {
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
        onFatal: (error) => this.errors.push(error),
        limits: cluster.limits,
      },
      (error, raft) => {
        if (error !== undefined) this.errors.push(error);
        this.#raft = raft;
      },
    );
  }

  get isUp(): boolean {
    return this.#raft !== undefined;
  }

  get raft(): RaftNode {
    if (this.#raft === undefined) throw new Error(`node ${this.nodeId} is not up`);
    return this.#raft;
  }

  group(groupId: number): RaftGroup {
    const group = this.raft.group(groupId);
    if (group === undefined) throw new Error(`no group ${groupId} on node ${this.nodeId}`);
    return group;
  }

  items(groupId: number): readonly string[] {
    return this.machines.get(groupId)?.items ?? [];
  }
}

/** Whole nodes in virtual time. */
export class NodeCluster {
  readonly limits: Partial<RaftLimits>;
  readonly random: Random;
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  readonly nodes = new Map<number, TestRaftNode>();
  readonly #disks = new Map<number, SimDisk>();

  constructor(seed: number, limits: Partial<RaftLimits> = {}) {
    this.limits = { hotFileBytes: 256 * 1024, freeSpaceMinBytes: 0, ...limits };
    this.random = new Random(seed);
    this.scheduler = new SimScheduler(this.random.fork());
    this.net = new SimNet(this.scheduler, this.random.fork(), {
      faults: { ...CALM_NET },
      watcher: { onNetEvent: (): void => {} },
    });
  }

  /** Starts nodes and waits until they are up. */
  boot(...nodeIds: number[]): void {
    for (const nodeId of nodeIds) {
      this.nodes.set(nodeId, new TestRaftNode(this, nodeId, this.#disk(nodeId)));
    }
    this.runUntil(() => nodeIds.every((nodeId) => this.node(nodeId).isUp));
  }

  /** The power of the machine fails. */
  crash(nodeId: number): void {
    const { process } = this.node(nodeId);
    const disk = this.#disk(nodeId);
    process.kill();
    disk.kill(process);
    this.net.kill(process, false);
    disk.crash();
    this.nodes.delete(nodeId);
  }

  node(nodeId: number): TestRaftNode {
    const node = this.nodes.get(nodeId);
    if (node === undefined) throw new Error(`node ${nodeId} is down`);
    return node;
  }

  createGroup(groupId: number, nodeIds: readonly number[]): void {
    let waiting = nodeIds.length;
    for (const nodeId of nodeIds) {
      const replicaId = replicaIdOf(nodeId, 1);
      this.node(nodeId).raft.createGroup(
        { groupId, epoch: 1, replicaId, conf: confOf(nodeIds) },
        () => {
          waiting--;
        },
      );
    }
    this.runUntil(() => waiting === 0);
  }

  leader(groupId: number): TestRaftNode | undefined {
    for (const node of this.nodes.values()) {
      if (node.isUp && node.raft.group(groupId)?.status().role === "leader") return node;
    }
    return undefined;
  }

  /** Proposes, again if need be, until it is applied. */
  mustApply(groupId: number, text: string): void {
    for (let attempt = 0; attempt < 50; attempt++) {
      this.runUntil(() => this.leader(groupId) !== undefined);
      const results: string[] = [];
      const group = this.leader(groupId)?.group(groupId);
      group?.propose(Buffer.from(text), {}, ({ kind }) => results.push(kind));
      this.runUntil(() => results.length > 0);
      if (results[0] === "applied") return;
      this.run(200);
    }
    throw new Error("was never applied");
  }

  run(durationMs: number): void {
    const untilMs = this.scheduler.nowMs + durationMs;
    while (this.scheduler.runNext(untilMs));
  }

  /** @throws Error if the condition does not hold within `limitMs` */
  runUntil(condition: () => boolean, limitMs = 60_000): void {
    const untilMs = this.scheduler.nowMs + limitMs;
    while (!condition()) {
      if (!this.scheduler.runNext(untilMs)) throw new Error(`not true after ${limitMs} ms`);
    }
  }

  #disk(nodeId: number): SimDisk {
    let disk = this.#disks.get(nodeId);
    if (disk === undefined) {
      disk = new SimDisk(this.scheduler, this.random.fork(), {
        faults: { ...HONEST_DISK },
        watcher: {
          onDiskEvent: (): void => {},
          onWrite: () => 0,
          onDurable: (): void => {},
          onDiskMisuse: (what): void => {
            throw new Error(what);
          },
        },
      });
      this.#disks.set(nodeId, disk);
    }
    return disk;
  }
}

function addressOf(nodeId: number): string {
  return `node-${nodeId}:1`;
}
