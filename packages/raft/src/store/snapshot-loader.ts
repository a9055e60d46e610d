import { DecodeError } from "../codec/decode-error.ts";
import { readControlRecord } from "../codec/record.ts";
import type { SnapshotPlace } from "../codec/record-group-image.ts";
import { decodeSnapshotRecord } from "../codec/record-snapshot.ts";
import type { Disk } from "../env/disk.ts";
import type { GroupLog } from "./group-log.ts";
import type { LogFiles } from "./log-files.ts";
import type { LoadedSnapshot } from "./log-store.ts";
import { unflatten } from "./ranges.ts";
import { isDamage, readUpTo } from "./read-fully.ts";
import { SnapshotFileReader } from "./snapshot-files.ts";
import { runTask, type Task } from "./task.ts";

export interface SnapshotLoaderDependencies {
  readonly disk: Disk;
  readonly files: LogFiles;
  readonly stamp: number;
  /** The snapshot cannot be read: the group was told to forget it. */
  onDamage(group: GroupLog): void;
  /** Reading fails for another reason. */
  onFatal(error: unknown): void;
}

type Opened = Extract<LoadedSnapshot, { kind: "snapshot" }>;

/** Opens the newest snapshot of a group. */
export function* loadSnapshot(
  group: GroupLog,
  deps: SnapshotLoaderDependencies,
): Task<LoadedSnapshot> {
  for (;;) {
    const { snapshotPlace: place } = group;
    if (group.isDeleted || place.kind === "none") return { kind: "none" };
    if (group.isSnapshotDamaged) return { kind: "damaged" };
    const opened = yield* tryOpen(group, place, deps);
    // Otherwise a newer snapshot took its place while this one was being read.
    if (group.snapshotPlace === place) {
      if (opened !== undefined) return opened;
      deps.onDamage(group);
      return { kind: "damaged" };
    }
    opened?.close();
  }
}

/** Undefined if it is damaged. */
function* tryOpen(
  group: GroupLog,
  place: SnapshotPlace,
  deps: SnapshotLoaderDependencies,
): Task<Opened | undefined> {
  try {
    return yield* open(group, place, deps);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

function open(
  group: GroupLog,
  place: SnapshotPlace,
  deps: SnapshotLoaderDependencies,
): Task<Opened> {
  return place.kind === "file" ? openFile(group, place, deps) : openRecord(group, place, deps);
}

function* openRecord(
  group: GroupLog,
  place: SnapshotPlace,
  deps: SnapshotLoaderDependencies,
): Task<Opened> {
  if (place.kind !== "record") throw new DecodeError("no snapshot");
  const record = decodeSnapshotRecord(yield* readSnapshotPayload(group, place, deps));
  if (record.state === undefined) throw new DecodeError("a snapshot without state");
  const { state } = record;
  return {
    kind: "snapshot",
    meta: group.snapshot,
    live: unflatten(group.live),
    size: state.length,
    read: (position, maxBytes, done) => done(state.subarray(position, position + maxBytes)),
    close: () => undefined,
  };
}

/** The payload of the SNAPSHOT record at `place`. @throws DecodeError, DiskError */
function* readSnapshotPayload(
  group: GroupLog,
  place: Extract<SnapshotPlace, { kind: "record" }>,
  deps: Pick<SnapshotLoaderDependencies, "files">,
): Task<Uint8Array> {
  const bytes = yield* readSnapshotRecord(place, deps.files);
  const record = readControlRecord(bytes, 0, bytes.length);
  const isRight =
    record?.groupId === group.groupId &&
    record.index === group.snapshot.index &&
    record.term === group.snapshot.term;
  if (record === undefined || !isRight) throw new DecodeError("a snapshot record is damaged");
  return record.payload;
}

/** The bytes of the SNAPSHOT record at `place`, unchecked. @throws DecodeError, DiskError */
export function* readSnapshotRecord(
  place: Extract<SnapshotPlace, { kind: "record" }>,
  files: LogFiles,
): Task<Buffer> {
  const file = files.get(place.fileSeq);
  if (file === undefined) throw new DecodeError("the file of a snapshot is missing");
  const slab = file.slabAt(place.offset, place.size);
  if (slab !== undefined) {
    const start = place.offset - slab.position;
    return slab.share().subarray(start, start + place.size);
  }
  file.pins++;
  try {
    const handle = yield* files.open(file);
    return yield* readUpTo(handle, place.offset, place.size);
  } finally {
    file.unpin();
  }
}

function* openFile(
  group: GroupLog,
  place: Extract<SnapshotPlace, { kind: "file" }>,
  deps: SnapshotLoaderDependencies,
): Task<Opened> {
  const { snapshot: meta, groupId } = group;
  const live = unflatten(group.live);
  const description = { stamp: deps.stamp, groupId, meta, stateSize: place.size };
  const reader = yield* SnapshotFileReader.open(deps.disk, place.fileSeq, description);
  return {
    kind: "snapshot",
    meta,
    live,
    size: place.size,
    read: (position, maxBytes, done) => {
      runTask(reader.read(position, maxBytes), (error, bytes) => {
        if (error === undefined && bytes !== undefined) {
          done(bytes);
          return;
        }
        if (!isDamage(error)) {
          deps.onFatal(error);
          return;
        }
        if (group.snapshotPlace === place && !group.isDeleted) deps.onDamage(group);
        done("damaged");
      });
    },
    close: () => reader.close(),
  };
}
