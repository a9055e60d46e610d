import { ClusterQueue } from "../cluster/queue/cluster-queue.ts";
import { resourceText } from "../errors.ts";
import { DelayedMessages } from "../exchange/delayed-messages.ts";
import { alternateExchangeOf, createRouter } from "../exchange/exchange-types.ts";
import { RecentHistory, recentHistoryLengthOf } from "../exchange/recent-history.ts";
import type { MetadataEvent } from "../metadata/events.ts";
import { homeOf } from "../metadata/queue-replicas.ts";
import type {
  BindingRecord,
  ExchangeRecord,
  QueueRecord,
  VirtualHostRecord,
} from "../metadata/records.ts";
import type { VirtualHostState } from "../metadata/virtual-host-state.ts";
import { BrokerQueue } from "../queue/broker-queue.ts";
import { effectiveQueueConfig } from "../queue/effective-queue-config.ts";
import { LiveQueue } from "../queue/live-queue.ts";
import type { Message } from "../queue/message.ts";
import type { QueueConfig } from "../queue/queue-config.ts";
import type { Broker } from "./broker.ts";
import { type Destination, LiveExchange } from "./live-exchange.ts";
import { PublishedMessage } from "./published-message.ts";
import { route } from "./route.ts";
import { Tracer } from "./tracer.ts";
import { VirtualHost } from "./virtual-host.ts";

/** Makes and unmakes the running exchanges, queues and bindings as the metadata machine tells of changes. */
export class Topology {
  readonly vhosts: Map<string, VirtualHost> = new Map();
  readonly #broker: Broker;
  readonly #random: () => number;
  #version = 0;

  constructor(broker: Broker, random: () => number) {
    this.#broker = broker;
    this.#random = random;
  }

  get version(): number {
    return this.#version;
  }

  /** Makes everything that the metadata holds, for a broker that starts with some. Once, before the first event. */
  load(): void {
    this.#version++;
    for (const state of this.#broker.metadata.vhosts()) {
      const { name } = state.record;
      this.vhosts.set(name, new VirtualHost(name));
      this.#onVhostChanged(state.record);
      for (const exchange of state.exchanges.values()) this.#onExchangeDeclared(exchange);
      for (const queue of state.queues.values()) this.#onQueueDeclared(queue);
      for (const binding of state.bindings.all()) this.#onBound(binding);
    }
  }

  /** Follows one change of the metadata. */
  onEvent(event: MetadataEvent): void {
    this.#version++;
    if (event.type === "vhostAdded") {
      this.vhosts.set(event.vhost.name, new VirtualHost(event.vhost.name));
      this.#onVhostChanged(event.vhost);
    } else if (event.type === "vhostChanged") this.#onVhostChanged(event.vhost);
    else if (event.type === "vhostDeleted") this.#onVhostDeleted(event.vhost);
    else if (event.type === "exchangeDeclared") this.#onExchangeDeclared(event.exchange);
    else if (event.type === "exchangeDeleted") this.#onExchangeDeleted(event.exchange);
    else if (event.type === "queueDeclared") this.#onNewQueue(event.queue);
    else if (event.type === "queueDeleted") this.#onQueueDeleted(event.queue);
    else if (event.type === "queuePlaced") this.#onQueuePlaced(event.queue);
    else if (event.type === "replaced") this.#onReplaced();
    else this.#onBindingOrSetting(event);
  }

