import { ControlError } from "@leveret/control";
import * as v from "valibot";
import type { BrokerNode } from "../broker/broker-node.ts";
import { QUEUE_FIGURES, queueFacts } from "../management/objects/queue-object.ts";
import { CLI_ACTOR } from "../metadata/actor.ts";
import type { Refusal } from "../metadata/commands.ts";
import type { QueueRecord } from "../metadata/records.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import { isAnswering } from "./answering-queue.ts";
import { type Cell, type Columns, rowOf } from "./cells.ts";
import { type NodeMethods, type RunningNode, refusal, whileRunning } from "./control-method.ts";
import { COLUMNS, VHOST } from "./method-params.ts";
import { isUsable, type ListedQueue, plannedLeaderInfo, queueColumns } from "./queue-columns.ts";

/** Queues that are asked at once for a listing: they may live on other nodes. */
const ASKED_AT_ONCE = 64;

const QUEUE = { ...VHOST, name: v.string() };

export const QUEUE_METHODS: NodeMethods = {
  list_queues: whileRunning(
    v.object({
      ...VHOST,
      ...COLUMNS,
      online: v.optional(v.boolean(), false),
      offline: v.optional(v.boolean(), false),
      local: v.optional(v.boolean(), false),
    }),
    (running, { vhost, columns, ...wanted }) =>
      listQueues(running, { vhost, columns }, (listed) => {
        if (wanted.local && listed.leaderInfo.leader !== running.node.nodeName) return false;
        if (wanted.online === wanted.offline) return true;
        return isUsable(listed) === wanted.online;
      }),
  ),
  list_unresponsive_queues: whileRunning(
    v.object({ ...VHOST, ...COLUMNS, local: v.optional(v.boolean(), false) }),
    (running, { vhost, columns, local }) =>
      listQueues(running, { vhost, columns }, ({ isResponsive, leaderInfo }) => {
        if (local && leaderInfo.leader !== running.node.nodeName) return false;
        return !isResponsive;
      }),
  ),
  purge_queue: whileRunning(v.object(QUEUE), async ({ broker }, { vhost, name }) => {
    const queue = getQueue(broker, vhost, name);
    const count = await new Promise<number | undefined>((resolve) => {
      queue.purgeStored(broker.broker.clock.now(), resolve);
    });
    if (count !== undefined) return count;
    throw new ControlError("failed", queue.failure ?? "nobody can tell whether it was purged");
  }),
  delete_queue: whileRunning(
    v.object({
      ...QUEUE,
      ifEmpty: v.optional(v.boolean(), false),
      ifUnused: v.optional(v.boolean(), false),
    }),
    async ({ broker }, { vhost, name, ifEmpty, ifUnused }) => {
      const queue = getQueue(broker, vhost, name);
      await isAnswering(queue);
      const { readyCount } = queue;
      if (ifUnused && queue.consumerCount > 0) throw new ControlError("in_use", "Queue is in use");
      if (ifEmpty && readyCount > 0) throw new ControlError("not_empty", "Queue is not empty");
      await remove(broker, queue);
      return readyCount;
    },
  ),
};

async function* listQueues(
  running: RunningNode,
  { vhost, columns }: { readonly vhost: string; readonly columns: readonly string[] },
  isWanted: (listed: ListedQueue) => boolean,
): AsyncIterable<readonly Cell[]> {
  const { node, broker } = running;
  const filled = { ...queueColumns(node.nodeName, broker), ...figureColumns(broker) };
  const records = [...(broker.administration.metadata.vhost(vhost)?.queues.values() ?? [])];
  for (let at = 0; at < records.length; at += ASKED_AT_ONCE) {
    const some = records.slice(at, at + ASKED_AT_ONCE);
    const listed = await Promise.all(some.map((record) => ask(running, record)));
    for (const one of listed) if (isWanted(one)) yield await rowOf(filled, columns, one);
  }
}

/** What the HTTP API tells, too, and how it is reckoned there. */
const FIGURES = [
  ...["memory", "messages_ram", "messages_ready_ram", "messages_unacknowledged_ram"],
  ...["message_bytes_ram", "consumer_capacity", "consumer_utilisation", "head_message_timestamp"],
];

function figureColumns({ administration }: BrokerNode): Columns<ListedQueue> {
  const facts = queueFacts(administration.metadata);
  return {
    ...Object.fromEntries(FIGURES.map((name) => [name, (listed) => figure(name, listed)])),
    effective_policy_definition: (listed) => {
      const definition = facts["effective_policy_definition"]?.(listed);
      return JSON.stringify(definition ?? {});
    },
  };
}

/** null: it is not known, or means nothing for the queue. */
function figure(name: string, listed: ListedQueue): Cell {
  const value = QUEUE_FIGURES[name]?.(listed);
  return typeof value === "number" ? value : null;
}

async function ask({ node, broker }: RunningNode, record: QueueRecord): Promise<ListedQueue> {
  const queue = broker.broker.vhosts.get(record.vhost)?.queues.get(record.name);
  const isResponsive = queue !== undefined && (await isAnswering(queue));
  const leaderInfo = node.queues?.leaderInfo(record) ?? plannedLeaderInfo(node, broker, record);
  return { record, queue, isResponsive, leaderInfo };
}

/** @throws ControlError */
function getQueue({ broker }: BrokerNode, vhost: string, name: string): BrokerQueue {
  const queue = broker.vhosts.get(vhost)?.queues.get(name);
  if (queue !== undefined) return queue;
  throw new ControlError("no_such_queue", `no queue '${name}' in vhost '${vhost}'`);
}

function remove({ broker }: BrokerNode, queue: BrokerQueue): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDone = (failure: Refusal | undefined): void => {
      if (failure === undefined) resolve();
      else reject(refusal(failure));
    };
    broker.removeQueue(queue, onDone, CLI_ACTOR);
  });
}
