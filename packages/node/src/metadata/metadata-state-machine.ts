import {
  type Entry,
  entrySize,
  type RestoreSink,
  type SnapshotSource,
  type StateMachine,
} from "@leveret/raft";
import { decodeMetadataCommand } from "./codec/command-codec.ts";
import { MetadataSnapshotReader, MetadataSnapshotSource } from "./codec/snapshot-codec.ts";
import type { MetadataCommand, MetadataResult } from "./commands.ts";
import { MetadataDigest } from "./metadata-digest.ts";
import { MetadataMachine } from "./metadata-machine.ts";

/** The first group of a queue; below are the metadata's (1) and numbers kept for later. */
export const FIRST_QUEUE_GROUP_ID = 16;

/** A command of this node on its way through the log: `Entry.command` of its proposal. */
export class SubmittedCommand {
  /** As it was decoded from the entry's bytes, so that a replay can do nothing else. */
  readonly command: MetadataCommand;
  readonly onApplied: (result: MetadataResult) => void;

  constructor(command: MetadataCommand, onApplied: (result: MetadataResult) => void) {
    this.command = command;
    this.onApplied = onApplied;
  }
}

/** The metadata machine as group 1 replicates it. */
export class MetadataStateMachine implements StateMachine {
  /** The same object for life, also after a restore. */
  readonly machine: MetadataMachine = new MetadataMachine(() => undefined, FIRST_QUEUE_GROUP_ID);
  readonly #digest = new MetadataDigest();
  #reclaimableBytes = 0;

  /** The state refers to no entry: a snapshot frees all. */
  get reclaimableBytes(): number {
    return this.#reclaimableBytes;
  }

  /** @throws MetadataCodecError if it is not known here what the entry means; the group must stop */
  apply(entry: Entry): void {
    const submitted = entry.command instanceof SubmittedCommand ? entry.command : undefined;
    const command = submitted?.command ?? decodeMetadataCommand(entry.data);
    this.#reclaimableBytes += entrySize(entry);
    const result = this.machine.apply(command);
    submitted?.onApplied(result);
  }

  snapshot(): SnapshotSource {
    this.#reclaimableBytes = 0;
    return new MetadataSnapshotSource(this.machine.capture());
  }

  restore(): RestoreSink {
    const reader = new MetadataSnapshotReader();
    return {
      add: (bytes) => reader.add(bytes),
      finish: () => {
        this.machine.adopt(MetadataMachine.fromSnapshot(reader.finish(), () => undefined));
        this.#reclaimableBytes = 0;
      },
    };
  }

  digest(): number {
    return this.#digest.of(this.machine.capture());
  }
}
