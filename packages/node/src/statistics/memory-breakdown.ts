import { getHeapSpaceStatistics } from "node:v8";
import type { RaftNode } from "@leveret/raft";
import type { Broker } from "../broker/broker.ts";
import { SLAB_SIZE } from "../limits.ts";
import type { NodeStatistics } from "./node-statistics.ts";

/** What the resident memory of the process is used for, in octets: the parts add up to `total.rss`. The names are RabbitMQ's. */
export interface MemoryBreakdown {
  readonly parts: Readonly<Record<MemoryPart, number>>;
  readonly total: {
    /** Heap and buffers in use. */
    readonly erlang: number;
    readonly rss: number;
    /** Heap and buffers that V8 has. */
    readonly allocated: number;
  };
}

/**
 * Connections, channels and queues are objects on one heap here, so they are not told apart: `other_proc` has them all, and those that RabbitMQ
 * has besides are 0.
 */
type MemoryPart =
  | "connection_readers"
  | "connection_writers"
  | "connection_channels"
  | "connection_other"
  | "queue_procs"
  | "queue_slave_procs"
  | "quorum_queue_procs"
  | "quorum_queue_dlx_procs"
  | "stream_queue_procs"
  | "stream_queue_replica_reader_procs"
  | "stream_queue_coordinator_procs"
  | "plugins"
  | "other_proc"
  | "metrics"
  | "mgmt_db"
  | "mnesia"
  | "quorum_ets"
  | "other_ets"
  | "binary"
  | "msg_index"
  | "code"
  | "atom"
  | "other_system"
  | "allocated_unused"
  | "reserved_unallocated";

export interface MemorySources {
  readonly broker: Broker;
  /** undefined: everything is in memory. */
  readonly raft: RaftNode | undefined;
  readonly statistics: NodeStatistics;
}

/** Measures; what is measured separately is taken off the part that holds it. */
export function memoryBreakdown({ broker, raft, statistics }: MemorySources): MemoryBreakdown {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const store = raft?.storeStatistics();
  const code = codeBytes();
  const buffers = new Remainder(arrayBuffers);
  const binary = buffers.take(broker.slabs.slabCount * SLAB_SIZE);
  const quorum_ets = buffers.take((store?.bodyCacheBytes ?? 0) + broker.logTraffic.hotBytes);
  const msg_index = buffers.take(store?.indexCacheBytes ?? 0);
  const mgmt_db = buffers.take(statistics.historyBytes);
  const heap = new Remainder(heapUsed);
  const codeOnHeap = heap.take(code);
  const all = new Remainder(rss);
  // In the order in which they are certain; the last ones get what is left of the resident memory.
  const parts = {
    ...NOTHING,
    binary: all.take(binary),
    quorum_ets: all.take(quorum_ets),
    msg_index: all.take(msg_index),
    mgmt_db: all.take(mgmt_db),
    code: all.take(codeOnHeap),
    other_proc: all.take(heap.left),
    other_ets: all.take(buffers.left + Math.max(0, external - arrayBuffers)),
    allocated_unused: all.take(heapTotal - heapUsed),
    other_system: all.left,
  };
  const total = { erlang: heapUsed + external, rss, allocated: heapTotal + external };
  return { parts, total };
}

/** What is left of some memory after parts of it were named. */
class Remainder {
  left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }

  /** At most what is left: a part that V8 has given up may be counted still. */
  take(bytes: number): number {
    const taken = Math.max(0, Math.min(this.left, bytes));
    this.left -= taken;
    return taken;
  }
}

function codeBytes(): number {
  let sum = 0;
  for (const { space_name: name, space_used_size: used } of getHeapSpaceStatistics()) {
    if (name.startsWith("code")) sum += used;
  }
  return sum;
}

const NOTHING: Readonly<Record<MemoryPart, number>> = {
  connection_readers: 0,
  connection_writers: 0,
  connection_channels: 0,
  connection_other: 0,
  queue_procs: 0,
  queue_slave_procs: 0,
  quorum_queue_procs: 0,
  quorum_queue_dlx_procs: 0,
  stream_queue_procs: 0,
  stream_queue_replica_reader_procs: 0,
  stream_queue_coordinator_procs: 0,
  plugins: 0,
  other_proc: 0,
  metrics: 0,
  mgmt_db: 0,
  mnesia: 0,
  quorum_ets: 0,
  other_ets: 0,
  binary: 0,
  msg_index: 0,
  code: 0,
  atom: 0,
  other_system: 0,
  allocated_unused: 0,
  reserved_unallocated: 0,
};
