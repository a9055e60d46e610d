import type {
  JsonObject,
  ObjectList,
  ObjectOptions,
  ObjectRef,
  ObjectScope,
} from "@leveret/management";
import type { RunningNode } from "../../control/control-method.ts";
import type { ListedQueue } from "../../control/queue-columns.ts";
import type { QueueRecord } from "../../metadata/records.ts";
import { rowsOfCluster, rowsOfOthers } from "./ask-others.ts";
import { answered, LocalQueues, type PartOptions, type QueuePart } from "./local-queue.ts";
import { allInSlices, inSlices } from "./node-slices.ts";
import { columnValue, objectOf } from "./object-columns.ts";
import { QUEUE_FIGURES, queueFacts } from "./queue-object.ts";
import { SortedNames } from "./sorted-names.ts";

/** A value of a queue that a node leads. */
export type QueueValueRow = readonly [vhost: string, name: string, value: JsonObject[string]];
/** What a node says of the queue with this place in the question. */
export type QueuePartRow = readonly [at: number, part: QueuePart];

/** Queues of the cluster. All nodes know which there are; what is in them, the nodes that lead them. */
export class QueueList implements ObjectList {
  readonly #running: () => RunningNode;
  readonly #names = new SortedNames(({ queues }) => queues);

  constructor(running: () => RunningNode) {
    this.#running = running;
  }

  async refs(scope: ObjectScope): Promise<readonly ObjectRef[]> {
    return this.#names.refs(this.#running().broker, scope);
  }

  async values(
    refs: readonly ObjectRef[],
    path: readonly string[],
  ): Promise<readonly JsonObject[string][]> {
    const running = this.#running();
    const { metadata } = running.broker.administration;
    const facts = queueFacts(metadata);
    if (path.length > 0 && Object.hasOwn(facts, path[0] ?? "")) {
      const local = new LocalQueues(running);
      return allInSlices(refs, ({ vhost, name }) => {
        const record = metadata.queue(vhost, name);
        return record && columnValue(facts, local.find(record), path);
      });
    }
    const others = new Map<string, JsonObject[string]>();
    const note = ([vhost, name, value]: QueueValueRow): void => {
      others.set(keyOf({ vhost, name }), value);
    };
    const [values] = await Promise.all([
      ledValues(running, refs, path),
      rowsOfOthers(running.node, { method: "queue_values", params: { path } }, note),
    ]);
    if (others.size === 0) return values;
    return allInSlices(refs.entries(), ([at, ref]) => others.get(keyOf(ref)) ?? values[at]);
  }

  async objects(
    refs: readonly ObjectRef[],
    { isDetailed = false, keys }: ObjectOptions,
  ): Promise<readonly (JsonObject | undefined)[]> {
    const running = this.#running();
    const { metadata } = running.broker.administration;
    const facts = queueFacts(metadata);
    const areKnown = keys?.every((wanted) => Object.hasOwn(facts, wanted)) === true;
    const parts = areKnown ? [] : await this.#partsOf(running, refs, { isDetailed, keys });
    const local = new LocalQueues(running);
    return allInSlices(refs.entries(), ([at, { vhost, name }]) => {
      const record = metadata.queue(vhost, name);
      if (record === undefined) return undefined;
      const known = objectOf(facts, local.find(record), keys);
      if (areKnown) return known;
      return queueObject(record, known, { parts: parts[at] ?? [], isDetailed });
    });
  }

  /** What each node says of each queue. */
  async #partsOf(
    running: RunningNode,
    refs: readonly ObjectRef[],
    options: PartOptions,
  ): Promise<readonly (readonly QueuePart[])[]> {
    const queues = refs.map(({ vhost, name }) => [vhost, name] as const);
    const parts: QueuePart[][] = refs.map(() => []);
    const note = ([at, part]: QueuePartRow): void => {
      parts[at]?.push(part);
    };
    const params = { queues, ...options };
    const own = ownQueueParts(running, queues, options);
    await rowsOfCluster(running.node, { method: "queue_parts", params, own }, note);
    return parts;
  }
}

