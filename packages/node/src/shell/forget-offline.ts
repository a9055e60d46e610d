import { markForceBoot, writeClusterFile } from "../cluster/members/cluster-file.ts";
import type { ClusterRecord, MemberAddress } from "../cluster/members/cluster-record.ts";
import { MemberBook } from "../cluster/members/member-book.ts";
import type { ForgetResult } from "../control/controlled-node.ts";
import { OperationError } from "../control/operation-error.ts";
import type { MetadataResult } from "../metadata/commands.ts";
import { NO_LINK } from "../metadata/metadata-link.ts";
import { MetadataStateMachine } from "../metadata/metadata-state-machine.ts";
import { ReplicatedMetadata } from "../metadata/replicated-metadata.ts";
import { QueueLog } from "../queue/log/queue-log.ts";
import { RealRaftClock } from "../runtime/real-raft-clock.ts";
import { NodeStorage } from "../storage/node-storage.ts";
import { type StoresOptions, storageLimits } from "../storage/open-stores.ts";
import { forceMetadata, forceWarnings } from "./force-boot.ts";

type Directory = Pick<StoresOptions, "directory" | "log" | "maxMessageSize" | "limits">;

/**
 * forget_cluster_node --offline: makes this node's copy of the metadata the only one that counts, removes the member from it, and has the
 * next start forced. Rejects with a StorageError or an OperationError.
 */
export async function forgetOffline(
  member: MemberAddress,
  record: ClusterRecord,
  options: Directory,
): Promise<ForgetResult> {
  const { directory, log } = options;
  const book = new MemberBook(record, { log, save: () => Promise.resolve() });
  const storage = await openAlone(record, options);
  try {
    await forceMetadata(storage.node, { book, log });
    await storage.metadataReady();
    await removeFrom(storage, member.nodeId, options);
  } finally {
    await storage.stop();
  }
  await markForceBoot(directory);
  const members = record.members.filter(({ nodeId }) => nodeId !== member.nodeId);
  await writeClusterFile(directory, { ...record, members });
  return { warnings: forceWarnings(book) };
}

/** Without any network: nobody is to take part. */
function openAlone(
  { nodeId, clusterId, generation, epoch }: ClusterRecord,
  options: Directory,
): Promise<NodeStorage> {
  return NodeStorage.open({
    directory: options.directory,
    log: options.log,
    identity: { nodeId, clusterId, generation, epoch },
    createMetadata: () => new MetadataStateMachine(),
    createQueueLog: () => new QueueLog(),
    onFatal: (error) => options.log.fatal({ err: error }, "storage failed"),
    limits: storageLimits(options),
  });
}

async function removeFrom(storage: NodeStorage, nodeId: number, { log }: Directory): Promise<void> {
  const origin = { nodeId: storage.identity.nodeId, incarnation: storage.node.incarnation };
  const timers = new RealRaftClock();
  const metadata = new ReplicatedMetadata({
    group: storage.metadata,
    timers,
    log,
    origin,
    link: NO_LINK,
  });
  await new Promise<void>((resolve, reject) => {
    metadata.start((failure) => (failure === undefined ? resolve() : reject(failure)));
  });
  const result = await new Promise<MetadataResult>((resolve) => {
    metadata.submit({ type: "removeMember", nodeId }, resolve);
  });
  metadata.close();
  if (!result.ok && result.reason !== "no_such_member") {
    throw new OperationError("failed", result.text);
  }
}