  /** A snapshot took the place of the metadata: what runs is brought in step with it. */
  #onReplaced(): void {
    const { metadata } = this.#broker;
    for (const vhost of this.vhosts.values()) this.#dropOutdated(vhost, metadata.vhost(vhost.name));
    for (const state of metadata.vhosts()) this.#makeMissing(state);
  }

  #dropOutdated(vhost: VirtualHost, state: VirtualHostState | undefined): void {
    for (const queue of [...vhost.queues.values()]) {
      const { record } = queue;
      const now = state?.queues.get(record.name);
      const isSame = now?.groupId === record.groupId && now?.memoryId === record.memoryId;
      if (now === undefined || !isSame) this.#onQueueDeleted(record);
      else this.#onQueuePlaced(now);
    }
    // Their bindings may be others: they are made anew.
    for (const exchange of [...vhost.exchanges.values()]) this.#onExchangeDeleted(exchange.record);
    if (state === undefined) this.#onVhostDeleted(vhost.name);
  }

  #makeMissing(state: VirtualHostState): void {
    const { name } = state.record;
    const vhost = this.vhosts.get(name) ?? new VirtualHost(name);
    this.vhosts.set(name, vhost);
    this.#onVhostChanged(state.record);
    for (const exchange of state.exchanges.values()) this.#onExchangeDeclared(exchange);
    for (const queue of state.queues.values()) {
      if (vhost.queues.has(queue.name)) this.#onQueueConfigChanged(name, queue.name);
      else this.#onQueueDeclared(queue);
    }
    for (const binding of state.bindings.all()) this.#onBound(binding);
  }

  close(): void {
    for (const vhost of this.vhosts.values()) {
      for (const exchange of vhost.exchanges.values()) this.#closeExchange(exchange);
      for (const queue of vhost.queues.values()) queue.stop();
    }
    this.vhosts.clear();
  }

  /** Other events change no more than what publishers may do, which the version number tells. */
  #onBindingOrSetting(event: MetadataEvent): void {
    if (event.type === "bound") this.#onBound(event.binding);
    else if (event.type === "unbound") this.#onUnbound(event.binding);
    else if (event.type === "userDeleted") this.#onUserDeleted(event.user);
    else if (event.type === "queueConfigChanged")
      this.#onQueueConfigChanged(event.vhost, event.name);
    else if (event.type === "exchangeConfigChanged") {
      this.#onExchangeConfigChanged(event.vhost, event.name);
    }
  }

  /** Starts or ends the firehose. */
  #onVhostChanged({ name, tracing }: VirtualHostRecord): void {
    const vhost = this.vhosts.get(name);
    if (vhost === undefined || tracing === (vhost.tracer !== undefined)) return;
    vhost.tracer = tracing ? new Tracer(this.#broker, vhost) : undefined;
  }

  #onVhostDeleted(name: string): void {
    this.vhosts.delete(name);
    this.#broker.traffic.vhostDeleted(name);
    for (const connection of this.#broker.connections) {
      if (connection.vhost?.name === name) connection.vhostDeleted();
    }
  }

  /** Later, as closing a connection deletes its exclusive queues: commands must not follow from inside an event. */
  #onUserDeleted(name: string): void {
    const connections = [...this.#broker.connections].filter(({ user }) => user === name);
    if (connections.length === 0) return;
    this.#broker.timers.defer(() => {
      for (const connection of connections) connection.userDeleted();
    });
  }

  #onExchangeDeclared(record: ExchangeRecord): void {
    const router = createRouter<Destination>(record.type, record.arguments, this.#random, nameOf);
    const exchange = new LiveExchange(record, router);
    if (record.type === "x-delayed-message") exchange.delayed = new DelayedMessages();
    if (record.type === "x-recent-history") {
      const length = recentHistoryLengthOf(record.arguments);
      exchange.history = new RecentHistory<Message>(length, (message) => message.release());
    }
    exchange.alternate = this.#alternateOf(record);
    this.vhosts.get(record.vhost)?.exchanges.set(record.name, exchange);
  }

  #alternateOf(record: ExchangeRecord): string | undefined {
    const resource = resourceText("exchange", record.name, record.vhost);
    const own = alternateExchangeOf(record.arguments, resource);
    if (own !== undefined) return own;
    const { policy } = this.#broker.metadata.effectivePolicy("exchange", record.vhost, record.name);
    const value = policy?.definition.get("alternate-exchange");
    return typeof value === "string" ? value : undefined;
  }

  #onExchangeDeleted(record: ExchangeRecord): void {
    const exchanges = this.vhosts.get(record.vhost)?.exchanges;
    const exchange = exchanges?.get(record.name);
    if (exchange === undefined) return;
    exchanges?.delete(record.name);
    exchange.isDeleted = true;
    this.#broker.traffic.exchangeDeleted(exchange);
    this.#closeExchange(exchange);
  }

  #closeExchange(exchange: LiveExchange): void {
    this.#broker.delays.drop(exchange);
    exchange.history?.clear();
  }

  #onExchangeConfigChanged(vhost: string, name: string): void {
    const exchange = this.vhosts.get(vhost)?.exchanges.get(name);
    if (exchange !== undefined) exchange.alternate = this.#alternateOf(exchange.record);
  }

  #onNewQueue(record: QueueRecord): void {
    this.#onQueueDeclared(record);
    if (this.#isAtHome(record)) this.#broker.traffic.churn.queuesCreated++;
  }

  /** Each queue is counted by one node of a cluster. */
  #isAtHome(record: QueueRecord): boolean {
    return homeOf(record) === (this.#broker.places?.nodeId ?? homeOf(record));
  }

  #onQueueDeclared(record: QueueRecord): void {
    const queue = this.#createQueue(record);
    this.vhosts.get(record.vhost)?.queues.set(record.name, queue);
  }

  #createQueue(record: QueueRecord): BrokerQueue {
    const broker = this.#broker;
    const config = this.#configOf(record);
    const { places } = broker;
    const isLocal = record.groupId === undefined && record.memoryId === undefined;
    if (places === undefined || isLocal) return new LiveQueue(record, config, broker);
    const group = record.groupId === undefined ? undefined : broker.queueGroups?.open(record);
    return new ClusterQueue(record, config, {
      host: broker,
      hub: places.hub,
      traffic: broker.logTraffic,
      slabs: broker.slabs,
      log: broker.log,
      queueText: resourceText("queue", record.name, record.vhost),
      group,
    });
  }

  #onQueuePlaced(record: QueueRecord): void {
    const queue = this.vhosts.get(record.vhost)?.queues.get(record.name);
    if (queue instanceof ClusterQueue) queue.placed(record);
  }

  #configOf(record: QueueRecord): QueueConfig {
    const { vhost, name, type, autoDelete } = record;
    const effective = this.#broker.metadata.effectivePolicy("queue", vhost, name);
    const { policy, operatorPolicy } = effective;
    return effectiveQueueConfig(
      type,
      autoDelete,
      record.arguments,
      policy?.definition,
      operatorPolicy?.definition,
    );
  }

  #onQueueConfigChanged(vhost: string, name: string): void {
    const queue = this.vhosts.get(vhost)?.queues.get(name);
    queue?.updateConfig(this.#broker.clock.now(), this.#configOf(queue.record));
  }

  #onQueueDeleted(record: QueueRecord): void {
    const queues = this.vhosts.get(record.vhost)?.queues;
    const queue = queues?.get(record.name);
    if (queue === undefined) return;
    if (this.#isAtHome(record)) this.#broker.traffic.churn.queuesDeleted++;
    queues?.delete(record.name);
    this.#broker.disownQueue(queue);
    this.#broker.traffic.queueDeleted(queue);
    queue.close();
  }

  #onBound(binding: BindingRecord): void {
    const vhost = this.vhosts.get(binding.vhost);
    const source = vhost?.exchanges.get(binding.source);
    const destination = vhost === undefined ? undefined : destinationOf(vhost, binding);
    if (vhost === undefined || source === undefined || destination === undefined) return;
    source.router.bind({
      destination,
      routingKey: binding.routingKey,
      arguments: binding.arguments,
    });
    if (source.history !== undefined) this.#sendHistory(vhost, source.history, destination);
  }

  #onUnbound(binding: BindingRecord): void {
    const vhost = this.vhosts.get(binding.vhost);
    const source = vhost?.exchanges.get(binding.source);
    const destination = vhost === undefined ? undefined : destinationOf(vhost, binding);
    if (source === undefined || destination === undefined) return;
    source.router.unbind({
      destination,
      routingKey: binding.routingKey,
      arguments: binding.arguments,
    });
  }

  /** x-recent-history: what is newly bound gets what was published lately. */
  #sendHistory(
    vhost: VirtualHost,
    history: RecentHistory<Message>,
    destination: Destination,
  ): void {
    const now = this.#broker.clock.now();
    for (const message of history.messages()) {
      if (destination instanceof BrokerQueue) {
        destination.publish(now, message);
        continue;
      }
      const key = message.routing.routingKey;
      const found = route({
        vhost,
        exchange: destination,
        message: new PublishedMessage(message, key),
        keys: [key],
        findReply: () => undefined,
      });
      for (const sink of found.sinks) sink.publish(now, message);
    }
  }
}

function destinationOf(vhost: VirtualHost, binding: BindingRecord): Destination | undefined {
  const { destination, destinationType } = binding;
  return destinationType === "queue"
    ? vhost.queues.get(destination)
    : vhost.exchanges.get(destination);
}

/** A name for consistent hashing: the same after a restart and on every node. */
function nameOf(destination: Destination): string {
  const kind = destination instanceof LiveExchange ? "exchange" : "queue";
  return `${kind} ${destination.record.name}`;
}
