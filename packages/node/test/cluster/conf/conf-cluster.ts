import { type NodeId, RaftNode, replicaIdOf } from "@leveret/raft";
import {
  CALM_NET,
  HONEST_DISK,
  Random,
  SimDisk,
  SimNet,
  SimProcess,
  SimScheduler,
} from "@leveret/raft/sim";
import { ListMachine } from "../../../../raft/test/host/list-machine.ts";
import { ConfDriver } from "../../../src/cluster/conf/conf-driver.ts";
import { type ConfTarget, isAtTarget } from "../../../src/cluster/conf/conf-plan.ts";
import { queueTarget } from "../../../src/cluster/conf/conf-target.ts";
import {
  answerCleaning,
  type GroupPlace,
  ReplicaCleaner,
} from "../../../src/cluster/conf/replica-cleaner.ts";
import { groupPlaceOf, ReplicaMaker } from "../../../src/cluster/conf/replica-maker.ts";
import { placedFirst, placedOn, replicasOf } from "../../../src/metadata/queue-replicas.ts";
import type { QueueRecord } from "../../../src/metadata/records.ts";

const PEER_LOOK_MS = 50;
const ASK_MS = 5;
const LOOK_MS = 5;

interface ConfParts {
  readonly raft: RaftNode;
  readonly driver: ConfDriver;
  readonly cleaner: ReplicaCleaner;
  readonly maker: ReplicaMaker;
}

/** One life of a node with all of the conf part around its replicas. */
class ConfNodeLife {
  readonly process: SimProcess;
  readonly machines = new Map<number, ListMachine>();
  #parts: ConfParts | undefined;
  /** Metadata that this node has not heard of yet, by group: an older record. */
  readonly old = new Map<number, QueueRecord | undefined>();
  readonly nodeId: NodeId;
  #peersAlive = "";

  constructor(cluster: ConfCluster, nodeId: NodeId, disk: SimDisk) {
    this.nodeId = nodeId;
    this.process = new SimProcess(
      cluster.scheduler,
      cluster.random.fork(),
      { wallSkewMs: 0, driftPpm: 0 },
      (error) => {
        throw error;
      },
    );
    const { process } = this;
    RaftNode.open(
      {
        clock: process,
        timers: process,
        disk: disk.attach(process),
        net: cluster.net.attach(process, nodeId),
      },
      {
        nodeId,
        clusterId: "test",
        listenAddress: `node-${nodeId}:1`,
        peerAddress: (peer) => `node-${peer}:1`,
        createMachine: (groupId) => {
          const machine = new ListMachine();
          this.machines.set(groupId, machine);
          return machine;
        },
        seed: process.seed,
        onFatal: (error) => {
          throw error;
        },
        onGroupEvent: (groupId, event) => {
          if (event.kind === "ready") this.#parts?.driver.onLeader(groupId);
          if (event.kind === "removed") this.#parts?.cleaner.review(groupId);
        },
        limits: { hotFileBytes: 256 * 1024, freeSpaceMinBytes: 0, ...cluster.limits },
      },
      (error, raft) => {
        if (raft === undefined) throw error;
        this.#onOpen(cluster, raft);
      },
    );
  }

  get isUp(): boolean {
    return this.#parts !== undefined;
  }

  get raft(): RaftNode {
    return this.#get().raft;
  }

  get driver(): ConfDriver {
    return this.#get().driver;
  }

  get maker(): ReplicaMaker {
    return this.#get().maker;
  }

  #get(): ConfParts {
    if (this.#parts === undefined) throw new Error(`node ${this.nodeId} is not up`);
    return this.#parts;
  }

  #onOpen(cluster: ConfCluster, raft: RaftNode): void {
    const { process, nodeId } = this;
    const recordOf = (groupId: number): QueueRecord | undefined =>
      this.old.has(groupId) ? this.old.get(groupId) : cluster.records.get(groupId);
    const placeOf = (groupId: number): GroupPlace | undefined => {
      const record = recordOf(groupId);
      return record === undefined ? undefined : groupPlaceOf(record);
    };
    const driver = new ConfDriver({
      node: raft,
      clock: process,
      timers: process,
      targetOf: (groupId) => {
        const record = recordOf(groupId);
        return record === undefined ? undefined : cluster.targetOfRecord(record);
      },
      confirm: (done) => {
        // What a ReadIndex does: afterwards the metadata here are as new as anybody's.
        process.setTimer(ASK_MS, () => {
          this.old.clear();
          done(true);
        });
      },
    });
    const cleaner = new ReplicaCleaner({
      nodeId,
      node: raft,
      timers: process,
      placeOf,
      // Not known to every second node: it has to find out.
      leaderOf: (groupId) => (nodeId % 2 === 0 ? undefined : cluster.leader(groupId)?.nodeId),
      isQueueGroup: () => true,
      ask: (to, { groupId, replicaId }, done) => {
        process.setTimer(ASK_MS, () => {
          const asked = cluster.nodes.get(to);
          if (asked?.isUp !== true) done(undefined);
          else
            answerCleaning(asked.raft.group(groupId), replicaId, (answer) =>
              process.run(() => done(answer)),
            );
        });
      },
    });
    const maker = new ReplicaMaker({ nodeId, node: raft, cleaner, placeOf, epochOf: () => 1 });
    this.#parts = { raft, driver, cleaner, maker };
    for (const peer of cluster.nodeIds) if (peer !== nodeId) raft.addPeer(peer);
    for (const groupId of cluster.records.keys()) maker.ensure(groupId);
    cleaner.start();
    driver.start();
    this.#watchPeers(cluster);
  }

  #watchPeers(cluster: ConfCluster): void {
    const alive = cluster.nodeIds.filter((peer) => this.raft.isAlive(peer)).join();
    if (alive !== this.#peersAlive) this.driver.onPeerChange();
    this.#peersAlive = alive;
    this.process.setTimer(PEER_LOOK_MS, () => this.#watchPeers(cluster));
  }
}

