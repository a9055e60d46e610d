import { nodeIdOf, replicaIdOf } from "@leveret/raft";
import {
  checkLinearizability,
  checkTotalQueue,
  formatVerdict,
  type Json,
  mapModel,
  type Operation,
  type QueueRules,
} from "@leveret/raft/history";
import { replicasOf } from "../../../src/metadata/queue-replicas.ts";
import type { QueueRecord } from "../../../src/metadata/records.ts";
import { METADATA_GROUP_ID } from "../../../src/storage/node-storage.ts";
import { type BrokerLife, VHOST } from "./broker-life.ts";
import { TRANSIENT } from "./cluster-clients.ts";
import type { ClusterWorld } from "./cluster-world.ts";
import { QUEUES } from "./queue-specs.ts";

/** A node without power loses what its log has not heard of: what was handed out in so many milliseconds before may come unmarked. */
const UNTOLD_MS = 3000;
/** Of a leader that was deposed and does not know it yet, milliseconds. */
const OVERLAP_MAX_MS = 4000;

/** What is wrong with how the nodes stand now that all is calm; undefined: nothing. */
export function findDisagreement(world: ClusterWorld): string | undefined {
  const lives = world.serving();
  if (lives.length < world.machines.size) return "not all nodes serve";
  const digests = new Set(lives.map(({ storage }) => storage?.metadata.machine.digest()));
  if (digests.size > 1) return "the nodes have different metadata";
  const [first] = lives;
  if (first === undefined) return "no node serves";
  const members = first.metadata.machine
    .members()
    .filter(({ nodeId }) => world.machines.has(nodeId));
  if (members.some(({ state }) => state !== "running")) return "a member is not known to run";
  for (const life of lives) {
    const problem = findOrphan(life) ?? findUnfinished(life);
    if (problem !== undefined) return `node ${life.nodeId}: ${problem}`;
  }
  for (const { queues } of first.metadata.machine.vhosts()) {
    for (const queue of queues.values()) {
      const problem = findQueueProblem(queue, lives);
      if (problem !== undefined) return `queue ${queue.name}: ${problem}`;
    }
  }
  return undefined;
}

/** A replica that no record names. */
function findOrphan({ nodeId, metadata, storage }: BrokerLife): string | undefined {
  const named = new Set<number>([METADATA_GROUP_ID]);
  for (const { queues } of metadata.machine.vhosts()) {
    for (const queue of queues.values()) {
      if (replicasOf(queue).some((replica) => replica.nodeId === nodeId)) {
        named.add(queue.groupId ?? 0);
      }
    }
  }
  const orphan = storage?.node.groups().find(({ groupId }) => !named.has(groupId));
  return orphan === undefined ? undefined : `an orphan of group ${orphan.groupId}`;
}

function findUnfinished({ broker }: BrokerLife): string | undefined {
  const pending = broker?.logTraffic.pendingBytes ?? 0;
  return pending === 0 ? undefined : `${pending} octets are on their way to logs`;
}

function findQueueProblem(queue: QueueRecord, lives: readonly BrokerLife[]): string | undefined {
  const { groupId, vhost, name } = queue;
  const leaders = new Set(lives.map((life) => life.queues?.hub.leaderNodeOf(groupId ?? -1)));
  if (groupId !== undefined && (leaders.size > 1 || leaders.has(undefined))) {
    return `nodes take ${[...leaders].join(" and ")} for its leader`;
  }
  const known = lives.map((life) => life.broker?.vhosts.get(vhost)?.queues.get(name));
  if (known.includes(undefined)) return "not all nodes have it";
  return groupId === undefined ? undefined : findReplicaProblem(groupId, queue, lives);
}

function findReplicaProblem(
  groupId: number,
  queue: QueueRecord,
  lives: readonly BrokerLife[],
): string | undefined {
  const wanted = replicasOf(queue)
    .map(({ nodeId, generation }) => replicaIdOf(nodeId, generation))
    .sort((a, b) => a - b);
  const digests = new Set<number>();
  for (const replica of wanted) {
    const life = lives.find(({ nodeId }) => nodeId === nodeIdOf(replica));
    const group = life?.storage?.node.group(groupId);
    const status = group?.status();
    if (group === undefined || status?.replicaId !== replica)
      return `replica ${replica} is missing`;
    digests.add(group.machine.digest());
    const voters = [...status.conf.voters].sort((a, b) => a - b);
    if (voters.join() !== wanted.join()) {
      return `its members are ${voters.join()}, its record says ${wanted.join()}`;
    }
  }
  return digests.size > 1 ? "its replicas have different states" : undefined;
}

