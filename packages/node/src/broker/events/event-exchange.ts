import { EMPTY_TABLE } from "@leveret/amqp";
import type { Config } from "../../config/config.ts";
import type { MetadataResult } from "../../metadata/commands.ts";
import type { ExchangeRecord } from "../../metadata/records.ts";
import type { Administration } from "../administration.ts";
import type { Broker } from "../broker.ts";
import { publishInternally } from "../internal-publish.ts";
import type { BrokerEvent } from "./broker-events.ts";

const EVENT_EXCHANGE = "amq.rabbitmq.event";

const NO_BODY: Buffer = Buffer.alloc(0);

/** From now on events are published, if that is configured. */
export async function openEventExchange(
  administration: Administration,
  broker: Broker,
  { eventExchange, defaults }: Config,
): Promise<void> {
  if (!eventExchange.isEnabled) return;
  const { vhost = defaults.vhost } = eventExchange;
  const exchange = eventExchangeRecord(vhost);
  const result = await new Promise<MetadataResult>((done) => {
    administration.apply({ type: "declareExchange", exchange }, done);
  });
  if (!result.ok) {
    broker.log.error(`events cannot be published: ${result.text}`);
    return;
  }
  const published = new EventExchange(broker, vhost);
  broker.events.listen((event) => published.publish(event));
}

/** As RabbitMQ's plugin declares it: nobody else can publish to it. */
function eventExchangeRecord(vhost: string): ExchangeRecord {
  return {
    vhost,
    name: EVENT_EXCHANGE,
    type: "topic",
    durable: true,
    autoDelete: false,
    internal: true,
    arguments: EMPTY_TABLE,
  };
}

/** Publishes events to amq.rabbitmq.event of one vhost (RabbitMQ: rabbitmq_event_exchange). */
class EventExchange {
  readonly #broker: Broker;
  readonly #vhost: string;

  constructor(broker: Broker, vhost: string) {
    this.#broker = broker;
    this.#vhost = vhost;
  }

  publish({ key, fields, atMs }: BrokerEvent): void {
    const vhost = this.#broker.vhosts.get(this.#vhost);
    if (vhost === undefined) return;
    const headers = new Map(Object.entries(fields));
    headers.set("timestamp_in_ms", { type: "long", value: atMs });
    publishInternally(this.#broker, vhost, {
      exchange: EVENT_EXCHANGE,
      routingKey: key,
      properties: { headers, deliveryMode: 2, timestamp: Math.floor(atMs / 1000) },
      body: NO_BODY,
    });
  }
}
