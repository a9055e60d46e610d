export { entryChecksum } from "./codec/entry-record.ts";
export {
  type ConfChange,
  type ConfChangeStep,
  type ConfState,
  EMPTY_CONF,
} from "./core/conf-state.ts";
export { type Entry, EntryType, entrySize } from "./core/entry.ts";
export type { HardState, IndexRange, LogPosition } from "./core/hard-state.ts";
export {
  type GroupId,
  NONE,
  type NodeId,
  nodeIdOf,
  type ReplicaId,
  replicaIdOf,
} from "./core/ids.ts";
export type { SnapshotMeta } from "./core/message.ts";
export type { Append, CoreEvent, Role } from "./core/ready.ts";
export type { Clock, Timer, Timers } from "./env/clock.ts";
export {
  type Disk,
  type DiskDone,
  DiskError,
  type DiskErrorCode,
  type DiskFile,
  type DiskLock,
  type DiskResult,
  type OpenMode,
} from "./env/disk.ts";
export type { Connection, ConnectionHandler, Net, NetListener } from "./env/net.ts";
export type { HostMetrics } from "./host/metrics.ts";
export type {
  GroupEvent,
  GroupPriority,
  GroupStatus,
  HostObserver,
  MemberProgress,
  NodePlatform,
  ProposalResult,
  RaftGroup,
  RaftNodeOptions,
  Refusal,
} from "./host/node-options.ts";
export { RaftNode } from "./host/raft-node.ts";
export type { RestoreSink, StateMachine } from "./host/state-machine.ts";
export { DEFAULT_LIMITS, type RaftLimits } from "./limits.ts";
export type { DamageKind, DamagePlace, GroupLoss, StoreDamage } from "./store/damage-notes.ts";
export { type InspectOptions, inspectStore } from "./store/inspect/inspect-store.ts";
export type {
  EntryHeader,
  InspectedFile,
  InspectedFileKind,
  InspectedGroup,
  InspectedGroupState,
  StoreInspection,
  StoreOwner,
} from "./store/inspect/store-inspection.ts";
export type { StoreInspector } from "./store/inspect/store-inspector.ts";
export type {
  LoadedSnapshot,
  LogStore,
  LogStoreListener,
  ReadResult,
  RecoveredGroup,
  SnapshotReceiver,
  SnapshotSource,
  SpaceState,
} from "./store/log-store.ts";
export { NodeLogStore } from "./store/node-log-store.ts";
export {
  type DirectoryOwner,
  type NodeMetaCopy,
  noteInUse,
  readOwner,
  StoreOpenError,
} from "./store/node-meta-file.ts";
export type { LogStoreStatistics } from "./store/store-statistics.ts";