/** Some nodes in virtual time, with metadata that all of them see at once. */
export class ConfCluster {
  readonly random: Random;
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  readonly nodes = new Map<NodeId, ConfNodeLife>();
  readonly nodeIds: readonly NodeId[];
  readonly limits: Readonly<Record<string, number>>;
  readonly records = new Map<number, QueueRecord>();
  readonly stopped = new Set<NodeId>();
  /** Proposals answered "applied", by group, in their order. */
  readonly acked = new Map<number, string[]>();
  readonly #disks = new Map<NodeId, SimDisk>();
  #proposed = 0;

  constructor(
    seed: number,
    nodeIds: readonly NodeId[],
    limits: Readonly<Record<string, number>> = {},
  ) {
    this.limits = limits;
    this.nodeIds = nodeIds;
    this.random = new Random(seed);
    this.scheduler = new SimScheduler(this.random.fork());
    this.net = new SimNet(this.scheduler, this.random.fork(), {
      faults: { ...CALM_NET },
      watcher: { onNetEvent: (): void => {} },
    });
    this.boot(...nodeIds);
  }

  boot(...nodeIds: readonly NodeId[]): void {
    for (const nodeId of nodeIds) {
      this.nodes.set(nodeId, new ConfNodeLife(this, nodeId, this.#disk(nodeId)));
    }
    this.runUntil(() => nodeIds.every((nodeId) => this.node(nodeId).isUp));
  }

  /** The power of the machine fails. */
  crash(nodeId: NodeId): void {
    const { process } = this.node(nodeId);
    process.kill();
    this.#disk(nodeId).kill(process);
    this.net.kill(process, false);
    this.#disk(nodeId).crash();
    this.nodes.delete(nodeId);
  }

  /** A planned leave: says so, waits until no group needs it, and stops. */
  leave(nodeId: NodeId): void {
    const node = this.node(nodeId);
    this.stopped.add(nodeId);
    this.#tellTargets();
    this.runUntil(() => node.driver.pendingVoterGroups().length === 0);
    let isStopped = false;
    node.driver.stop();
    node.raft.stop(() => {
      isStopped = true;
    });
    this.runUntil(() => isStopped);
    node.process.kill();
    this.#disk(nodeId).kill(node.process);
    this.net.kill(node.process, true);
    this.nodes.delete(nodeId);
  }

  comeBack(nodeId: NodeId): void {
    this.boot(nodeId);
    this.stopped.delete(nodeId);
    this.#tellTargets();
  }

  node(nodeId: NodeId): ConfNodeLife {
    const node = this.nodes.get(nodeId);
    if (node === undefined) throw new Error(`node ${nodeId} is down`);
    return node;
  }

  declare(groupId: number, nodes: readonly NodeId[]): void {
    const replicas = nodes.map((nodeId) => ({ nodeId, generation: 1 }));
    const record: QueueRecord = {
      vhost: "/",
      name: `q${groupId}`,
      type: "classic",
      durable: true,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
      groupId,
      replicas,
    };
    this.records.set(
      groupId,
      placedFirst(record, () => true),
    );
    this.#tell(groupId);
  }

  place(groupId: number, nodes: readonly NodeId[]): void {
    const record = this.records.get(groupId);
    const placed = record === undefined ? undefined : placedOn(record, nodes);
    if (placed === undefined) throw new Error(`cannot place ${groupId}`);
    this.records.set(groupId, placed);
    this.#tell(groupId);
  }

  delete(groupId: number): void {
    this.records.delete(groupId);
    this.#tell(groupId);
  }

  /** Each node that is up hears of the record, as if its metadata had applied it. */
  #tell(groupId: number): void {
    for (const node of this.nodes.values()) {
      if (!node.isUp || node.old.has(groupId)) continue;
      node.process.run(() => {
        node.maker.ensure(groupId);
        node.driver.onTargetChanged(groupId);
      });
    }
  }

  #tellTargets(): void {
    for (const groupId of this.records.keys()) this.#tell(groupId);
  }

