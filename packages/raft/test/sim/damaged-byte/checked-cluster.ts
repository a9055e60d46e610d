import type { ConfState } from "../../../src/core/conf-state.ts";
import type { GroupEvent, HostObserver, RaftGroup } from "../../../src/host/node-options.ts";
import { RaftNode } from "../../../src/host/raft-node.ts";
import type { RaftLimits } from "../../../src/limits.ts";
import { Random } from "../../../src/sim/random.ts";
import { HONEST_DISK, SimDisk } from "../../../src/sim/sim-disk.ts";
import { CALM_NET, SimNet } from "../../../src/sim/sim-net.ts";
import { SimProcess } from "../../../src/sim/sim-process.ts";
import { SimScheduler } from "../../../src/sim/sim-scheduler.ts";
import { CheckedMachine, Ledger } from "./checked-machine.ts";

/** The groups: large states, whose snapshots are files, and small ones, whose snapshots are in the log. */
export const LARGE_GROUP = 1;
export const SMALL_GROUP = 2;
export const GROUPS: readonly number[] = [LARGE_GROUP, SMALL_GROUP];

/** Small files and states, so that there is every kind of them after a few hundred commands. */
export const LIMITS: Partial<RaftLimits> = {
  hotFileBytes: 16 * 1024,
  spareFiles: 1,
  batchAlignBytes: 512,
  freeSpaceMinBytes: 0,
  inlineSnapshotMaxBytes: 2048,
  snapshotReclaimBytes: 3000,
  snapshotMinIntervalMs: 50,
  lagKeepBytes: 1000,
  snapshotChunkBytes: 2048,
  bodyCacheBytes: 0,
  indexCacheBytes: 4096,
  electionTicks: 10,
  snapshotRetryMinMs: 100,
  snapshotRetryMaxMs: 1000,
};

/** One life of a node. */
export class CheckedNode {
  readonly nodeId: number;
  readonly process: SimProcess;
  /** The machine in use, by group. */
  readonly machines = new Map<number, CheckedMachine>();
  readonly events: string[] = [];
  /** Groups that were found damaged, whether or not they have been repaired since. */
  readonly damagedGroups = new Set<number>();
  /** Why it could not be opened, or ended. */
  error: Error | undefined;
  raft: RaftNode | undefined;

  constructor(cluster: CheckedCluster, nodeId: number, disk: SimDisk) {
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
    const net = cluster.net.attach(process, nodeId);
    RaftNode.open(
      { clock: process, timers: process, disk: disk.attach(process), net },
      {
        nodeId,
        clusterId: "test",
        listenAddress: addressOf(nodeId),
        peerAddress: addressOf,
        createMachine: (groupId) => {
          const machine = new CheckedMachine(cluster.ledger(groupId));
          this.machines.set(groupId, machine);
          return machine;
        },
        seed: process.seed,
        onFatal: (error) => {
          this.error = error;
        },
        onGroupEvent: (groupId, event) => this.#onEvent(groupId, event),
        observer: this.#observer(),
        limits: LIMITS,
      },
      (error, raft) => {
        this.error ??= error;
        this.raft = raft;
      },
    );
  }

  group(groupId: number): RaftGroup | undefined {
    return this.raft?.group(groupId);
  }

  #observer(): HostObserver {
    return {
      onCoreCall: (core): void => {
        if (core.isDamaged) this.damagedGroups.add(core.groupId);
      },
      onReady: (): void => {},
      onAppend: (): void => {},
      onSend: (): void => {},
      onApply: (): void => {},
      onRestore: (): void => {},
      onEvent: (groupId, event): void => {
        if (event === "damage") this.damagedGroups.add(groupId);
      },
    };
  }

  #onEvent(groupId: number, event: GroupEvent): void {
    if (event.kind === "role") return;
    this.events.push(`${groupId}: ${event.kind}`);
    if (event.kind === "stopped" && event.dump !== undefined) throw new Error(event.why);
  }
}

/** Whole nodes in virtual time, on disks that can be copied. What they apply is compared with a ledger, at once. */
export class CheckedCluster {
  readonly random: Random;
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  readonly nodes = new Map<number, CheckedNode>();
  readonly disks = new Map<number, SimDisk>();
  /** Index and text of what clients were told to be applied, by group. */
  readonly acknowledged = new Map<number, Map<number, string>>();
  readonly #ledgers = new Map<number, Ledger>();
  #attempts = 0;

