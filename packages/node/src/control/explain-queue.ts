import { route } from "../broker/route.ts";
import type { VirtualHost } from "../broker/virtual-host.ts";
import type { RoutingMessage } from "../exchange/router.ts";
import { replicasOf } from "../metadata/queue-replicas.ts";
import type { EffectivePolicy, QueueRecord } from "../metadata/records.ts";
import { BrokerQueue } from "../queue/broker-queue.ts";
import { isAnswering } from "./answering-queue.ts";
import type { RunningNode } from "./control-method.ts";
import { plannedLeaderInfo } from "./queue-columns.ts";
import type { LeaderInfo } from "./queue-operations.ts";

/** A message that nobody has published. */
export interface ExplainedMessage {
  readonly message: RoutingMessage;
  /** The routing key, and those of CC and BCC. */
  readonly keys: readonly string[];
  /** undefined: it has no expiration of its own. */
  readonly expirationMs: number | undefined;
}

/** Something that acts on a message in a queue. */
interface ExplainedEffect {
  /** The argument without `x-`, or what it is about: `max-length`, `dead-letter-exchange`, `consumers`, `state`. */
  readonly key: string;
  readonly value: string | number | boolean | null;
  /** `argument`, `policy 'name'`, `operator policy 'name'`; null: nobody has set it. */
  readonly source: string | null;
  /** What it means for the message. */
  readonly text: string;
}

/** A queue that the message would come to. */
export interface ExplainedQueue {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  /** null: nobody leads it. */
  readonly leader: string | null;
  readonly members: readonly string[];
  readonly messages_ready: number;
  readonly consumers: number;
  readonly effects: readonly ExplainedEffect[];
}

/** What would become of the message in the queue. */
export async function explainQueue(
  running: RunningNode,
  vhost: VirtualHost,
  queue: BrokerQueue,
  message: ExplainedMessage,
): Promise<ExplainedQueue> {
  await isAnswering(queue);
  const { record, readyCount, consumerCount } = queue;
  const { node, broker } = running;
  const info = node.queues?.leaderInfo(record) ?? plannedLeaderInfo(node, broker, record);
  const policies = broker.administration.metadata.effectivePolicy(
    "queue",
    record.vhost,
    record.name,
  );
  return {
    name: record.name,
    type: record.type,
    durable: record.durable,
    leader: info.leader ?? null,
    members: info.members,
    messages_ready: readyCount,
    consumers: consumerCount,
    effects: [
      ...placeEffects(queue, info),
      ...lengthEffects(queue, policies),
      ...timeEffects(queue, policies, message),
      ...deadLetterEffects(vhost, queue, policies, message),
      ...deliveryEffects(queue, policies),
    ],
  };
}

/** Who has the message, and when it is confirmed. */
function placeEffects(queue: BrokerQueue, { leader, members }: LeaderInfo): ExplainedEffect[] {
  const { record, awayNode, failure } = queue;
  const effect = (text: string): ExplainedEffect => ({
    key: "state",
    value: leader ?? null,
    source: null,
    text,
  });
  if (failure !== undefined) return [effect(`the queue does not work: ${failure}`)];
  if (awayNode !== undefined) {
    return [effect(`${awayNode}, which alone has the queue, is down: the message is nacked`)];
  }
  if (leader === undefined) return [effect("nobody leads the queue now: the message waits")];
  if (record.groupId === undefined) {
    return [effect(`it is kept in the memory of ${leader}, and lost when that stops`)];
  }
  const count = replicasOf(record).length;
  const majority = Math.floor(count / 2) + 1;
  const text =
    count === 1
      ? `a persistent message is confirmed when the disk of ${leader} has it`
      : `it is confirmed when ${majority} of ${members.join(", ")} have it on their disks`;
  return [effect(text)];
}

function lengthEffects(queue: BrokerQueue, policies: EffectivePolicy): ExplainedEffect[] {
  const { config, readyCount, readyBytes, record } = queue;
  const { maxLength, maxLengthBytes, overflow } = config;
  const fate = OVERFLOW_TEXTS[overflow];
  const effects: ExplainedEffect[] = [];
  const add = (key: string, limit: number | undefined, now: number): void => {
    if (limit === undefined) return;
    const isFull = now >= limit;
    const text = isFull ? `the queue is full (${now} now): ${fate}` : `when it is full, ${fate}`;
    effects.push({ key, value: limit, source: sourceOf(record, policies, key, limit), text });
  };
  add("max-length", maxLength, readyCount);
  add("max-length-bytes", maxLengthBytes, readyBytes);
  return effects;
}

