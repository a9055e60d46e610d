import {
  type ConfState,
  NONE,
  nodeIdOf,
  type RaftGroup,
  RaftNode,
  replicaIdOf,
} from "@leveret/raft";
import {
  HONEST_DISK,
  type Random,
  SimDisk,
  type SimNet,
  SimProcess,
  type SimScheduler,
} from "@leveret/raft/sim";
import { MetadataStateMachine } from "../../src/metadata/metadata-state-machine.ts";
import { ReplicatedMetadata } from "../../src/metadata/replicated-metadata.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";
import type { SimLinks } from "./sim-links.ts";

const GROUP_ID = 1;
/** Three that vote, and one that does not. */
export const NODE_IDS = [1, 2, 3, 4];
const CONF: ConfState = {
  voters: [1, 2, 3].map((nodeId) => replicaIdOf(nodeId, 1)),
  votersOutgoing: [],
  learners: [replicaIdOf(4, 1)],
  learnersNext: [],
  autoLeave: false,
};

export interface NodeParts {
  readonly scheduler: SimScheduler;
  readonly net: SimNet;
  readonly links: SimLinks;
  readonly random: Random;
}

/** What happens in a node, for who watches the cluster. */
export interface NodeWatcher {
  /** The metadata may be used, in a new life. */
  onStarted(node: MetadataNode): void;
  onUserAdded(node: MetadataNode, name: string): void;
  onReplaced(): void;
}

interface Life {
  readonly process: SimProcess;
  readonly group: RaftGroup;
  readonly metadata: ReplicatedMetadata;
  readonly incarnation: number;
  isStarted: boolean;
}

/** A node with its replica of the metadata, which may crash and start again. */
export class MetadataNode {
  readonly nodeId: number;
  readonly #parts: NodeParts;
  readonly #watcher: NodeWatcher;
  readonly #disk: SimDisk;
  #process: SimProcess | undefined;
  #life: Life | undefined;

  constructor(nodeId: number, parts: NodeParts, watcher: NodeWatcher) {
    this.nodeId = nodeId;
    this.#parts = parts;
    this.#watcher = watcher;
    this.#disk = new SimDisk(parts.scheduler, parts.random.fork(), {
      faults: { ...HONEST_DISK },
      watcher: {
        onDiskEvent: () => undefined,
        onWrite: () => 0,
        onDurable: () => undefined,
        onDiskMisuse: fail,
      },
    });
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  /** undefined: it is down, or still starts. */
  get life(): Life | undefined {
    return this.#life?.isStarted === true ? this.#life : undefined;
  }

  boot(): void {
    if (this.isUp) return;
    const { scheduler, random, net } = this.#parts;
    const process = new SimProcess(scheduler, random.fork(), { wallSkewMs: 0, driftPpm: 0 }, fail);
    this.#process = process;
    const disk = this.#disk.attach(process);
    process.run(() => {
      RaftNode.open(
        { clock: process, timers: process, disk, net: net.attach(process, this.nodeId) },
        {
          nodeId: this.nodeId,
          clusterId: "test",
          listenAddress: addressOf(this.nodeId),
          peerAddress: addressOf,
          createMachine: () => new MetadataStateMachine(),
          seed: process.seed,
          onFatal: fail,
          onGroupEvent: (_groupId, event) => {
            if (event.kind === "stopped") fail(event.why);
            if (event.kind !== "role") return;
            const leader = event.leader === NONE ? undefined : nodeIdOf(event.leader);
            this.#life?.metadata.onLeaderChange(leader);
          },
          appliesBeforeDurable: true,
          limits: {
            hotFileBytes: 256 * 1024,
            freeSpaceMinBytes: 0,
            snapshotReclaimBytes: 3000,
            lagKeepBytes: 20,
          },
        },
        (error, node) => this.#open(process, node ?? fail(error)),
      );
    });
  }

  /** The power fails. */
  crash(): void {
    const process = this.#process;
    if (process === undefined) return;
    process.kill();
    this.#disk.kill(process);
    this.#parts.net.kill(process, false);
    this.#disk.crash();
    this.#parts.links.detach(this.nodeId);
    this.#process = undefined;
    this.#life = undefined;
  }

  /** Calls into the node, if it has started. */
  run(call: (life: Life) => void): void {
    const { life } = this;
    if (life !== undefined) life.process.run(() => call(life));
  }

  #open(process: SimProcess, node: RaftNode): void {
    const use = (): void => {
      const group = node.group(GROUP_ID) ?? fail("no group");
      this.#use(process, group, node.incarnation);
    };
    if (node.group(GROUP_ID) !== undefined) use();
    else {
      const replicaId = replicaIdOf(this.nodeId, 1);
      node.createGroup({ groupId: GROUP_ID, epoch: 1, replicaId, conf: CONF }, use);
    }
  }

  #use(process: SimProcess, group: RaftGroup, incarnation: number): void {
    const { links } = this.#parts;
    const { nodeId } = this;
    const metadata = new ReplicatedMetadata({
      group,
      timers: process,
      log: recordingLogger().log,
      origin: { nodeId, incarnation },
      link: {
        forward: (to, payload) => links.send({ from: nodeId, to }, "forward", payload),
        answer: (to, payload) => links.send({ from: nodeId, to }, "answer", payload),
        // Nothing here looks for a change at another node than the one that made it.
        reachable: () => [],
        tellApplied: () => undefined,
      },
    });
    const life: Life = { process, group, metadata, incarnation, isStarted: false };
    this.#life = life;
    links.attach(nodeId, {
      receive: (from, kind, payload) =>
        process.run(() => {
          if (kind === "forward") metadata.onForwarded(from, payload);
          else metadata.onAnswer(from, payload);
        }),
      onPeerLost: (peer) => process.run(() => metadata.onPeerLost(peer)),
    });
    metadata.start((failure) => {
      if (failure !== undefined) fail(failure);
      metadata.tellEvents((event) => {
        if (event.type === "userAdded") this.#watcher.onUserAdded(this, event.user);
        if (event.type === "replaced") this.#watcher.onReplaced();
      });
      life.isStarted = true;
      this.#watcher.onStarted(this);
    });
  }
}

function addressOf(nodeId: number): string {
  return `node-${nodeId}:1`;
}

function fail(what: unknown): never {
  throw new Error("a simulated node failed", { cause: what });
}
