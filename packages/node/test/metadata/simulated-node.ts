import { type RaftGroup, type RaftLimits, RaftNode, replicaIdOf } from "@leveret/raft";
import {
  CALM_NET,
  HONEST_DISK,
  Random,
  SimDisk,
  SimNet,
  SimProcess,
  SimScheduler,
} from "@leveret/raft/sim";
import type { MetadataCommand, MetadataResult } from "../../src/metadata/commands.ts";
import { NO_LINK } from "../../src/metadata/metadata-link.ts";
import { MetadataStateMachine } from "../../src/metadata/metadata-state-machine.ts";
import type { WaitsUntil } from "../../src/metadata/metadata-store.ts";
import { ReplicatedMetadata } from "../../src/metadata/replicated-metadata.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";

const GROUP_ID = 1;
const REPLICA_ID = replicaIdOf(1, 1);
const NODE = { nodeId: 1, clusterId: "test", listenAddress: undefined } as const;
const CONF = {
  voters: [REPLICA_ID],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

interface Life {
  readonly process: SimProcess;
  readonly group: RaftGroup;
  readonly metadata: ReplicatedMetadata;
}

/** A node alone with its metadata group, on a simulated disk and in virtual time; it can crash and start again. */
export class SimulatedNode {
  readonly scheduler: SimScheduler;
  readonly #random: Random;
  readonly #net: SimNet;
  readonly #disk: SimDisk;
  readonly #limits: Partial<RaftLimits>;
  #life: Life | undefined;
  lines: readonly string[] = [];

  constructor(seed: number, limits: Partial<RaftLimits> = {}) {
    this.#random = new Random(seed);
    this.scheduler = new SimScheduler(this.#random.fork());
    const watcher = { onNetEvent: (): void => undefined };
    this.#net = new SimNet(this.scheduler, this.#random.fork(), { faults: CALM_NET, watcher });
    this.#disk = new SimDisk(this.scheduler, this.#random.fork(), {
      faults: { ...HONEST_DISK },
      watcher: {
        onDiskEvent: () => undefined,
        onWrite: () => 0,
        onDurable: () => undefined,
        onDiskMisuse: fail,
      },
    });
    this.#limits = { hotFileBytes: 256 * 1024, freeSpaceMinBytes: 0, ...limits };
  }

  get metadata(): ReplicatedMetadata {
    return this.#running().metadata;
  }

  get group(): RaftGroup {
    return this.#running().group;
  }

  get digest(): number {
    return this.group.machine.digest();
  }

  /** Starts the node and waits until its metadata group leads; does not start the metadata. */
  boot(): void {
    const process = new SimProcess(
      this.scheduler,
      this.#random.fork(),
      { wallSkewMs: 0, driftPpm: 0 },
      fail,
    );
    const { log, lines } = recordingLogger();
    this.lines = lines;
    const open = (node: RaftNode): void => {
      const use = (): void => {
        const group = node.group(GROUP_ID) ?? fail("no group");
        const metadata = new ReplicatedMetadata({
          group,
          timers: process,
          log,
          origin: { nodeId: 1, incarnation: node.incarnation },
          link: NO_LINK,
        });
        this.#life = { process, group, metadata };
      };
      if (node.group(GROUP_ID) !== undefined) use();
      else {
        node.createGroup({ groupId: GROUP_ID, epoch: 0, replicaId: REPLICA_ID, conf: CONF }, use);
      }
    };
    const net = this.#net.attach(process, 1);
    const disk = this.#disk.attach(process);
    process.run(() => {
      RaftNode.open(
        { clock: process, timers: process, disk, net },
        {
          ...NODE,
          peerAddress: () => undefined,
          createMachine: () => new MetadataStateMachine(),
          seed: process.seed,
          onFatal: fail,
          appliesBeforeDurable: true,
          limits: this.#limits,
        },
        (error, node) => open(node ?? fail(error)),
      );
    });
    this.runUntil(() => this.#life !== undefined);
  }

  /** Boots, and starts the metadata as a broker does. */
  start(): void {
    this.boot();
    let isStarted = false;
    this.run(() => {
      this.metadata.start((failure) => {
        if (failure !== undefined) fail(failure);
        isStarted = true;
      });
    });
    this.runUntil(() => isStarted);
  }

  /** The power fails: what was not synced may be lost. */
  crash(): void {
    const { process } = this.#running();
    process.kill();
    this.#disk.kill(process);
    this.#net.kill(process, false);
    this.#disk.crash();
    this.#life = undefined;
  }

  /** Calls into the node. */
  run(call: () => void): void {
    this.#running().process.run(call);
  }

  /** The result, once it is there. */
  submit(command: MetadataCommand, until?: WaitsUntil): { result: MetadataResult | undefined } {
    const answer: { result: MetadataResult | undefined } = { result: undefined };
    this.run(() => {
      this.metadata.submit(
        command,
        (result) => {
          if (answer.result !== undefined) fail("answered twice");
          answer.result = result;
        },
        until,
      );
    });
    return answer;
  }

  /** Submits and waits. */
  mustApply(command: MetadataCommand): MetadataResult {
    const answer = this.submit(command);
    this.runUntil(() => answer.result !== undefined);
    return answer.result ?? fail("unreachable");
  }

  /** One step of the world; false: nothing is left to happen. */
  step(): boolean {
    return this.scheduler.runNext(Number.MAX_SAFE_INTEGER);
  }

  /** Lets the world go on until `condition` holds. @throws Error after a virtual minute */
  runUntil(condition: () => boolean): void {
    const untilMs = this.scheduler.nowMs + 60_000;
    while (!condition()) {
      if (!this.scheduler.runNext(untilMs)) throw new Error("it did not happen");
    }
  }

  #running(): Life {
    return this.#life ?? fail("the node is down");
  }
}

function fail(what: unknown): never {
  throw new Error("the simulated node failed", { cause: what });
}
