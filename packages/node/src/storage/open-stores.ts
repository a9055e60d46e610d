import type { RaftLimits } from "@leveret/raft";
import type { Alarms } from "../alarm/alarms.ts";
import { StoreSpace } from "../alarm/store-space.ts";
import type { Logger } from "../logger.ts";
import type { MetadataView } from "../metadata/metadata-machine.ts";
import { MetadataStateMachine } from "../metadata/metadata-state-machine.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { QueueRecord } from "../metadata/records.ts";
import { ReplicatedMetadata } from "../metadata/replicated-metadata.ts";
import type { QueueGroups } from "../queue/log/queue-group.ts";
import { QueueLog } from "../queue/log/queue-log.ts";
import { RealRaftClock } from "../runtime/real-raft-clock.ts";
import { NodeStorage } from "./node-storage.ts";
import { StorageError } from "./storage-error.ts";

/** What goes around a message in the entry that carries it: properties, routing, the entry's own fields. */
const ENVELOPE_BYTES = 1_048_576;

export interface StoresOptions {
  /** Absolute path of the data directory. */
  readonly directory: string;
  readonly nodeName: string;
  /** Largest body of a message, bytes. */
  readonly maxMessageSize: number;
  readonly log: Logger;
  readonly alarms: Alarms;
  readonly limits?: Partial<RaftLimits> | undefined;
  /** A write or sync failed: nothing is stored any more. */
  onFatal(error: Error): void;
}

/** What a broker with a data directory rests on. */
export interface Stores {
  readonly metadata: MetadataStore;
  readonly queueGroups: QueueGroups;
  /** Gives the data directory back, when nothing is under way any more. Repeatable. */
  stop(): Promise<void>;
}

/**
 * Opens the data directory and brings the metadata back. The contents of queues are brought back later: those that are asked
 * for first.
 * @throws StorageError
 */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { directory, nodeName, log, alarms, onFatal, maxMessageSize } = options;
  const space = new StoreSpace(nodeName, { alarms, log });
  const storage = await NodeStorage.open({
    directory,
    log,
    createMetadata: () => new MetadataStateMachine(),
    createQueueLog: () => new QueueLog(),
    onFatal,
    onSpaceChange: (state) => space.update(state),
    limits: { maxEntryBytes: maxMessageSize + ENVELOPE_BYTES, ...options.limits },
  });
  try {
    const metadata = await bringBackMetadata(storage, options);
    storage.reconcile(durableQueues(metadata.machine));
    space.update(storage.space);
    return { metadata, queueGroups: storage, stop: () => storage.stop() };
  } catch (error) {
    await storage.stop();
    throw error;
  }
}

async function bringBackMetadata(
  storage: NodeStorage,
  { directory, log }: StoresOptions,
): Promise<MetadataStore> {
  const startedMs = performance.now();
  await storage.metadataReady();
  const metadata = new ReplicatedMetadata(storage.metadata, new RealRaftClock(), log);
  await new Promise<void>((resolve, reject) => {
    metadata.start((failure) => {
      if (failure === undefined) resolve();
      else reject(new StorageError(`the metadata in ${directory}: ${failure.message}`));
    });
  });
  const { appliedIndex, snapshotIndex } = storage.metadata.status();
  const ms = Math.round(performance.now() - startedMs);
  log.info({ replayed: appliedIndex - snapshotIndex, ms }, "metadata brought back");
  return metadata;
}

function* durableQueues(machine: MetadataView): Iterable<QueueRecord> {
  for (const { queues } of machine.vhosts()) yield* queues.values();
}
