export { Coverage, REQUIRED_COUNT } from "./coverage.ts";
export { ensure, type Invariant, InvariantViolation } from "./invariants/violation.ts";
export { type Cut, cutOf, PARTITION_KINDS, type PartitionKind } from "./partitions.ts";
export { Random } from "./random.ts";
export { type RunOptions, type RunResult, runSeed } from "./run-seed.ts";
export { type Shrunk, shrink } from "./shrink.ts";
export type { NetFaults } from "./sim-connection.ts";
export { type DiskFaults, type DiskWatcher, HONEST_DISK, SimDisk } from "./sim-disk.ts";
export { CALM_NET, SimNet } from "./sim-net.ts";
export { type ClockFaults, SimProcess } from "./sim-process.ts";
export { SimScheduler } from "./sim-scheduler.ts";
export { drawSwarm, FAULT_CLASSES, type FaultClass, type Swarm } from "./swarm.ts";
export type {
  SettledGroup,
  SettledReplica,
  Workload,
  WorkProposal,
  WorkTarget,
} from "./workload.ts";