function keyOf({ vhost, name }: ObjectRef): string {
  return `${vhost}\0${name}`;
}

/** A queue when its counts are right; undefined: this node does not lead it. */
function ledQueue(
  local: LocalQueues,
  record: QueueRecord,
): ListedQueue | Promise<ListedQueue> | undefined {
  const found = local.find(record);
  return local.isLedHere(found) ? answered(found) : undefined;
}

/** Of those of these queues that this node leads. */
async function ledValues(
  running: RunningNode,
  refs: readonly ObjectRef[],
  path: readonly string[],
): Promise<readonly JsonObject[string][]> {
  const { metadata } = running.broker.administration;
  const local = new LocalQueues(running);
  const late = new Map<number, Promise<ListedQueue>>();
  const values = await allInSlices(refs.entries(), ([at, { vhost, name }]) => {
    const record = metadata.queue(vhost, name);
    const ready = record && ledQueue(local, record);
    if (ready === undefined) return undefined;
    if (!(ready instanceof Promise)) return columnValue(QUEUE_FIGURES, ready, path);
    late.set(at, ready);
    return undefined;
  });
  for (const [at, ready] of late) values[at] = columnValue(QUEUE_FIGURES, await ready, path);
  return values;
}

/** Of the queues that this node leads. */
export async function* ownQueueValues(
  running: RunningNode,
  path: readonly string[],
): AsyncGenerator<QueueValueRow, void, undefined> {
  const records = running.broker.administration.metadata
    .vhosts()
    .flatMap(({ queues }) => [...queues.values()]);
  const local = new LocalQueues(running);
  const rowOf = (found: ListedQueue): QueueValueRow => {
    const { vhost, name } = found.record;
    return [vhost, name, columnValue(QUEUE_FIGURES, found, path)];
  };
  const led = inSlices(records, (record) => {
    const ready = ledQueue(local, record);
    if (ready === undefined) return undefined;
    return ready instanceof Promise ? ready.then(rowOf) : rowOf(ready);
  });
  for await (const row of led) if (row !== undefined) yield row;
}

/** What this node knows of these queues. */
export async function* ownQueueParts(
  running: RunningNode,
  queues: readonly (readonly [vhost: string, name: string])[],
  options: PartOptions,
): AsyncGenerator<QueuePartRow, void, undefined> {
  const { metadata } = running.broker.administration;
  const local = new LocalQueues(running);
  yield* inSlices(queues.entries(), async ([at, [vhost, name]]) => {
    const record = metadata.queue(vhost, name);
    const part = record === undefined ? NOTHING : await local.part(record, options);
    return [at, part] as const;
  });
}

const NOTHING: QueuePart = { figures: undefined, clients: {}, consumers: [] };

/** Puts together what the nodes said. Without the leader's part nobody can use the queue, as far as is known here. */
function queueObject(
  { type }: QueueRecord,
  known: JsonObject,
  { parts, isDetailed }: { readonly parts: readonly QueuePart[]; readonly isDetailed: boolean },
): JsonObject {
  const figures = parts.find((part) => part.figures !== undefined)?.figures;
  const clients = parts.map((part) => part.clients);
  const object = Object.assign(
    { ...known },
    figures ?? { state: "down" },
    figures?.["messages"] === undefined ? {} : NO_CLIENTS[type],
    ...clients,
  ) as JsonObject;
  if (!isDetailed) return object;
  return { ...object, consumer_details: parts.flatMap(({ consumers }) => consumers) };
}

/** What is null where no client is the only one. */
const NO_CLIENTS: Readonly<Record<QueueRecord["type"], JsonObject>> = {
  classic: { exclusive_consumer_tag: null, single_active_consumer_tag: null },
  quorum: { single_active_consumer_ctag: null },
};
