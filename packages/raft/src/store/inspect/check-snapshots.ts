import type { GroupLog } from "../group-log.ts";
import type { LoadedSnapshot } from "../log-store.ts";
import { loadSnapshot } from "../snapshot-loader.ts";
import { snapshotFileOf } from "../store-opening.ts";
import { type Task, until } from "../task.ts";
import type { InspectedLog } from "./inspected-log.ts";

type OpenSnapshot = Extract<LoadedSnapshot, { kind: "snapshot" }>;

/** Bytes of a state read at once. */
const READ_BYTES = 1024 * 1024;

/**
 * Reads the state of a group's snapshot piece by piece. Returns whether it is whole, or there is none; `onPiece` returns false
 * to leave the rest alone. @throws DiskError
 */
export function* readSnapshot(
  log: InspectedLog,
  group: GroupLog,
  onPiece: (bytes: Uint8Array) => boolean,
): Task<boolean> {
  const reading: Reading = { failure: undefined, resume: undefined };
  const loaded = yield* loadSnapshot(group, {
    disk: log.disk,
    files: log.recovered.files,
    stamp: log.stamp,
    onDamage: (damaged) => {
      damaged.isSnapshotDamaged = true;
    },
    onFatal: (error) => {
      reading.failure = { error };
      reading.resume?.();
    },
  });
  if (loaded.kind !== "snapshot") return loaded.kind === "none";
  try {
    for (let position = 0; position < loaded.size; ) {
      const bytes = yield* readPiece(loaded, position, reading);
      if (bytes === "damaged") return false;
      position += bytes.length;
      if (!onPiece(bytes)) break;
    }
    return true;
  } finally {
    loaded.close();
  }
}

interface Reading {
  failure: { readonly error: unknown } | undefined;
  /** Set while a piece is being read: a failure is told instead of an answer. */
  resume: (() => void) | undefined;
}

function* readPiece(
  snapshot: OpenSnapshot,
  position: number,
  reading: Reading,
): Task<Uint8Array | "damaged"> {
  let piece: Uint8Array | "damaged" = "damaged";
  yield* until((done) => {
    reading.resume = done;
    snapshot.read(position, READ_BYTES, (bytes) => {
      piece = bytes;
      done();
    });
  });
  if (reading.failure !== undefined) throw reading.failure.error;
  return piece;
}

/** Reads the snapshots of all groups and notes those that cannot be read. @throws DiskError */
export function* checkSnapshotStates(log: InspectedLog): Task<void> {
  const { table, log: recovered } = log.recovered;
  for (const group of table.all()) {
    const { snapshotPlace: place, groupId, snapshot } = group;
    if (place.kind === "none" || group.isSnapshotDamaged) continue;
    if (yield* readSnapshot(log, group, () => true)) continue;
    const offset = place.kind === "record" ? place.offset : 0;
    const path = snapshotFileOf(group) ?? "";
    recovered.replay.notes.begin({ kind: "snapshot", path, offset, size: place.size });
    recovered.replay.notes.lose({ groupId, what: "snapshot", first: 1, last: snapshot.index });
  }
}