/** Leaders of all queues know of no unacknowledged message and no consumer, as no client is there. */
export function findLeftover(lives: readonly BrokerLife[]): string | undefined {
  for (const life of lives) {
    for (const queue of life.broker?.vhosts.get(VHOST)?.queues.values() ?? []) {
      const { unackedCount, consumerCount, record } = queue;
      const leader = life.queues?.hub.leaderNodeOf(record.groupId ?? record.memoryId ?? -1);
      // Others have counts that are old.
      if (leader !== life.nodeId || (unackedCount === 0 && consumerCount === 0)) continue;
      return `node ${life.nodeId}, queue ${queue.record.name}: ${unackedCount} unacknowledged, ${consumerCount} consumers, and no client`;
    }
  }
  return undefined;
}

/** What the histories tell. */
export function findBrokenPromises(world: ClusterWorld): string[] {
  const problems: string[] = [];
  const queues: Record<string, Partial<QueueRules>> = {};
  for (const { name, durable } of QUEUES) {
    // Transient messages of a queue that is in one place go when its node does.
    if (!durable) queues[name] = { mayDrop: true, isOrdered: false };
  }
  const promised = world.messages.operations().filter((operation) => !isAboutTransient(operation));
  const history = withExcuses(promised, world.crashes);
  const messages = checkTotalQueue(history, { queues });
  if (messages.validity !== "valid") problems.push(formatVerdict(messages));
  const metadata = checkLinearizability(world.metadata.operations(), mapModel);
  if (metadata.validity === "invalid") problems.push(formatVerdict(metadata));
  for (const [queue, overlapMs] of world.exclusivity.overlaps) {
    if (overlapMs > OVERLAP_MAX_MS) {
      problems.push(`${queue}: two active consumers at a time for ${Math.round(overlapMs)} ms`);
    }
  }
  return problems;
}

/**
 * A queue that is in one place only may forget, when its node loses power, that it has just handed out a message: it comes again without
 * the mark (docs/durability.md). Such deliveries get it here. It may also have handed out a message that was neither stored nor confirmed, which
 * nobody sees again: such messages are left out.
 */
function withExcuses(history: readonly Operation[], crashes: readonly number[]): Operation[] {
  const confirmed = confirmedMessages(history);
  const unsure = new Set(
    history.filter((operation) => isUnsure(operation, crashes)).map(messageOf),
  );
  const forgotten = new Set<string>();
  return history.flatMap((operation) => {
    const name = messageOf(operation);
    if (unsure.has(name) && !confirmed.has(name)) return [];
    const { kind, output } = operation;
    if (kind !== "dequeue" || !isFields(output)) return [operation];
    if (forgotten.has(name)) return [{ ...operation, output: { ...output, redelivered: true } }];
    if (isUnsure(operation, crashes)) forgotten.add(name);
    return [operation];
  });
}

/** A delivery of a queue in one place, whose node crashed before the log may have heard of it. */
function isUnsure({ kind, output, completedAt }: Operation, crashes: readonly number[]): boolean {
  if (kind !== "dequeue" || !isFields(output) || output["isAlone"] !== true) return false;
  return crashes.some((at) => at >= completedAt && at < completedAt + UNTOLD_MS);
}

function messageOf({ key, input, output }: Operation): string {
  const fields = isFields(output) && output["message"] !== undefined ? output : input;
  return `${key} ${isFields(fields) ? String(fields["message"]) : ""}`;
}

function confirmedMessages(history: readonly Operation[]): ReadonlySet<string> {
  const confirmed = new Set<string>();
  for (const operation of history) {
    if (operation.kind === "enqueue" && operation.outcome === "ok")
      confirmed.add(messageOf(operation));
  }
  return confirmed;
}

function isAboutTransient({ input, output }: Operation): boolean {
  return [input, output].some(
    (value) => isFields(value) && String(value["message"]).startsWith(TRANSIENT),
  );
}

function isFields(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
