import {
  type Entry,
  entrySize,
  type RestoreSink,
  type SnapshotSource,
  type StateMachine,
} from "@leveret/raft";
import { decodeMetadataEntry, type EntryOrigin, type MetadataEntry } from "./codec/entry-codec.ts";
import { MetadataSnapshotReader, MetadataSnapshotSource } from "./codec/snapshot-codec.ts";
import { type MetadataCommand, type MetadataResult, UNCHANGED } from "./commands.ts";
import { MetadataDigest } from "./metadata-digest.ts";
import { MetadataMachine } from "./metadata-machine.ts";
import type { ReplicatedSnapshot } from "./metadata-snapshot.ts";
import { SubmissionOrigins } from "./submission-origins.ts";

/** The first group of a queue; below are the metadata's (1) and numbers kept for later. */
export const FIRST_QUEUE_GROUP_ID = 16;

/** What an entry says, so that it need not be decoded once more: `Entry.command` of a proposal. */
export class SubmittedCommand implements MetadataEntry {
  readonly origin: EntryOrigin;
  /** As it was decoded from the entry's bytes, so that a replay can do nothing else. */
  readonly command: MetadataCommand | undefined;

  constructor(origin: EntryOrigin, command: MetadataCommand | undefined) {
    this.origin = origin;
    this.command = command;
  }
}

/** Who is told what becomes of the replica: the store of this node. It may not call into the group or the machine. */
export interface ReplicaWatcher {
  /** The submission was applied. One that was not the next of its node changes nothing, and is not told. */
  onApplied(origin: EntryOrigin, result: MetadataResult): void;
  /** A snapshot replaced the state: submissions may have been applied without being told. */
  onReplaced(): void;
}

/** The metadata machine as group 1 replicates it. */
export class MetadataStateMachine implements StateMachine {
  /** The same object for life, also after a restore. */
  readonly machine: MetadataMachine = new MetadataMachine(() => undefined, FIRST_QUEUE_GROUP_ID);
  watcher: ReplicaWatcher | undefined;
  readonly #origins = new SubmissionOrigins();
  readonly #digest = new MetadataDigest();
  #reclaimableBytes = 0;

  /** The state refers to no entry: a snapshot frees all. */
  get reclaimableBytes(): number {
    return this.#reclaimableBytes;
  }

  /** Which submissions are part of the state. */
  get origins(): Pick<SubmissionOrigins, "applied" | "records"> {
    return this.#origins;
  }

  /** @throws MetadataCodecError if it is not known here what the entry means; the group must stop */
  apply(entry: Entry): void {
    const { origin, command } =
      entry.command instanceof SubmittedCommand ? entry.command : decodeMetadataEntry(entry.data);
    this.#reclaimableBytes += entrySize(entry);
    if (origin === undefined) {
      this.#change(command);
      return;
    }
    if (this.machine.wasRemoved(origin.nodeId) || !this.#origins.take(origin)) return;
    const result = this.#change(command);
    this.watcher?.onApplied(origin, result);
  }

  snapshot(): SnapshotSource {
    this.#reclaimableBytes = 0;
    return new MetadataSnapshotSource(this.#capture());
  }

  restore(): RestoreSink {
    const reader = new MetadataSnapshotReader();
    return {
      add: (bytes) => reader.add(bytes),
      finish: () => {
        const { origins, ...state } = reader.finish();
        const restored = MetadataMachine.fromSnapshot(state, () => undefined);
        this.#origins.replace(origins);
        this.#reclaimableBytes = 0;
        this.machine.adopt(restored);
        this.watcher?.onReplaced();
      },
    };
  }

  digest(): number {
    return this.#digest.of(this.#capture());
  }

  #change(command: MetadataCommand | undefined): MetadataResult {
    if (command === undefined) return UNCHANGED;
    const result = this.machine.apply(command);
    if (command.type === "removeMember" && result.ok) this.#origins.forget(command.nodeId);
    return result;
  }

  #capture(): ReplicatedSnapshot {
    return { ...this.machine.capture(), origins: this.#origins.records() };
  }
}
