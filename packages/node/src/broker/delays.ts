import { decodeBasicProperties, type FieldValue, patchProperties } from "@leveret/amqp";
import { delayOf } from "../exchange/delay.ts";
import { DELAYED_BATCH_COUNT } from "../limits.ts";
import { BrokerQueue } from "../queue/broker-queue.ts";
import { Message } from "../queue/message.ts";
import type { Broker } from "./broker.ts";
import type { DelayedPublish, LiveExchange } from "./live-exchange.ts";
import { PublishedMessage } from "./published-message.ts";
import { route } from "./route.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** Holds messages of x-delayed-message exchanges and publishes them when they are due. One timer an exchange. */
export class Delays {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Takes over the publish, with its reference to the message. */
  hold(vhost: VirtualHost, exchange: LiveExchange, publish: DelayedPublish, delayMs: number): void {
    const earliest = exchange.delayed?.nextDueAtMs();
    const dueAtMs = this.#broker.clock.now() + delayMs;
    exchange.delayed?.add(dueAtMs, publish);
    if (earliest === undefined || dueAtMs < earliest) this.#arm(vhost, exchange);
  }

  /** The exchange is deleted: what it holds is lost with it, as with RabbitMQ's plugin. */
  drop(exchange: LiveExchange): void {
    exchange.delayTimer?.cancel();
    exchange.delayed?.clear((publish) => publish.message.release());
  }

  #arm(vhost: VirtualHost, exchange: LiveExchange): void {
    exchange.delayTimer?.cancel();
    exchange.delayTimer = undefined;
    const dueAtMs = exchange.delayed?.nextDueAtMs();
    if (dueAtMs === undefined) return;
    const delayMs = Math.max(0, dueAtMs - this.#broker.clock.now());
    exchange.delayTimer = this.#broker.clock.setTimer(delayMs, () => this.#onDue(vhost, exchange));
  }

  #onDue(vhost: VirtualHost, exchange: LiveExchange): void {
    const now = this.#broker.clock.now();
    for (const publish of exchange.delayed?.takeDue(now, DELAYED_BATCH_COUNT) ?? []) {
      this.#publish(vhost, exchange, publish, now);
    }
    this.#arm(vhost, exchange);
  }

  #publish(
    vhost: VirtualHost,
    exchange: LiveExchange,
    { message, keys }: DelayedPublish,
    now: number,
  ): void {
    const found = route({
      vhost,
      exchange,
      message: new PublishedMessage(message, message.routing.routingKey),
      keys,
      findReply: (key) => this.#broker.replies.find(key),
    });
    if (found.sinks.length > 0) {
      const released = this.#withNegatedDelay(message);
      for (const sink of found.sinks) {
        if (sink instanceof BrokerQueue) this.#broker.traffic.flow(exchange, sink).publish++;
        sink.publish(now, released);
      }
      released.release();
    }
    message.release();
  }

  /** A message that was delayed carries its delay negated, so that it is not delayed again (RabbitMQ's plugin). */
  #withNegatedDelay(message: Message): Message {
    const { bytes, propertiesStart, propertiesEnd } = message;
    const properties = decodeBasicProperties(bytes, propertiesStart, propertiesEnd);
    const delayMs = delayOf(properties.headers) ?? 0;
    const headers = new Map<string, FieldValue>(properties.headers ?? []);
    headers.set("x-delay", negated(delayMs));
    const encoded = patchProperties(bytes, propertiesStart, propertiesEnd, { headers });
    return Message.store(this.#broker.slabs, message.routing, encoded, message);
  }
}

/** A signed 32-bit integer as the plugin writes it, or a longer one where that is too small. */
function negated(delayMs: number): FieldValue {
  const fits = delayMs <= 2 ** 31;
  return { type: fits ? "signedint" : "long", value: -delayMs };
}
