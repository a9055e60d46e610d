import { createHash } from "node:crypto";
import { lstat, mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  EMPTY_CONF,
  type ProposalResult,
  type RaftGroup,
  type RaftLimits,
  RaftNode,
  replicaIdOf,
} from "@leveret/raft";
import { encodeMetadataCommand } from "../../src/metadata/codec/command-codec.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import { MetadataStateMachine } from "../../src/metadata/metadata-state-machine.ts";
import { COMMAND_ENQUEUE } from "../../src/queue/log/command-type.ts";
import {
  ENQUEUE_HEADER_SIZE,
  ENQUEUE_VERSION,
  ITEM_HEADER_SIZE,
} from "../../src/queue/log/enqueue-batch.ts";
import { encodeProgress } from "../../src/queue/log/progress.ts";
import { QueueLog } from "../../src/queue/log/queue-log.ts";
import { RealDisk } from "../../src/runtime/real-disk.ts";
import { RealNet } from "../../src/runtime/real-net.ts";
import { RealRaftClock } from "../../src/runtime/real-raft-clock.ts";

const BODY_SIZE = 1000;
const METADATA = 1;
const FIRST_QUEUE = 16;
const REPLICA = replicaIdOf(1, 1);
/** Small files, so that there are several, which stay as they were written. */
const LIMITS: Partial<RaftLimits> = {
  rewriteLiveRatio: 0,
  checkpointEntries: 1e6,
  hotFileBytes: 1 << 18,
  spareFiles: 1,
  batchMaxBytes: 1 << 16,
};

/** The command that puts one message into a queue's log. */
function enqueue(text: string): Buffer {
  const body = Buffer.from(text.padEnd(BODY_SIZE, "."));
  const command = Buffer.alloc(ENQUEUE_HEADER_SIZE + ITEM_HEADER_SIZE + 2);
  command[0] = COMMAND_ENQUEUE;
  command[1] = ENQUEUE_VERSION;
  command.writeUInt16LE(1, 2);
  command.writeUInt32LE(body.length, ENQUEUE_HEADER_SIZE + 8);
  // Exchange and routing key are empty.
  return Buffer.concat([command, body]);
}

/** A node on a data directory with metadata and queues' groups, as the broker's storage makes them. */
export class WrittenDirectory {
  readonly path: string;
  #node: RaftNode | undefined;

  readonly #limits: Partial<RaftLimits>;

  private constructor(path: string, limits: Partial<RaftLimits>) {
    this.path = path;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Queues `q1` to `q<queues>` in vhost `/`, each with so many messages; the node is stopped. */
  static async make(
    queues: number,
    messages: number,
    limits: Partial<RaftLimits> = {},
  ): Promise<WrittenDirectory> {
    const path = await mkdtemp(join(tmpdir(), "leveret-inspect-"));
    const directory = new WrittenDirectory(path, limits);
    await directory.start();
    await directory.#create(METADATA);
    await directory.apply({ type: "addVhost", name: "/" });
    for (let queue = 1; queue <= queues; queue++) await directory.addQueue(`q${queue}`, messages);
    await directory.stop();
    return directory;
  }

  async start(): Promise<void> {
    const clock = new RealRaftClock();
    this.#node = await new Promise<RaftNode>((resolve, reject) => {
      RaftNode.open(
        { clock, timers: clock, disk: new RealDisk(this.path), net: new RealNet() },
        {
          nodeId: 1,
          clusterId: "hares",
          listenAddress: undefined,
          peerAddress: () => undefined,
          createMachine: (groupId) =>
            groupId === METADATA ? new MetadataStateMachine() : new QueueLog(),
          seed: 1,
          onFatal: (error) => {
            throw error;
          },
          limits: this.#limits,
        },
        (error, node) => (node === undefined ? reject(error) : resolve(node)),
      );
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#node === undefined) resolve();
      else this.#node.stop(resolve);
    });
  }

  async addQueue(name: string, messages: number): Promise<void> {
    const queue = {
      vhost: "/",
      name,
      type: "classic",
      durable: true,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
    } as const;
    await this.apply({ type: "declareQueue", queue });
    const groupId = FIRST_QUEUE + this.#queues++;
    await this.#create(groupId);
    for (let message = 1; message <= messages; message++) {
      await this.#propose(groupId, enqueue(`${name} message ${message}.`));
    }
  }
  #queues = 0;

  /** The first `count` messages of the first queue were consumed. */
  async consume(count: number): Promise<void> {
    const removed = [{ level: 0, first: 0, last: (count + 3) * 256 - 1 }];
    await this.#propose(FIRST_QUEUE, encodeProgress({ removed, delivered: [], returned: [] }));
  }

  async apply(command: MetadataCommand): Promise<void> {
    await this.#propose(METADATA, encodeMetadataCommand(command));
  }

  async #propose(groupId: number, data: Uint8Array): Promise<void> {
    const group = this.#group(groupId);
    for (;;) {
      const result = await new Promise<ProposalResult>((resolve) =>
        group.propose(data, {}, resolve),
      );
      if (result.kind === "applied") return;
      // It is still starting.
      if (result.kind !== "not-leader" && result.kind !== "busy") throw new Error(result.kind);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #create(groupId: number): Promise<void> {
    const conf = { ...EMPTY_CONF, voters: [REPLICA] };
    const group = { groupId, epoch: 1, replicaId: REPLICA, conf };
    await new Promise<void>((resolve) => this.#opened.createGroup(group, resolve));
  }

  #group(groupId: number): RaftGroup {
    const group = this.#opened.group(groupId);
    if (group === undefined) throw new Error(`no group ${groupId}`);
    return group;
  }

  get #opened(): RaftNode {
    if (this.#node === undefined) throw new Error("the node is not started");
    return this.#node;
  }
}

/** All about a directory that a reader could have changed: names, sizes, times of change, modes and contents. */
export async function fingerprint(path: string): Promise<string> {
  const hash = createHash("sha256");
  const names = (await readdir(path, { recursive: true })).sort();
  for (const name of ["", ...names]) {
    const stats = await lstat(join(path, name));
    const { size, mtimeMs, ctimeMs, mode, ino } = stats;
    hash.update(JSON.stringify([name, size, mtimeMs, ctimeMs, mode, ino]));
    if (stats.isFile()) hash.update(await readFile(join(path, name)));
  }
  return hash.digest("hex");
}