const OVERFLOW_TEXTS = {
  "drop-head": "the oldest ready message makes room for it",
  "reject-publish": "it is refused, and nacked to a publisher in confirm mode",
  "reject-publish-dlx":
    "it is refused and dead-lettered, and nacked to a publisher in confirm mode",
} as const;

function timeEffects(
  { config, record }: BrokerQueue,
  policies: EffectivePolicy,
  { expirationMs }: ExplainedMessage,
): ExplainedEffect[] {
  const { messageTtlMs, expiresMs, deadLetterExchange } = config;
  const effects: ExplainedEffect[] = [];
  const ttlMs = Math.min(messageTtlMs ?? Infinity, expirationMs ?? Infinity);
  if (Number.isFinite(ttlMs)) {
    const fate = deadLetterExchange === undefined ? "is dropped" : "is dead-lettered";
    const isOwn = ttlMs === expirationMs;
    effects.push({
      key: isOwn ? "expiration" : "message-ttl",
      value: ttlMs,
      source: isOwn ? "message" : sourceOf(record, policies, "message-ttl", ttlMs),
      text: `after ${ttlMs} ms in the queue it ${fate}`,
    });
  }
  if (expiresMs !== undefined) {
    effects.push({
      key: "expires",
      value: expiresMs,
      source: sourceOf(record, policies, "expires", expiresMs),
      text: `the queue is deleted with its messages when nobody has used it for ${expiresMs} ms`,
    });
  }
  return effects;
}

function deadLetterEffects(
  vhost: VirtualHost,
  { config, record }: BrokerQueue,
  policies: EffectivePolicy,
  { message, keys }: ExplainedMessage,
): ExplainedEffect[] {
  const { deadLetterExchange: name, deadLetterRoutingKey: key } = config;
  if (name === undefined) return [];
  const source = sourceOf(record, policies, "dead-letter-exchange", name);
  const exchange = vhost.exchanges.get(name);
  const shown = name === "" ? "the default exchange" : `exchange '${name}'`;
  const effect = { key: "dead-letter-exchange", value: name, source };
  if (exchange === undefined) {
    return [{ ...effect, text: `dead letters are lost: there is no ${shown}` }];
  }
  const { sinks } = route({
    vhost,
    exchange,
    message: { ...message, routingKey: key ?? message.routingKey },
    keys: key === undefined ? keys : [key],
    findReply: () => undefined,
  });
  const names = sinks.flatMap((sink) => (sink instanceof BrokerQueue ? [sink.record.name] : []));
  const where = names.length === 0 ? "no queue" : names.map((queue) => `'${queue}'`).join(", ");
  const withKey = `with routing key '${key ?? message.routingKey}'`;
  return [
    { ...effect, text: `dead letters go to ${shown} ${withKey}, and from there to ${where}` },
  ];
}

function deliveryEffects(
  { config, record, consumerCount }: BrokerQueue,
  policies: EffectivePolicy,
): ExplainedEffect[] {
  const { deliveryLimit, maxPriority, singleActiveConsumer, deadLetterExchange } = config;
  const effects: ExplainedEffect[] = [];
  if (deliveryLimit !== undefined) {
    const fate = deadLetterExchange === undefined ? "dropped" : "dead-lettered";
    effects.push({
      key: "delivery-limit",
      value: deliveryLimit,
      source: sourceOf(record, policies, "delivery-limit", deliveryLimit),
      text: `when it has come back more than ${deliveryLimit} times it is ${fate}`,
    });
  }
  if (maxPriority !== undefined) {
    const text = `its priority counts up to ${maxPriority}`;
    effects.push({ key: "max-priority", value: maxPriority, source: "argument", text });
  }
  if (singleActiveConsumer) {
    const text = "one consumer at a time gets the messages";
    effects.push({ key: "single-active-consumer", value: true, source: "argument", text });
  }
  const text = consumerCount === 0 ? "no consumer: it waits" : "a consumer gets it in its turn";
  effects.push({ key: "consumers", value: consumerCount, source: null, text });
  return effects;
}

/** Who has set the value that is in force. */
function sourceOf(
  { arguments: args }: QueueRecord,
  { policy, operatorPolicy }: EffectivePolicy,
  key: string,
  value: string | number,
): string | null {
  const argument = args.get(`x-${key}`);
  const own = argument?.type === "longstr" ? argument.value.toString("utf8") : argument?.value;
  if (own !== undefined && String(own) === String(value)) return "argument";
  if (policy?.definition.get(key) === value) return `policy '${policy.name}'`;
  if (operatorPolicy?.definition.get(key) === value)
    return `operator policy '${operatorPolicy.name}'`;
  return null;
}
