import type { RaftNode } from "@leveret/raft";
import type { DiskMonitor } from "../alarm/disk-monitor.ts";
import type { MemoryMonitor } from "../alarm/memory-monitor.ts";
import type { Broker } from "../broker/broker.ts";
import type { DiskFigures } from "../runtime/measured-disk.ts";
import { type MemoryBreakdown, memoryBreakdown } from "./memory-breakdown.ts";
import { NodeStatistics } from "./node-statistics.ts";
import { GC_KINDS, ProcessFigures } from "./process-figures.ts";

/** Where figures of a node come from. */
export interface FigureParts {
  readonly broker: Broker;
  readonly memory: MemoryMonitor;
  readonly disk: DiskMonitor | undefined;
  /** undefined: everything is in memory. */
  readonly storage: StorageFigures | undefined;
}

/** What the storage tells of itself. */
interface StorageFigures {
  readonly identity: { readonly clusterId: string };
  readonly node: RaftNode;
  readonly diskFigures: DiskFigures;
  /** Of the last proposal of a queue's group that was measured; undefined: there was none. */
  commitLatencyMs(groupId: number): number | undefined;
}

/** Names of the node's gauges and counters in GET /nodes, as a row of figures. */
export const NODE_GAUGES: readonly string[] = [
  "mem_used",
  "fd_used",
  "sockets_used",
  "proc_used",
  "disk_free",
  "gc_num",
  "context_switches",
  "io_read_count",
  "io_read_bytes",
  "io_write_count",
  "io_write_bytes",
  "io_sync_count",
];

/** All figures of one life of a node's app. They are read when somebody asks; what has to be watched is, from `start` on. */
export class NodeFigures {
  readonly statistics: NodeStatistics;
  readonly process: ProcessFigures = new ProcessFigures();
  readonly #parts: FigureParts;

  constructor(parts: FigureParts) {
    this.#parts = parts;
    this.statistics = new NodeStatistics(parts.broker, {
      width: NODE_GAUGES.length,
      read: (into) => this.#readGauges(into),
    });
  }

  /** undefined: everything is in memory. */
  get raft(): RaftNode | undefined {
    return this.#parts.storage?.node;
  }

  /** undefined: everything is in memory. */
  get disk(): Readonly<DiskFigures> | undefined {
    return this.#parts.storage?.diskFigures;
  }

  /** undefined: everything is in memory. */
  get clusterId(): string | undefined {
    return this.#parts.storage?.identity.clusterId;
  }

  /** Of the last proposal of a queue's group that was measured, ms; undefined: there was none. */
  commitLatencyMs(groupId: number): number | undefined {
    return this.#parts.storage?.commitLatencyMs(groupId);
  }

  /** Objects for each of which RabbitMQ has a process. */
  get objectCount(): number {
    const { broker } = this.#parts;
    return broker.connectionCount + broker.channelCount + broker.queueCount;
  }

  /** Samples and watching begin. Repeatable. */
  start(): void {
    this.statistics.start();
    this.process.start();
  }

  stop(): void {
    this.statistics.stop();
    this.process.stop();
  }

  memoryBreakdown(): MemoryBreakdown {
    const { statistics, raft } = this;
    return memoryBreakdown({ broker: this.#parts.broker, raft, statistics });
  }

  #readGauges(into: Float64Array): void {
    const { broker, memory, disk: diskMonitor } = this.#parts;
    const { voluntaryContextSwitches, involuntaryContextSwitches } = process.resourceUsage();
    const { disk } = this;
    into[0] = memory.used;
    into[1] = this.process.openFiles ?? 0;
    into[2] = broker.connectionCount;
    into[3] = this.objectCount;
    into[4] = diskMonitor?.free ?? 0;
    into[5] = GC_KINDS.reduce((sum, kind) => sum + this.process.gc[kind].count, 0);
    into[6] = voluntaryContextSwitches + involuntaryContextSwitches;
    into[7] = disk?.reads ?? 0;
    into[8] = disk?.readBytes ?? 0;
    into[9] = disk?.writes ?? 0;
    into[10] = disk?.writeBytes ?? 0;
    into[11] = disk?.syncs ?? 0;
  }
}
