import type { RaftLimits } from "@leveret/raft";
import type { Alarms } from "../alarm/alarms.ts";
import { StoreSpace } from "../alarm/store-space.ts";
import { finishReset, readClusterFile } from "../cluster/members/cluster-file.ts";
import type { QueuePlaces } from "../cluster/queue/queue-cluster.ts";
import { QueueHub } from "../cluster/queue/queue-hub.ts";
import type { Logger } from "../logger.ts";
import { NO_LINK } from "../metadata/metadata-link.ts";
import type { MetadataView } from "../metadata/metadata-machine.ts";
import { MetadataStateMachine } from "../metadata/metadata-state-machine.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { QueueRecord } from "../metadata/records.ts";
import { ReplicatedMetadata } from "../metadata/replicated-metadata.ts";
import type { QueueGroups } from "../queue/log/queue-group.ts";
import { QueueLog } from "../queue/log/queue-log.ts";
import { RealRaftClock } from "../runtime/real-raft-clock.ts";
import { type NodeIdentity, NodeStorage } from "./node-storage.ts";
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
  readonly places: QueuePlaces;
  /** For figures; what runs goes by the others. */
  readonly storage: NodeStorage;
  /** In a cluster: the broker is there, and other nodes may use it. */
  announce?(): Promise<void>;
  /** In a cluster: clients are gone, and other nodes are to take over what this one leads. */
  leave?(): Promise<void>;
  /** Gives the data directory back, when nothing is under way any more. Repeatable. */
  stop(): Promise<void>;
  /** Ends at once, as if the process had been killed. */
  kill(): Promise<void>;
}

/**
 * Opens the data directory and brings the metadata back. The contents of queues are brought back later: those that are asked
 * for first.
 * @throws StorageError
 */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { directory, nodeName, log, alarms, onFatal } = options;
  const space = new StoreSpace(nodeName, { alarms, log });
  await finishReset(directory);
  const storage = await NodeStorage.open({
    directory,
    log,
    identity: identityAlone(directory),
    createMetadata: () => new MetadataStateMachine(),
    createQueueLog: () => new QueueLog(),
    onFatal,
    onSpaceChange: (state) => space.update(state),
    limits: storageLimits(options),
  });
  try {
    const metadata = await bringBackMetadata(storage, options);
    storage.reconcile(durableQueues(metadata.machine));
    space.update(storage.space);
    const stop = async (): Promise<void> => {
      await storage.stop();
      metadata.close();
    };
    const places = placesAlone(storage);
    return { metadata, queueGroups: storage, places, storage, stop, kill: () => storage.kill() };
  } catch (error) {
    await storage.stop();
    throw error;
  }
}

/** All queues are here. */
function placesAlone(storage: NodeStorage): QueuePlaces {
  const { nodeId } = storage.identity;
  const hub = new QueueHub({
    nodeId,
    incarnation: storage.node.incarnation,
    links: undefined,
    timers: new RealRaftClock(),
    isNodeAlive: (id) => id === nodeId,
    isNodeSilent: () => false,
    nodeName: () => undefined,
  });
  return { nodeId, hub, placesOf: () => undefined };
}

/** undefined: the directory says all there is. @throws StorageError if there are other nodes, without which it can do nothing */
function identityAlone(directory: string): NodeIdentity | undefined {
  const record = readClusterFile(directory);
  if (record === undefined) return undefined;
  if (record.members.length === 1) return record;
  const names = record.members.map(({ name }) => name).join(", ");
  throw new StorageError(
    `the data directory ${directory} belongs to a node of a cluster (${names}): it needs its cluster port`,
  );
}

/** Of the log store. */
export function storageLimits({
  maxMessageSize,
  limits,
}: Pick<StoresOptions, "maxMessageSize" | "limits">): Partial<RaftLimits> {
  return { maxEntryBytes: maxMessageSize + ENVELOPE_BYTES, ...limits };
}

async function bringBackMetadata(
  storage: NodeStorage,
  { directory, log }: StoresOptions,
): Promise<ReplicatedMetadata> {
  const startedMs = performance.now();
  await storage.metadataReady();
  const { nodeId } = storage.identity;
  const metadata = new ReplicatedMetadata({
    group: storage.metadata,
    timers: new RealRaftClock(),
    log,
    origin: { nodeId, incarnation: storage.node.incarnation },
    link: NO_LINK,
  });
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

/** Of all vhosts. */
export function* durableQueues(machine: MetadataView): Iterable<QueueRecord> {
  for (const { queues } of machine.vhosts()) yield* queues.values();
}
