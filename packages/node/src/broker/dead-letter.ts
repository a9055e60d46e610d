import {
  type BasicProperties,
  decodeBasicProperties,
  type FieldTable,
  type FieldValue,
  longstr,
  patchProperties,
} from "@leveret/amqp";
import { BrokerQueue } from "../queue/broker-queue.ts";
import type { LiveQueue } from "../queue/live-queue.ts";
import { Message, messageRouting } from "../queue/message.ts";
import type { PublishReceipt } from "../queue/publish-receipt.ts";
import type { DeadLetterReason } from "../queue/queue-effects.ts";
import type { Broker } from "./broker.ts";
import { noteHeld } from "./hold.ts";
import type { MessageSink } from "./message-sink.ts";
import { PublishedMessage, senderSelectedKeys } from "./published-message.ts";
import { route } from "./route.ts";
import { hasCycle, sortedByKey, withDeath } from "./x-death.ts";

/**
 * Publishes a message that left `queue` to its dead-letter exchange (RabbitMQ: rabbit_dead_letter), and releases it when the
 * queues there have it as they promise: until then its own queue's log keeps it, so that a crash loses nothing.
 * A missing exchange drops the message; permissions were checked when the queue was declared.
 */
export function deadLetter(
  broker: Broker,
  queue: LiveQueue,
  message: Message,
  reason: DeadLetterReason,
): void {
  queue.whenLoaded(message, () => {
    // It stays in the log of its queue, which has reported that it cannot be read.
    if (!message.isLoaded) return;
    const transfer = new Transfer(message);
    try {
      publish(broker, queue, transfer, reason);
    } finally {
      transfer.end();
    }
  });
}

/** A message on its way from one queue to others. */
class Transfer implements PublishReceipt {
  readonly message: Message;
  /** Queues that have not stored it yet, and the sender while it still adds some. */
  #left = 1;

  constructor(message: Message) {
    this.message = message;
  }

  publishTo(sink: MessageSink, now: number, dead: Message): void {
    if (sink.publish(now, dead, this) === "pending") this.#left++;
  }

  /** No queue follows. */
  end(): void {
    this.settle();
  }

  /** A queue that refuses drops it (RabbitMQ: at most once). */
  settle(): void {
    this.#left--;
    if (this.#left === 0) this.message.release();
  }
}

function publish(
  broker: Broker,
  queue: LiveQueue,
  transfer: Transfer,
  reason: DeadLetterReason,
): void {
  const { message } = transfer;
  const { vhost: vhostName } = queue.record;
  const { deadLetterExchange, deadLetterRoutingKey } = queue.config;
  const vhost = broker.vhosts.get(vhostName);
  const exchange = vhost?.exchanges.get(deadLetterExchange ?? "");
  if (deadLetterExchange === undefined || vhost === undefined || exchange === undefined) return;
  const now = broker.clock.now();
  const { bytes, propertiesStart, propertiesEnd } = message;
  const original = decodeBasicProperties(bytes, propertiesStart, propertiesEnd);
  const keys = originalKeys(message, original);
  const headers = deadHeaders(
    { queue: queue.record.name, reason, now, exchange: message.routing.exchange, keys },
    original,
    deadLetterRoutingKey !== undefined,
  );
  const routing = messageRouting(
    deadLetterExchange,
    deadLetterRoutingKey ?? message.routing.routingKey,
  );
  const patch = { headers, withoutExpiration: true };
  const encoded = patchProperties(bytes, propertiesStart, propertiesEnd, patch);
  const dead = Message.store(broker.slabs, routing, encoded, message);
  dead.expirationMs = -1;
  const targetKeys = deadLetterRoutingKey === undefined ? keys : [deadLetterRoutingKey];
  const found = route({
    vhost,
    exchange,
    message: new PublishedMessage(dead, routing.routingKey),
    keys: targetKeys,
    findReply: (key) => broker.replies.find(key),
    onVisit: (visited, visitedKeys) => noteHeld(broker, vhost, visited, dead, visitedKeys),
  });
  for (const sink of found.sinks) {
    if (reason !== "rejected" && isCycle(broker, headers, sink)) continue;
    transfer.publishTo(sink, now, dead);
  }
  dead.release();
}

/** The routing key and those of CC; BCC was removed when the message was published. */
function originalKeys(message: Message, properties: BasicProperties): string[] {
  const { headers } = properties;
  const cc =
    headers === undefined
      ? []
      : senderSelectedKeys(headers, "CC", () => {
          throw new TypeError("CC was checked when the message was published");
        });
  return [message.routing.routingKey, ...cc];
}

interface Death {
  readonly queue: string;
  readonly reason: DeadLetterReason;
  readonly now: number;
  readonly exchange: string;
  readonly keys: readonly string[];
}

/** Headers of the dead message: x-death and its companions, no CC if the key is replaced. */
function deadHeaders(death: Death, original: BasicProperties, replacesKey: boolean): FieldTable {
  const { expiration } = original;
  const headers = new Map<string, FieldValue>(original.headers ?? []);
  if (replacesKey) headers.delete("CC");
  const earlier = headers.get("x-death");
  headers.set("x-death", withDeath(earlier, { ...death, expiration }));
  if (earlier === undefined) {
    headers.set("x-first-death-exchange", longstr(death.exchange));
    headers.set("x-first-death-queue", longstr(death.queue));
    headers.set("x-first-death-reason", longstr(death.reason));
  }
  headers.set("x-last-death-exchange", longstr(death.exchange));
  headers.set("x-last-death-queue", longstr(death.queue));
  headers.set("x-last-death-reason", longstr(death.reason));
  return sortedByKey(headers);
}

/** A message that came to this queue before, and was never rejected since, would go round for ever. */
function isCycle(broker: Broker, headers: FieldTable, sink: MessageSink): boolean {
  if (!(sink instanceof BrokerQueue) || !hasCycle(headers.get("x-death"), sink.record.name)) {
    return false;
  }
  broker.warnCycle(sink);
  return true;
}
