import type { RaftLimits } from "@leveret/raft";
import {
  type DiskFaults,
  type Random,
  SimDisk,
  type SimNet,
  SimProcess,
  type SimScheduler,
} from "@leveret/raft/sim";
import type { ClusterRecord } from "../../../src/cluster/members/cluster-record.ts";
import { BrokerLife, type LifeWatcher } from "./broker-life.ts";

export interface MachineParts {
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  readonly random: Random;
  readonly disk: DiskFaults;
  readonly limits: Partial<RaftLimits>;
  readonly watcher: LifeWatcher;
}

/** A machine with its disk, on which lives of a node come and go. */
export class BrokerMachine {
  readonly nodeId: number;
  readonly name: string;
  /** In the simulated network. */
  readonly host: number;
  readonly #parts: MachineParts;
  readonly #disk: SimDisk;
  /** As its file has it. */
  #record: ClusterRecord;
  #life: BrokerLife | undefined;
  /** Its last life has handed over everything, so that others can go on without what is here. */
  hasLeft = false;
  /** It votes in no group, as of its last planned stop. */
  votesNowhere = false;

  constructor(host: number, record: ClusterRecord, parts: MachineParts) {
    this.host = host;
    this.nodeId = record.nodeId;
    this.name = record.nodeName;
    this.#record = record;
    this.#parts = parts;
    this.#disk = new SimDisk(parts.scheduler, parts.random.fork(), {
      faults: parts.disk,
      watcher: {
        onDiskEvent: () => undefined,
        onWrite: () => 0,
        onDurable: () => undefined,
        onDiskMisuse: (what) =>
          parts.watcher.onFault(`node ${this.nodeId} misuses its disk: ${what}`),
      },
    });
  }

  /** undefined: it is down. */
  get life(): BrokerLife | undefined {
    return this.#life;
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  /** The life, if clients may use it. */
  get serving(): BrokerLife | undefined {
    return this.#life?.isServing === true ? this.#life : undefined;
  }

  boot(): void {
    if (this.#life !== undefined) return;
    const { scheduler, net, random, limits, watcher } = this.#parts;
    this.hasLeft = false;
    this.votesNowhere = false;
    const process = new SimProcess(
      scheduler,
      random.fork(),
      { wallSkewMs: 0, driftPpm: 0 },
      (error) => this.#onError(error),
    );
    const disk = this.#disk.attach(process);
    const own = { process, disk, net: net.attach(process, this.host), random: random.fork() };
    const life = new BrokerLife(this.#record, { ...own, limits, watcher });
    this.#life = life;
    watcher.onTrace(this.nodeId, () => "boots");
    process.run(() => life.start());
  }

  /** The process ends at once; `losesPower`: and the machine. */
  kill(losesPower: boolean): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#parts.watcher.onTrace(this.nodeId, () => (losesPower ? "loses power" : "is killed"));
    this.#record = life.book.record;
    this.#life = undefined;
    life.isServing = false;
    life.process.kill();
    this.#disk.kill(life.process);
    this.#parts.net.kill(life.process, !losesPower);
    if (losesPower) this.#disk.crash();
  }

  /** A planned stop; `done` when the node is down, unless it was killed before. */
  leave(done: () => void): void {
    const life = this.#life;
    if (life?.isServing !== true) return;
    this.#parts.watcher.onTrace(this.nodeId, () => "leaves");
    life.leave((hasLeft) => {
      if (this.#life !== life) return;
      const groups = life.storage?.node.groups() ?? [];
      this.#parts.watcher.onTrace(this.nodeId, () => `has stopped, ${hasLeft ? "" : "not "}left`);
      this.hasLeft = hasLeft;
      this.votesNowhere = groups.every((group) => {
        const { conf, replicaId } = group.status();
        return !conf.voters.includes(replicaId) && !conf.votersOutgoing.includes(replicaId);
      });
      this.kill(false);
      done();
    });
  }

  #onError(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#parts.watcher.onFault(`node ${this.nodeId} threw: ${text}`);
  }
}
