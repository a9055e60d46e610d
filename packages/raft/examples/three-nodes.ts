/**
 * Three nodes in one process, on simulated disks, network and time; one group with a replica on each. Prints what happens:
 *
 *     node --conditions=@leveret/source --import tsx packages/raft/examples/three-nodes.ts
 */
import { type RaftGroup, RaftNode, replicaIdOf } from "@leveret/raft";
import {
  CALM_NET,
  HONEST_DISK,
  Random,
  SimDisk,
  SimNet,
  SimProcess,
  SimScheduler,
} from "@leveret/raft/sim";
import { add, SumMachine } from "./sum-machine.ts";

const GROUP = 1;
const NODES = [1, 2, 3];

const random = new Random(42);
const scheduler = new SimScheduler(random.fork());
const net = new SimNet(scheduler, random.fork(), {
  faults: CALM_NET,
  watcher: { onNetEvent: () => {} },
});

/** Starts a node with an empty disk; `onOpen` gets it when it can be used. */
function startNode(nodeId: number, onOpen: (node: RaftNode) => void): void {
  const fail = (what: unknown): never => {
    throw new Error(`node ${nodeId} failed`, { cause: what });
  };
  const process = new SimProcess(scheduler, random.fork(), { wallSkewMs: 0, driftPpm: 0 }, fail);
  const disk = new SimDisk(scheduler, random.fork(), {
    faults: { ...HONEST_DISK },
    watcher: { onDiskEvent: () => {}, onWrite: () => 0, onDurable: () => {}, onDiskMisuse: fail },
  });
  process.run(() => {
    RaftNode.open(
      {
        clock: process,
        timers: process,
        disk: disk.attach(process),
        net: net.attach(process, nodeId),
      },
      {
        nodeId,
        clusterId: "example",
        listenAddress: `node-${nodeId}:1`,
        peerAddress: (peer) => `node-${peer}:1`,
        createMachine: () => new SumMachine(),
        seed: process.seed,
        limits: { hotFileBytes: 1024 * 1024 }, // The simulated disks are in memory.
        onFatal: fail,
      },
      (error, node) => (node === undefined ? fail(error) : onOpen(node)),
    );
  });
}

/** Lets the simulated world go on until `condition` holds. @throws Error after a simulated minute */
function runUntil(condition: () => boolean): void {
  const untilMs = scheduler.nowMs + 60_000;
  while (!condition()) {
    if (!scheduler.runNext(untilMs)) throw new Error("nothing happens any more");
  }
}

// A group starts with the same members on each of them; a node's number is part of its replica's.
const conf = {
  voters: NODES.map((nodeId) => replicaIdOf(nodeId, 1)),
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};
const groups: RaftGroup[] = [];
for (const nodeId of NODES) {
  startNode(nodeId, (node) => {
    const replicaId = replicaIdOf(nodeId, 1);
    node.createGroup({ groupId: GROUP, epoch: 0, replicaId, conf }, () => {
      const group = node.group(GROUP);
      if (group !== undefined) groups.push(group);
    });
  });
}

const leader = (): RaftGroup | undefined =>
  groups.find((group) => group.status().role === "leader");
runUntil(() => leader() !== undefined);
process.stdout.write(`leader in term ${leader()?.status().term}\n`);

const results: string[] = [];
for (const number of [3, 4, 5]) {
  leader()?.propose(add(number), {}, (result) => results.push(result.kind));
}
runUntil(() => results.length === 3);
process.stdout.write(`proposals: ${results.join(", ")}\n`);

const sums = (): number[] =>
  groups.map(({ machine }) => (machine instanceof SumMachine ? machine.sum : Number.NaN));
runUntil(() => sums().every((sum) => sum === 12));
process.stdout.write(`sums on the three nodes: ${sums().join(", ")}\n`);
