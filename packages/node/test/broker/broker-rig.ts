import { EMPTY_TABLE, type FieldTable, longstr } from "@leveret/amqp";
import { Alarms } from "../../src/alarm/alarms.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/broker/broker-options.ts";
import type { LiveExchange } from "../../src/broker/live-exchange.ts";
import type { MessageSink } from "../../src/broker/message-sink.ts";
import { type Route, type RouteOptions, route } from "../../src/broker/route.ts";
import type { VirtualHost } from "../../src/broker/virtual-host.ts";
import { SILENT_LOGGING } from "../../src/logger.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import { PRODUCT } from "../../src/product.ts";
import { LiveQueue } from "../../src/queue/live-queue.ts";
import { VirtualClock } from "../../src/runtime/virtual-clock.ts";

export const OPTIONS: BrokerOptions = {
  nodeName: "rabbit@test",
  clusterName: "rabbit@test",
  product: {
    product: PRODUCT.name,
    version: PRODUCT.version,
    productVersion: PRODUCT.productVersion,
    platform: PRODUCT.platform,
    copyright: PRODUCT.copyright,
    information: PRODUCT.information,
  },
  mechanisms: ["PLAIN"],
  frameMax: 131_072,
  initialFrameMax: 4096,
  channelMax: 2047,
  heartbeatSeconds: 0,
  handshakeTimeoutMs: undefined,
  silentCloseDelayMs: undefined,
  maxMessageSize: 1_000_000,
  consumerMaxPerChannel: 0,
  queueMax: undefined,
  maxConnections: undefined,
  maxChannelsPerNode: 0,
  loopbackUsers: new Set(),
  hashingAlgorithm: "rabbit_password_hashing_sha256",
  failedLoginsPerMinute: undefined,
  tracksAttemptSources: false,
  defaultQueueType: undefined,
  consumerTimeoutMs: 0,
};

/** A broker without sockets, with one vhost. */
export class BrokerRig {
  readonly broker: Broker = new Broker(OPTIONS, {
    clock: new VirtualClock(),
    logging: SILENT_LOGGING,
    alarms: new Alarms(SILENT_LOGGING.root),
  });

  constructor() {
    this.apply({ type: "addVhost", name: "/" });
  }

  /** @throws Error if it is refused */
  apply(command: MetadataCommand): void {
    this.broker.metadataStore.submit(command, (result) => {
      if (!result.ok) throw new Error(`${command.type} refused: ${result.text}`);
    });
  }

  get vhost(): VirtualHost {
    const vhost = this.broker.vhosts.get("/");
    if (vhost === undefined) throw new Error("the vhost was made");
    return vhost;
  }

  exchange(name: string): LiveExchange {
    const exchange = this.vhost.exchanges.get(name);
    if (exchange === undefined) throw new Error(`no exchange ${name}`);
    return exchange;
  }

  declareExchange(name: string, type: string, alternate?: string): void {
    const args: FieldTable =
      alternate === undefined ? EMPTY_TABLE : new Map([["alternate-exchange", longstr(alternate)]]);
    this.apply({
      type: "declareExchange",
      exchange: {
        vhost: "/",
        name,
        type,
        durable: false,
        autoDelete: false,
        internal: false,
        arguments: args,
      },
    });
  }

  declareQueue(name: string): LiveQueue {
    this.apply({
      type: "declareQueue",
      queue: {
        vhost: "/",
        name,
        type: "classic",
        durable: false,
        autoDelete: false,
        exclusiveOwner: undefined,
        arguments: EMPTY_TABLE,
      },
    });
    const queue = this.vhost.queues.get(name);
    if (!(queue instanceof LiveQueue)) throw new Error(`no queue ${name}`);
    return queue;
  }

  /** Binds to a queue, or with a destination `exchange:name` to an exchange. */
  bind(source: string, destination: string, routingKey = ""): void {
    const isExchange = destination.startsWith("exchange:");
    this.apply({
      type: "bind",
      binding: {
        vhost: "/",
        source,
        destination: isExchange ? destination.slice("exchange:".length) : destination,
        destinationType: isExchange ? "exchange" : "queue",
        routingKey,
        arguments: EMPTY_TABLE,
      },
    });
  }

  route(exchange: string, keys: readonly string[], more: Partial<RouteOptions> = {}): Route {
    const [routingKey = ""] = keys;
    return route({
      vhost: this.vhost,
      exchange: this.exchange(exchange),
      message: { routingKey, headers: undefined, property: () => undefined },
      keys,
      findReply: () => undefined,
      ...more,
    });
  }
}

/** Names of queues, sorted; another sink is `?`. */
export function namesOf(sinks: readonly MessageSink[]): string[] {
  return sinks.map((sink) => (sink instanceof LiveQueue ? sink.record.name : "?")).sort();
}
