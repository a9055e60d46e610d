import { RecordReader } from "../codec/record-bytes.ts";
import { type GroupImage, readGroupImage } from "../codec/record-group-image.ts";
import { EMPTY_CONF } from "../core/conf-state.ts";
import type { GroupId } from "../core/ids.ts";
import type { FileUse } from "./extents.ts";
import { type EntryBodies, GroupLog, NO_PROMISE } from "./group-log.ts";
import { createGroupWrites } from "./group-writes.ts";

/** All groups of the node, and those that are gone but whose records may still lie in old files. */
export class GroupTable {
  readonly #groups = new Map<GroupId, GroupLog>();
  /** Images that recovery found and nobody has asked for yet. */
  readonly #unread = new Map<GroupId, Uint8Array>();
  /** Deleted groups, with the number of the hot file that says so. */
  readonly tombstones: Map<GroupId, number> = new Map();
  readonly #files: FileUse;
  readonly #bodies: EntryBodies;

  constructor(files: FileUse, bodies: EntryBodies) {
    this.#files = files;
    this.#bodies = bodies;
  }

  get(groupId: GroupId): GroupLog | undefined {
    const image = this.#unread.get(groupId);
    if (image !== undefined) this.put(readGroupImage(new RecordReader(image)));
    return this.#groups.get(groupId);
  }

  /** In the order in which they came. */
  *all(): IterableIterator<GroupLog> {
    for (const groupId of [...this.#unread.keys()]) this.get(groupId);
    yield* this.#groups.values();
  }

  get size(): number {
    return this.#groups.size + this.#unread.size;
  }

  /** The group is as the image says, whatever was known before. */
  put(image: GroupImage): GroupLog {
    this.#forget(image.groupId);
    const group = this.#create(image);
    this.#groups.set(image.groupId, group);
    return group;
  }

  /** Stands for a group that is gone, to write down once more that it is. */
  deletedGroup(groupId: GroupId): GroupLog {
    const group = this.#create(lostImage(groupId));
    group.delete();
    return group;
  }

  /** As `put`, but the image is only read when it is needed: a later one often takes its place. */
  putUnread(groupId: GroupId, image: Uint8Array): void {
    this.#forget(groupId);
    this.#unread.set(groupId, image);
  }

  /** A group of which there are records, but none that says where it stands. */
  putLost(groupId: GroupId): GroupLog {
    return this.put(lostImage(groupId));
  }

  /** Only takes it out of the table. */
  remove(groupId: GroupId, tombstoneFile: number): void {
    this.#unread.delete(groupId);
    this.#groups.delete(groupId);
    this.tombstones.set(groupId, tombstoneFile);
  }

  #create(image: GroupImage): GroupLog {
    return new GroupLog(image, {
      files: this.#files,
      bodies: this.#bodies,
      writes: createGroupWrites(),
    });
  }

  #forget(groupId: GroupId): void {
    this.#unread.delete(groupId);
    const group = this.#groups.get(groupId);
    if (group === undefined) return;
    group.delete();
    this.#groups.delete(groupId);
  }
}

/** Of a group of which nothing is known. */
function lostImage(groupId: GroupId): GroupImage {
  return {
    groupId,
    epoch: 0,
    replicaId: 0,
    isHardStateLost: true,
    isSnapshotDamaged: false,
    hardState: { currentTerm: 0, votedFor: 0, commitIndex: 0 },
    snapshot: { index: 0, term: 0, conf: EMPTY_CONF },
    snapshotPlace: { kind: "none" },
    compactedIndex: 0,
    compactedTerm: 0,
    lastIndex: 0,
    promise: NO_PROMISE,
    stateFile: 0,
    forcedIndex: 0,
    holes: [],
    live: [],
    terms: [],
    extents: [],
  };
}
