import type { GroupId, NodeId } from "../core/ids.ts";
import type { GroupEvent, RaftGroup } from "../host/node-options.ts";
import { RaftNode } from "../host/raft-node.ts";
import { isBatch } from "./invariants/batch-facts.ts";
import { guarded } from "./invariants/guarded-observer.ts";
import { NodeDurability } from "./invariants/node-durability.ts";
import { NodeObserver, type Truth } from "./invariants/node-observer.ts";
import { InvariantViolation } from "./invariants/violation.ts";
import type { Random } from "./random.ts";
import { type DiskFaults, type DiskWatcher, SimDisk } from "./sim-disk.ts";
import type { SimFile } from "./sim-file.ts";
import type { SimNet } from "./sim-net.ts";
import { type ClockFaults, SimProcess } from "./sim-process.ts";
import type { SimScheduler } from "./sim-scheduler.ts";
import type { Swarm } from "./swarm.ts";
import type { Workload } from "./workload.ts";

export type NodeState = "down" | "opening" | "up" | "stopping";

/** What a node of the simulation needs of the world around it. */
export interface NodeWorld {
  readonly swarm: Swarm;
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  readonly truth: Truth;
  readonly workload: Workload;
  /** The node's process may be used now. */
  onNodeUp(node: SimNode): void;
  /** The node could not be opened, or gave up because of its disk: it is dead. */
  onNodeFailed(node: SimNode, phase: "open" | "fatal", error: Error): void;
  onGroupEvent(node: SimNode, groupId: GroupId, event: GroupEvent): void;
  onViolation(violation: InvariantViolation): void;
  /** Runs a check; a violation ends the run instead of being thrown. */
  guard(check: () => void): void;
}

/** A machine with a disk and clocks, on which lives of a node come and go. */
export class SimNode implements DiskWatcher {
  readonly nodeId: NodeId;
  readonly disk: SimDisk;
  readonly clock: ClockFaults;
  state: NodeState = "down";
  /** Counts lives. */
  life = 0;
  /** The world keeps it down. */
  isHeldDown = false;
  /** Its disk was damaged on purpose and not replaced since. */
  isDamaged = false;
  /** The last life in which its disk failed: the node may learn of it when the disk is well again. */
  diskErrorInLife = 0;
  /** Times in a row that it could not be opened. */
  failedOpens = 0;
  readonly #world: NodeWorld;
  readonly #random: Random;
  readonly #durability = new NodeDurability();
  readonly #namedFiles = new WeakSet<SimFile>();
  readonly #unnamed = new Map<SimFile, number>();
  #recentBatches: readonly { readonly path: string; readonly size: number }[] = [];
  #process: SimProcess | undefined;
  #raftNode: RaftNode | undefined;
  #observer: NodeObserver | undefined;

  constructor(
    nodeId: NodeId,
    world: NodeWorld,
    machine: { readonly random: Random; readonly clock: ClockFaults; readonly disk: DiskFaults },
  ) {
    this.nodeId = nodeId;
    this.#world = world;
    this.#random = machine.random;
    this.clock = machine.clock;
    this.disk = new SimDisk(world.scheduler, machine.random.fork(), {
      faults: machine.disk,
      watcher: this,
    });
  }

  get address(): string {
    return addressOf(this.nodeId);
  }

  get process(): SimProcess | undefined {
    return this.#process;
  }

  /** The running node; undefined unless it is up. */
  get raftNode(): RaftNode | undefined {
    return this.state === "up" || this.state === "stopping" ? this.#raftNode : undefined;
  }

  get observer(): NodeObserver | undefined {
    return this.#observer;
  }

  get isPaused(): boolean {
    return this.#process?.isPaused === true;
  }

  group(groupId: GroupId): RaftGroup | undefined {
    return this.state === "up" ? this.#raftNode?.group(groupId) : undefined;
  }

