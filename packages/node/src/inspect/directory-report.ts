import type { EntryHeader, InspectedGroup, NodeMetaCopy, StoreInspection } from "@leveret/raft";
import type { LockState } from "../runtime/lock-state.ts";
import { METADATA_GROUP_ID } from "../storage/node-storage.ts";
import type { QueueContents } from "./group-contents.ts";

/** The queue whose contents a group keeps. */
export interface GroupQueue {
  readonly vhost: string;
  readonly name: string;
}

/** What the metadata in a directory say, as far as they can be read. */
export type MetadataNames =
  | {
      readonly kind: "read";
      readonly queues: ReadonlyMap<number, GroupQueue>;
      /** Whether everything up to the last entry could be read. */
      readonly isComplete: boolean;
    }
  | { readonly kind: "unreadable"; readonly why: string };

/** One group with some of its entries. */
export interface GroupDetail {
  readonly group: InspectedGroup;
  /** The newest ones, ascending. */
  readonly entries: readonly EntryHeader[];
  /** What they say, by index. */
  readonly meanings: ReadonlyMap<number, string>;
  /** Undefined: the group is not a queue's. */
  readonly contents: QueueContents | undefined;
}

/** Everything that `leveret inspect` found. */
export interface DirectoryReport {
  /** Absolute. */
  readonly directory: string;
  readonly lock: LockState;
  readonly store: StoreInspection;
  readonly names: MetadataNames;
  /** Undefined: not asked for. */
  readonly detail: GroupDetail | undefined;
}

/** Queues of which the metadata say that they have a group, and it is not here. */
export function queuesWithoutGroup({ store, names }: DirectoryReport): readonly GroupQueue[] {
  if (names.kind !== "read") return [];
  const present = new Set(store.groups.map(({ groupId }) => groupId));
  return [...names.queues].filter(([groupId]) => !present.has(groupId)).map(([, queue]) => queue);
}

/** Groups that no queue has any more. */
export function groupsWithoutQueue({ store, names }: DirectoryReport): readonly InspectedGroup[] {
  if (names.kind !== "read" || !names.isComplete) return [];
  return store.groups.filter(
    ({ groupId }) => groupId !== METADATA_GROUP_ID && !names.queues.has(groupId),
  );
}

/** Groups that are not as they should be. */
export function troubledGroups({ store }: DirectoryReport): readonly InspectedGroup[] {
  return store.groups.filter(({ state }) => state !== "ok" && state !== "waiting");
}

/**
 * Copies of node.meta that are no good. One that is missing is not damage as long as the other one is there: the first start
 * may have ended between the two.
 */
export function badCopies({ store }: DirectoryReport): readonly NodeMetaCopy[] {
  const { nodeMeta, owner } = store;
  return nodeMeta.filter(
    ({ content }) => content === "damaged" || (content === "missing" && owner === undefined),
  );
}

/** Whether all that is damaged costs nothing. */
export function isHarmless(report: DirectoryReport): boolean {
  const { damage, refusal } = report.store;
  const costs = damage.some(
    ({ kind, losses }) => losses.length > 0 || kind === "short" || kind === "unknown",
  );
  const isLogThere = report.store.groups.length > 0;
  return !costs && isLogThere && refusal === undefined && troubledGroups(report).length === 0;
}

/** Whether nothing at all is damaged. */
export function isWhole(report: DirectoryReport): boolean {
  const { damage, refusal } = report.store;
  return (
    damage.length === 0 &&
    refusal === undefined &&
    badCopies(report).length === 0 &&
    troubledGroups(report).length === 0 &&
    report.names.kind === "read"
  );
}