  constructor(seed: number, before?: CheckedCluster) {
    this.random = new Random(seed);
    this.scheduler = new SimScheduler(this.random.fork());
    this.net = new SimNet(this.scheduler, this.random.fork(), {
      faults: { ...CALM_NET },
      watcher: { onNetEvent: (): void => {} },
    });
    for (const groupId of GROUPS) {
      this.#ledgers.set(groupId, before?.ledger(groupId).fork() ?? new Ledger());
      this.acknowledged.set(groupId, new Map(before?.acknowledged.get(groupId)));
    }
    if (before === undefined) return;
    this.#attempts = before.#attempts;
    for (const [nodeId, disk] of before.disks) this.disk(nodeId).copyFrom(disk);
  }

  ledger(groupId: number): Ledger {
    const ledger = this.#ledgers.get(groupId);
    if (ledger === undefined) throw new Error(`no group ${groupId}`);
    return ledger;
  }

  disk(nodeId: number): SimDisk {
    const known = this.disks.get(nodeId);
    if (known !== undefined) return known;
    const disk = new SimDisk(this.scheduler, this.random.fork(), {
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
    this.disks.set(nodeId, disk);
    return disk;
  }

  /** Starts nodes and waits until each is up or has said why it is not. */
  boot(...nodeIds: number[]): void {
    const started = nodeIds.map((nodeId) => new CheckedNode(this, nodeId, this.disk(nodeId)));
    for (const node of started) this.nodes.set(node.nodeId, node);
    this.runUntil("up", () =>
      started.every((node) => node.raft !== undefined || node.error !== undefined),
    );
  }

  /** Ends the process of a node at once; the machine goes on unless its power fails, too. */
  kill(nodeId: number, losesPower = false): void {
    const node = this.nodes.get(nodeId);
    if (node === undefined) return;
    node.process.kill();
    this.disk(nodeId).kill(node.process);
    this.net.kill(node.process, !losesPower);
    if (losesPower) this.disk(nodeId).crash();
    this.nodes.delete(nodeId);
  }

  /** Of several that take themselves for the leader, the newest. */
  leader(groupId: number): CheckedNode | undefined {
    let found: CheckedNode | undefined;
    let foundTerm = 0;
    for (const node of this.nodes.values()) {
      const status = node.group(groupId)?.status();
      if (status?.role !== "leader" || status.term <= foundTerm) continue;
      found = node;
      foundTerm = status.term;
    }
    return found;
  }

  createGroup(groupId: number, nodeId: number, replicaId: number, conf: ConfState): void {
    let isCreated = false;
    this.nodes.get(nodeId)?.raft?.createGroup({ groupId, epoch: 1, replicaId, conf }, () => {
      isCreated = true;
    });
    this.runUntil("created", () => isCreated);
  }

  /** Proposes once to a leader, if there is one. */
  propose(groupId: number, text: string, done: (isApplied: boolean) => void): void {
    const group = this.leader(groupId)?.group(groupId);
    if (group === undefined) {
      done(false);
      return;
    }
    // Each attempt is a command of its own, so that one that shows up twice was applied twice.
    const command = `${text} #${this.#attempts++}`;
    group.propose(Buffer.from(command), {}, (result) => {
      if (result.kind === "applied") {
        this.acknowledged.get(groupId)?.set(result.index, command);
      }
      done(result.kind === "applied");
    });
  }

  /** Proposes, again if need be, until it is applied. */
  mustApply(groupId: number, text: string): void {
    for (let attempt = 0; attempt < 60; attempt++) {
      let isApplied: boolean | undefined;
      this.propose(groupId, text, (result) => {
        isApplied = result;
      });
      this.runUntil("answered", () => isApplied !== undefined);
      if (isApplied === true) return;
      this.run(200);
    }
    throw new Error(`group ${groupId} applies nothing any more: ${this.describe()}`);
  }

  run(durationMs: number): void {
    const untilMs = this.scheduler.nowMs + durationMs;
    while (this.scheduler.runNext(untilMs));
  }

  /** @throws Error if the condition does not hold within `limitMs` */
  runUntil(what: string, condition: () => boolean, limitMs = 60_000): void {
    const untilMs = this.scheduler.nowMs + limitMs;
    while (!condition()) {
      if (!this.scheduler.runNext(untilMs)) {
        throw new Error(`not ${what} after ${limitMs} ms: ${this.describe()}`);
      }
    }
  }

  /** How all replicas stand, for messages. */
  describe(): string {
    const lines: unknown[] = [];
    for (const node of this.nodes.values()) {
      lines.push({ node: node.nodeId, error: node.error?.message, events: node.events });
      for (const group of node.raft?.groups() ?? []) {
        lines.push({ ...group.status(), conf: group.status().conf.voters });
      }
    }
    return lines.map((line) => JSON.stringify(line)).join("\n");
  }
}

function addressOf(nodeId: number): string {
  return `node-${nodeId}:1`;
}
