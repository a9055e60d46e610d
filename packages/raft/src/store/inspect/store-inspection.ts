import type { ConfState } from "../../core/conf-state.ts";
import type { IndexRange, LogPosition } from "../../core/hard-state.ts";
import type { GroupId, ReplicaId } from "../../core/ids.ts";
import type { StoreDamage } from "../damage-notes.ts";
import type { NodeMetaCopy } from "../node-meta-file.ts";

/** A data directory as the next start would find it. Paths are relative to it, sizes are in bytes. */
export interface StoreInspection {
  /** The two copies of node.meta. */
  readonly nodeMeta: readonly NodeMetaCopy[];
  /** Of the copy that counts; undefined: neither can be read. */
  readonly owner: StoreOwner | undefined;
  /** Why the next start would refuse the directory; undefined: it would not. */
  readonly refusal: string | undefined;
  /** In the order of their numbers, then what is no part of the log. */
  readonly files: readonly InspectedFile[];
  /** In the order of their numbers. */
  readonly groups: readonly InspectedGroup[];
  readonly damage: readonly StoreDamage[];
  /** Damages beyond those listed. */
  readonly untoldDamages: number;
  /** The last batch, if nothing proves it to be on the disk; the next start writes it again. */
  readonly unprovenBatch:
    | { readonly path: string; readonly offset: number; readonly size: number }
    | undefined;
  /** All contents were read, not only what a start reads. */
  readonly isThorough: boolean;
}

export interface StoreOwner {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly incarnation: number;
  readonly formatVersion: number;
}

/**
 * hot and cold: of the log. spare: zeros, to be used next. snapshot: state of one group. leftover: the next start removes
 * it. foreign: not ours, left alone.
 */
export type InspectedFileKind = "hot" | "cold" | "spare" | "snapshot" | "leftover" | "foreign";

export interface InspectedFile {
  readonly path: string;
  readonly kind: InspectedFileKind;
  /** On the disk. */
  readonly size: number;
  /** Where the last batch ends; 0 for what has none. */
  readonly end: number;
  /** Undefined: not counted, as the file was not read. */
  readonly batches: number | undefined;
  /** Bytes of what still counts: entries and snapshots of groups. */
  readonly liveBytes: number;
  /** Of its index file. none: not written yet, or not needed. */
  readonly index: "whole" | "none" | "damaged" | "unread";
  /** All of it was read. */
  readonly isRead: boolean;
}

/**
 * ok; waiting: it is to be added by a leader; damaged: entries or the snapshot are gone; promised: whole again, but it may
 * not vote or lead before it has caught up; lost: term and vote are gone, it must not start.
 */
export type InspectedGroupState = "ok" | "waiting" | "promised" | "damaged" | "lost";

export interface InspectedGroup {
  readonly groupId: GroupId;
  readonly epoch: number;
  readonly replicaId: ReplicaId;
  readonly state: InspectedGroupState;
  readonly currentTerm: number;
  /** 0: nobody. */
  readonly votedFor: ReplicaId;
  /** Of the entries in the log; `lastIndex` is below `firstIndex` if there are none. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly compactedIndex: number;
  readonly snapshot: {
    readonly index: number;
    readonly term: number;
    /** Its state; 0: none. */
    readonly bytes: number;
    readonly path: string | undefined;
    readonly isDamaged: boolean;
  };
  /** As of the snapshot. */
  readonly conf: ConfState;
  /** Entries in the log, and those before it that the snapshot still needs. */
  readonly entries: number;
  readonly liveEntries: number;
  /** Of both. */
  readonly bytes: number;
  /** Entries of the log that are lost, and those before it. */
  readonly holes: readonly IndexRange[];
  readonly lostLive: readonly IndexRange[];
  readonly promise: LogPosition | undefined;
  readonly forcedIndex: number;
}

/** What the record of an entry says in its header, and where it is. */
export interface EntryHeader {
  readonly index: number;
  /** 0: it cannot be read. */
  readonly term: number;
  readonly type: "command" | "empty" | "conf-change" | "lost";
  /** Of the data. */
  readonly size: number;
  readonly path: string;
  readonly offset: number;
}
