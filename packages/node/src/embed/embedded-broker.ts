import { ConnectionError, NO_METHOD } from "@leveret/amqp";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { Connection } from "../connection/connection.ts";
import type { MetadataCommand } from "../metadata/commands.ts";
import type { VolatileQueue } from "../queue/volatile-queue.ts";
import type { VirtualClock } from "../runtime/virtual-clock.ts";
import { type QueuedMessage, queuedMessage } from "./queued-message.ts";

const POLL_INTERVAL_MS = 2;
const DEFAULT_TIMEOUT_MS = 5000;
/** The alarm that `blockPublishers` raises belongs to no real node, so that no monitor clears it. */
const FAULT_NODE = "embedded-fault";

export interface WaitOptions {
  /** Default "/". */
  readonly vhost?: string;
  /** Real time after which the wait fails; default 5000. */
  readonly timeoutMs?: number;
}

export interface QueueInfo {
  readonly name: string;
  readonly vhost: string;
  readonly messagesReady: number;
  readonly messagesUnacknowledged: number;
  readonly consumers: number;
}

export interface ConnectionInfo {
  /** `127.0.0.1:51234 -> 127.0.0.1:5672` */
  readonly name: string;
  /** What the client called itself. */
  readonly clientName: string | undefined;
  readonly user: string;
  readonly vhost: string | undefined;
  readonly channels: number;
}

/** A broker inside the current process, with a view into its queues and with faults on demand. */
export class EmbeddedBroker implements AsyncDisposable {
  /** The clock given to `startBroker`. */
  readonly clock: VirtualClock | undefined;
  readonly #node: BrokerNode;

  constructor(node: BrokerNode, clock: VirtualClock | undefined) {
    this.#node = node;
    this.clock = clock;
  }

  /** The port that clients connect to. */
  get port(): number {
    return this.#address().port;
  }

  get host(): string {
    return this.#address().address;
  }

  /** For any AMQP client: `amqp://guest:guest@127.0.0.1:PORT`. */
  get url(): string {
    const { user, password } = this.#node.config.defaults;
    const { address, port } = this.#address();
    const host = address.includes(":") ? `[${address}]` : address;
    return `amqp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}`;
  }

  /** All queues, by vhost and name. */
  queues(): QueueInfo[] {
    const infos: QueueInfo[] = [];
    for (const vhost of this.#node.broker.vhosts.values()) {
      for (const queue of vhost.queues.values()) infos.push(queueInfo(queue));
    }
    return infos;
  }

  /** Counts of one queue. @throws Error if there is none of this name */
  queue(name: string, vhost = "/"): QueueInfo {
    return queueInfo(this.#queue(name, vhost));
  }

  /** The ready messages of a queue, oldest first, at most `limit`; they stay where they are. */
  messages(name: string, options: { vhost?: string; limit?: number } = {}): QueuedMessage[] {
    const { vhost = "/", limit = 1000 } = options;
    const found: QueuedMessage[] = [];
    this.#queue(name, vhost).peek(limit, (message, redelivered) => {
      found.push(queuedMessage(message, redelivered));
    });
    return found;
  }

  /** Waits until a queue exists and holds at least `count` ready messages, and returns the first `count`. */
  async waitForMessages(
    name: string,
    count: number,
    options: WaitOptions = {},
  ): Promise<QueuedMessage[]> {
    const { vhost = "/" } = options;
    const find = (): VolatileQueue | undefined =>
      this.#node.broker.vhosts.get(vhost)?.queues.get(name);
    await this.#waitUntil(
      () => (find()?.readyCount ?? 0) >= count,
      () =>
        `queue '${name}' has ${find()?.readyCount ?? "not been declared, so no"} messages, not ${count}`,
      options,
    );
    return this.messages(name, { vhost, limit: count });
  }

  /** Waits until a queue has neither ready nor unacknowledged messages. */
  async waitUntilDrained(name: string, options: WaitOptions = {}): Promise<void> {
    const { vhost = "/" } = options;
    const left = (): number => {
      const { messagesReady, messagesUnacknowledged } = this.queue(name, vhost);
      return messagesReady + messagesUnacknowledged;
    };
    await this.#waitUntil(
      () => left() === 0,
      () => `queue '${name}' still has ${left()} messages`,
      options,
    );
  }

  /** Changes vhosts, users, permissions, policies, queues, exchanges or bindings. @throws Error with the reason */
  apply(command: MetadataCommand): void {
    const result = this.#node.broker.metadata.apply(command);
    if (!result.ok) throw new Error(result.text);
  }

  /** Clients that have opened a vhost. */
  connections(): ConnectionInfo[] {
    return this.#running().map((connection) => ({
      name: connection.name,
      clientName: connection.client.connectionName,
      user: connection.user,
      vhost: connection.vhost?.name,
      channels: connection.channels.size,
    }));
  }

  /** A fault: drops TCP connections without a word. Returns how many. */
  dropConnections(which: (connection: ConnectionInfo) => boolean = () => true): number {
    const chosen = this.#choose(which);
    for (const connection of chosen) connection.destroy();
    return chosen.length;
  }

  /** Closes connections as an operator does: 320 with a reason. Returns how many. */
  closeConnections(
    reason: string,
    which: (connection: ConnectionInfo) => boolean = () => true,
  ): number {
    const error = new ConnectionError("CONNECTION_FORCED", reason, { failed: NO_METHOD });
    const chosen = this.#choose(which);
    for (const connection of chosen) connection.closeByServer(error);
    return chosen.length;
  }

  /** A fault: whoever publishes is blocked, with connection.blocked, as by a memory or disk alarm. */
  blockPublishers(source: "memory" | "disk" = "memory"): void {
    this.#node.broker.alarms.raise(source, FAULT_NODE);
  }

  unblockPublishers(): void {
    this.#node.broker.alarms.clearNode(FAULT_NODE);
  }

  /** Tells the clients, closes everything; nothing stays open. Repeatable. */
  async stop(): Promise<void> {
    await this.#node.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #address(): { readonly address: string; readonly port: number } {
    const [listener] = this.#node.listeners;
    if (listener === undefined) throw new Error("this broker has no listener");
    return listener.address;
  }

  #queue(name: string, vhost: string): VolatileQueue {
    const queue = this.#node.broker.vhosts.get(vhost)?.queues.get(name);
    if (queue === undefined) throw new Error(`no queue '${name}' in vhost '${vhost}'`);
    return queue;
  }

  #running(): Connection[] {
    return [...this.#node.broker.connections].filter((connection) => connection.isRunning);
  }

  #choose(which: (connection: ConnectionInfo) => boolean): Connection[] {
    const names = new Set(
      this.connections()
        .filter(which)
        .map((info) => info.name),
    );
    return this.#running().filter((connection) => names.has(connection.name));
  }

  async #waitUntil(
    isDone: () => boolean,
    describe: () => string,
    { timeoutMs = DEFAULT_TIMEOUT_MS }: WaitOptions,
  ): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!isDone()) {
      if (Date.now() >= deadline) throw new Error(`waited ${timeoutMs} ms: ${describe()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
  }
}

function queueInfo(queue: VolatileQueue): QueueInfo {
  const { name, vhost } = queue.record;
  return {
    name,
    vhost,
    messagesReady: queue.readyCount,
    messagesUnacknowledged: queue.unackedCount,
    consumers: queue.consumerCount,
  };
}
