import { mkdirSync } from "node:fs";
import { EMPTY_CONF, type RaftGroup, RaftNode, replicaIdOf } from "@leveret/raft";
import { RealDisk } from "../../packages/node/src/runtime/real-disk.ts";
import { RealNet } from "../../packages/node/src/runtime/real-net.ts";
import { RealRaftClock } from "../../packages/node/src/runtime/real-raft-clock.ts";
import { CountingDisk } from "./counting-disk.ts";
import { CountingMachine } from "./counting-machine.ts";
import { LoadGenerator } from "./load-generator.ts";
import type { NodeProgramOptions } from "./node-program-options.ts";

// One node of a benchmark. Its argument is NodeProgramOptions as JSON. It prints a line of JSON when it is ready, then one
// after each interval, and ends on SIGTERM, gracefully.

const PUMP_MS = 20;
/** Groups that are created at the same time. */
const CREATING_MAX = 500;

class NodeProgram {
  readonly #options: NodeProgramOptions;
  readonly #disk: CountingDisk;
  readonly #startedMs = performance.now();
  readonly #loads: LoadGenerator[] = [];
  #created = 0;
  #creating = 0;

  constructor(options: NodeProgramOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true });
    this.#disk = new CountingDisk(new RealDisk(options.directory));
  }

  run(): void {
    const { nodeId, addresses } = this.#options;
    const clock = new RealRaftClock();
    RaftNode.open(
      { clock, timers: clock, disk: this.#disk, net: new RealNet() },
      {
        nodeId,
        clusterId: "bench",
        listenAddress: addresses[nodeId],
        peerAddress: (peer) => addresses[peer],
        createMachine: () => new CountingMachine(this.#options.keepsAll),
        seed: process.pid,
        onFatal: (error) => {
          throw error;
        },
      },
      (error, node) => {
        if (error !== undefined || node === undefined) throw error ?? new Error("no node");
        this.#onOpen(node);
      },
    );
  }

  #onOpen(node: RaftNode): void {
    process.once("SIGTERM", () => node.stop(() => process.exit(0)));
    this.#print({ event: "open", openMs: performance.now() - this.#startedMs });
    for (let each = 0; each < CREATING_MAX; each++) this.#createNext(node);
  }

  /** Goes on with the next group that is not here yet; after the last one the node is ready. */
  #createNext(node: RaftNode): void {
    const { groups, nodeId } = this.#options;
    while (this.#created < groups) {
      this.#created++;
      const groupId = this.#created;
      if (node.group(groupId) !== undefined) continue;
      this.#creating++;
      const replicaId = replicaIdOf(nodeId, 1);
      node.createGroup({ groupId, epoch: 1, replicaId, conf: this.#conf() }, () => {
        this.#creating--;
        this.#createNext(node);
      });
      return;
    }
    if (this.#creating === 0 && this.#created === groups) {
      // Only the last one that comes here sees this number.
      this.#created++;
      this.#onReady(node);
    }
  }

  #conf() {
    const voters = Object.keys(this.#options.addresses).map((id) => replicaIdOf(Number(id), 1));
    return { ...EMPTY_CONF, voters };
  }

  #onReady(node: RaftNode): void {
    const { load, reportMs } = this.#options;
    this.#print({ event: "ready", readyMs: performance.now() - this.#startedMs });
    setInterval(() => this.#report(node), reportMs);
    if (load === undefined) return;
    for (const group of node.groups()) this.#loads.push(new LoadGenerator(group, load));
    setInterval(() => {
      for (const each of this.#loads) each.pump();
    }, PUMP_MS);
  }

  #report(node: RaftNode): void {
    const { groups, groupsAwake, groupsLed, groupsStarting, groupsStopped } = node.metrics();
    const [first] = node.groups();
    this.#print({
      event: "report",
      atMs: performance.now(),
      applied: this.#loads.reduce((sum, each) => sum + each.applied, 0),
      refused: this.#loads.reduce((sum, each) => sum + each.refused, 0),
      isFinished: this.#loads.every((each) => each.isFinished),
      latencies: percentiles(this.#loads.flatMap((each) => each.takeLatencies())),
      ...this.#disk.counts,
      groups,
      groupsAwake,
      groupsLed,
      groupsStarting,
      groupsStopped,
      status: first === undefined ? undefined : describe(first),
    });
  }

  #print(report: Readonly<Record<string, unknown>>): void {
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }
}

function percentiles(latencies: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = latencies.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

function describe(group: RaftGroup): string {
  const { role, term, commitIndex, lastIndex, stoppedBecause } = group.status();
  return `${role} of term ${term}, commit ${commitIndex} of ${lastIndex} ${stoppedBecause ?? ""}`;
}

// The only caller is raft-cluster.ts, which writes nothing else.
const options = JSON.parse(process.argv[2] ?? "{}") as NodeProgramOptions;
new NodeProgram(options).run();