  boot(): void {
    if (this.state !== "down" || this.isHeldDown) return;
    this.state = "opening";
    this.life++;
    const { scheduler, truth, swarm, net } = this.#world;
    const life = this.life;
    const process = new SimProcess(scheduler, this.#random.fork(), this.clock, (error) =>
      this.#onError(error),
    );
    const observer = new NodeObserver(this.nodeId, truth, this.#durability);
    this.#process = process;
    this.#observer = observer;
    const platform = {
      clock: process,
      timers: process,
      disk: this.disk.attach(process),
      net: net.attach(process, this.nodeId),
    };
    process.run(() => {
      RaftNode.open(
        platform,
        {
          nodeId: this.nodeId,
          clusterId: "sim",
          listenAddress: swarm.nodes === 1 ? undefined : this.address,
          peerAddress: addressOf,
          createMachine: (groupId) => this.#world.workload.createMachine(groupId),
          seed: process.seed,
          observer: guarded(observer, (check) => this.#world.guard(check)),
          onFatal: (error) => {
            if (this.life === life) this.#world.onNodeFailed(this, "fatal", error);
          },
          onGroupEvent: (groupId, event) => this.#world.onGroupEvent(this, groupId, event),
          appliesBeforeDurable: swarm.appliesBeforeDurable,
          limits: swarm.limits,
        },
        (error, raftNode) => {
          if (this.life !== life || !process.isAlive) return;
          if (error !== undefined) {
            this.#world.onNodeFailed(this, "open", error);
            return;
          }
          this.#raftNode = raftNode;
          this.state = "up";
          truth.onTrace(this.nodeId, () => `up, life ${life}`);
          this.#world.onNodeUp(this);
        },
      );
    });
  }

  /** Asks for a graceful end; `done` when it has ended. */
  stop(done: () => void): void {
    const { process } = this;
    const raftNode = this.#raftNode;
    if (this.state !== "up" || raftNode === undefined || process === undefined) return;
    const life = this.life;
    this.state = "stopping";
    process.run(() =>
      raftNode.stop(() => {
        if (this.life !== life || this.state !== "stopping") return;
        done();
      }),
    );
  }

  /** Ends the process at once; `losesPower`: and the machine. */
  kill(losesPower: boolean): void {
    const process = this.#process;
    if (process === undefined || this.state === "down") return;
    this.state = "down";
    this.#world.truth.onTrace(this.nodeId, () => (losesPower ? "loses power" : "is killed"));
    process.kill();
    this.disk.kill(process);
    this.#world.net.kill(process, !losesPower);
    if (losesPower) this.disk.crash();
    this.#durability.onDeath();
    this.#unnamed.clear();
    this.#process = undefined;
    this.#raftNode = undefined;
    this.#observer = undefined;
  }

  /** Calls into the running process, as something inside it would. */
  run(call: (raftNode: RaftNode) => void): void {
    const raftNode = this.#raftNode;
    if (this.state !== "up" || raftNode === undefined) return;
    this.#process?.run(() => call(raftNode));
  }

  onDiskEvent(event: string): void {
    if (event.endsWith("-error")) this.diskErrorInLife = this.life;
    this.#world.truth.onEvent(event);
    this.#world.truth.onTrace(this.nodeId, () => `disk: ${event}`);
  }

  onDiskTrace(what: () => string): void {
    this.#world.truth.onTrace(this.nodeId, what);
  }

  onWrite(path: string, bytes: Uint8Array): number {
    if (!isBatch(bytes)) return 0;
    this.#recentBatches = [...this.#recentBatches.slice(-1), { path, size: bytes.length }];
    return this.#durability.onBatchWrite(bytes);
  }

  onDurable(file: SimFile | undefined, tag: number): void {
    if (file === undefined) {
      for (const [unnamed, order] of this.#unnamed) this.#onFileDurable(unnamed, order);
      return;
    }
    if (tag > 0) this.#onFileDurable(file, tag);
  }

  /** Bytes at the end of a file that belong to one of the last two batches: nothing else on the disk proves them, or only a marker. */
  unprovenBytes(path: string): number {
    let size = 0;
    for (const batch of this.#recentBatches) {
      // A handle keeps the name that its file had when it was opened.
      if (batch.path === path || batch.path === `${path}.tmp`) size += batch.size;
    }
    return size;
  }

  onDiskMisuse(what: string): void {
    this.#world.onViolation(
      new InvariantViolation("interface", `node ${this.nodeId} misuses its disk: ${what}`),
    );
  }

  /** A batch counts when the name of its file would survive, too. */
  #onFileDurable(file: SimFile, order: number): void {
    if (!this.#namedFiles.has(file)) {
      if (!this.disk.isNamedDurably(file)) {
        this.#unnamed.set(file, order);
        return;
      }
      this.#namedFiles.add(file);
    }
    this.#unnamed.delete(file);
    this.#durability.onBatchDurable(order);
  }

  #onError(error: unknown): void {
    if (error instanceof InvariantViolation) {
      this.#world.onViolation(error);
      return;
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#world.onViolation(new InvariantViolation("crash", `node ${this.nodeId} threw: ${text}`));
  }
}

function addressOf(nodeId: NodeId): string {
  return `node-${nodeId}:1`;
}
