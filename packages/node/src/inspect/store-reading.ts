import {
  type Disk,
  type Entry,
  type EntryHeader,
  type IndexRange,
  inspectStore,
  type StoreInspector,
} from "@leveret/raft";
import { RealRaftClock } from "../runtime/real-raft-clock.ts";

interface InspectorOptions {
  readonly isThorough: boolean;
  onProgress?(path: string, position: number, count: number): void;
}

/** @throws StoreOpenError, DiskError, DecodeError */
export function openInspector(disk: Disk, options: InspectorOptions): Promise<StoreInspector> {
  const clock = new RealRaftClock();
  return new Promise((resolve, reject) => {
    inspectStore({ disk, clock, timers: clock, ...options }, (error, inspector) => {
      if (inspector !== undefined) resolve(inspector);
      else reject(error ?? new Error("no answer"));
    });
  });
}

export function readGroupHeaders(
  inspector: StoreInspector,
  groupId: number,
  range: IndexRange,
): Promise<readonly EntryHeader[]> {
  return new Promise((resolve, reject) => {
    inspector.readHeaders(groupId, range, (error, headers) => {
      if (error === undefined) resolve(headers ?? []);
      else reject(error);
    });
  });
}

/** Undefined: the first one is not there or cannot be read. */
export function readGroupEntries(
  inspector: StoreInspector,
  groupId: number,
  range: IndexRange,
): Promise<readonly Entry[] | undefined> {
  return new Promise((resolve, reject) => {
    inspector.readEntries(groupId, range, (error, entries) => {
      if (error === undefined) resolve(entries);
      else reject(error);
    });
  });
}

/** False: it cannot be read. */
export function readGroupSnapshot(
  inspector: StoreInspector,
  groupId: number,
  onPiece: (bytes: Uint8Array) => void,
): Promise<boolean> {
  const take = (bytes: Uint8Array): boolean => {
    onPiece(bytes);
    return true;
  };
  return new Promise((resolve, reject) => {
    inspector.readSnapshot(groupId, take, (error, isWhole) => {
      if (error === undefined) resolve(isWhole === true);
      else reject(error);
    });
  });
}