  targetOfRecord(record: QueueRecord): ConfTarget {
    return queueTarget(replicasOf(record), (nodeId) => this.stopped.has(nodeId));
  }

  leader(groupId: number): ConfNodeLife | undefined {
    let found: ConfNodeLife | undefined;
    let term = 0;
    for (const node of this.nodes.values()) {
      const status = node.isUp ? node.raft.group(groupId)?.status() : undefined;
      if (status?.role !== "leader" || status.term <= term) continue;
      found = node;
      ({ term } = status);
    }
    return found;
  }

  /** Proposes something new to the group every so often, for ever. */
  keepProposing(groupId: number, everyMs: number): void {
    this.scheduler.after(everyMs, () => {
      const text = `${groupId}/${++this.#proposed}`;
      const group = this.leader(groupId)?.raft.group(groupId);
      group?.propose(Buffer.from(text), {}, ({ kind }) => {
        if (kind !== "applied") return;
        const acked = this.acked.get(groupId) ?? [];
        acked.push(text);
        this.acked.set(groupId, acked);
      });
      this.keepProposing(groupId, everyMs);
    });
  }

  /** The group has the members that its record and the stopped nodes ask for, and nobody else has a replica of it. */
  isSettled(groupId: number): boolean {
    const record = this.records.get(groupId);
    const conf = this.leader(groupId)?.raft.group(groupId)?.status().conf;
    const replicas = record === undefined ? [] : replicasOf(record);
    for (const node of this.nodes.values()) {
      const here = node.raft.group(groupId)?.status().replicaId;
      const place = replicas.find(({ nodeId }) => nodeId === node.nodeId);
      const wanted = place && replicaIdOf(place.nodeId, place.generation);
      if (here !== wanted) return false;
    }
    if (record === undefined) return true;
    return conf !== undefined && isAtTarget(conf, this.targetOfRecord(record));
  }

  settle(limitMs?: number): void {
    const groupIds = [...this.records.keys()];
    this.#runUntilLooking(() => groupIds.every((id) => this.isSettled(id)), limitMs);
  }

  /** What the group's machine has on each node that is up and has a replica. */
  items(groupId: number): (readonly string[])[] {
    const found: (readonly string[])[] = [];
    for (const node of this.nodes.values()) {
      const items = node.raft.group(groupId) && node.machines.get(groupId)?.items;
      if (items !== undefined) found.push(items);
    }
    return found;
  }

  run(durationMs: number): void {
    const untilMs = this.scheduler.nowMs + durationMs;
    while (this.scheduler.runNext(untilMs));
  }

  /** @throws Error if the condition does not hold within `limitMs` */
  runUntil(condition: () => boolean, limitMs = 60_000): void {
    const untilMs = this.scheduler.nowMs + limitMs;
    while (!condition()) {
      if (!this.scheduler.runNext(untilMs)) {
        throw new Error(`not true after ${limitMs} ms: ${this.told()}`);
      }
    }
  }

  /** The same for what is costly to find out: looks every few milliseconds. */
  #runUntilLooking(condition: () => boolean, limitMs?: number): void {
    let lookAtMs = 0;
    this.runUntil(() => {
      if (this.scheduler.nowMs < lookAtMs) return false;
      lookAtMs = this.scheduler.nowMs + LOOK_MS;
      return condition();
    }, limitMs);
  }

  /** What the groups look like, for messages. */
  told(): string {
    const word = (id: number): string => `${id >>> 16}.${id & 0xffff}`;
    const told: string[] = [];
    for (const [groupId, record] of this.records) {
      if (this.isSettled(groupId)) continue;
      const target = this.targetOfRecord(record);
      told.push(`${groupId} to ${target.voters.map(word)} | ${target.learners.map(word)}`);
      for (const { nodeId, raft, driver } of this.nodes.values()) {
        const status = raft.group(groupId)?.status();
        if (status === undefined) continue;
        const { replicaId, role, term, lastIndex, conf, stoppedBecause } = status;
        const members = [conf.voters, conf.votersOutgoing, conf.learners].map((m) => m.map(word));
        told.push(
          `on ${nodeId}: ${word(replicaId)} ${role} ${term}/${lastIndex} ${members.join(" | ")} ${stoppedBecause ?? ""} ${driver.stuck.get(groupId) ?? ""}`,
        );
      }
    }
    return told.join("\n");
  }

  #disk(nodeId: NodeId): SimDisk {
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
