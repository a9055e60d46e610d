import { EMPTY_CONF, type GroupStatus, nodeIdOf, type RaftNode } from "@leveret/raft";
import type { MemberBook } from "../cluster/members/member-book.ts";
import type { Logger } from "../logger.ts";
import type { QueueRecord } from "../metadata/records.ts";
import { METADATA_GROUP_ID } from "../storage/node-storage.ts";
import { StorageError } from "../storage/storage-error.ts";

/*
 * Forced recovery: this node becomes the only member of the groups that have replicas here, with a higher epoch, so that replicas
 * elsewhere never count again. What they have and this node has not is lost.
 */

interface ForceParts {
  readonly book: MemberBook;
  readonly log: Logger;
}

/** The metadata come first, as they say which queues have replicas elsewhere. @throws StorageError if there are none here */
export async function forceMetadata(node: RaftNode, parts: ForceParts): Promise<void> {
  const status = node.group(METADATA_GROUP_ID)?.status();
  if (status === undefined || status.conf.voters.length === 0) {
    throw new StorageError("the start cannot be forced: this node has no metadata yet");
  }
  await force(node, status, parts);
}

/** Queues with a replica here that have, or had, others. */
export async function forceQueues(
  node: RaftNode,
  records: Iterable<QueueRecord>,
  parts: ForceParts,
): Promise<void> {
  for (const { groupId, replicas = [] } of records) {
    const status = groupId === undefined ? undefined : node.group(groupId)?.status();
    if (status === undefined) continue;
    if (replicas.length > 1 || others(status).length > 0) await force(node, status, parts);
  }
}

async function force(
  node: RaftNode,
  status: GroupStatus,
  { book, log }: ForceParts,
): Promise<void> {
  const { groupId, epoch, lastIndex, term, replicaId } = status;
  const without = others(status).map((replica) => book.nameOf(nodeIdOf(replica)));
  log.warn(
    { groupId, epoch: epoch + 1, lastIndex, term, without },
    "forced recovery: what other replicas have beyond this is lost, and they never count again",
  );
  const alone = { ...EMPTY_CONF, voters: [replicaId] };
  await new Promise<void>((resolve) => {
    node.forceConf(groupId, alone, epoch + 1, resolve);
  });
}

/** What an operator who forces has to know, a sentence for each member. */
export function forceWarnings(book: Pick<MemberBook, "others" | "record">): string[] {
  const { running } = book.record;
  return book.others.map(({ nodeId, name }) =>
    running.includes(nodeId)
      ? `${name} was running when this node stopped: what was stored since then is lost`
      : `${name} had stopped before this node: as far as is known it has nothing that this node lacks`,
  );
}

function others({ conf, replicaId }: GroupStatus): number[] {
  const all = [...conf.voters, ...conf.votersOutgoing, ...conf.learners, ...conf.learnersNext];
  return [...new Set(all)].filter((replica) => replica !== replicaId);
}
