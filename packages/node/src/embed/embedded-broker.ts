import { ConnectionError, NO_METHOD } from "@leveret/amqp";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { Connection } from "../connection/connection.ts";
import type { MetadataCommand, MetadataResult, Refusal } from "../metadata/commands.ts";
import type { JsonValue } from "../metadata/json-value.ts";
import type { Message } from "../queue/message.ts";
import type { VirtualClock } from "../runtime/virtual-clock.ts";
import {
  type ConnectionInfo,
  connectionInfo,
  getQueue,
  type QueueInfo,
  queueInfo,
} from "./broker-view.ts";
import type { EmbeddedManagement } from "./embedded-management.ts";
import { type QueuedMessage, queuedMessage } from "./queued-message.ts";
import { resetTopology } from "./reset.ts";

const POLL_INTERVAL_MS = 2;
const DEFAULT_TIMEOUT_MS = 5000;
const MESSAGES_SHOWN_DEFAULT = 1000;
/** Of changes that were refused later than their call; the first one tells enough. */
const REFUSALS_KEPT_MAX = 10;
/** The alarm that `blockPublishers` raises belongs to no real node, so that no monitor clears it. */
const FAULT_NODE = "embedded-fault";
/** What a listener on all interfaces reports, and where clients of this machine find it. */
const ANY_ADDRESS: ReadonlyMap<string, string> = new Map([
  ["0.0.0.0", "127.0.0.1"],
  ["::", "::1"],
]);

/** Which messages of a queue are wanted. */
export interface MessagesOptions {
  /** Default "/". */
  readonly vhost?: string;
  /** At most so many; default 1000. */
  readonly limit?: number;
}

export interface WaitOptions {
  /** Default "/". */
  readonly vhost?: string;
  /** Real time after which the wait fails; default 5000. */
  readonly timeoutMs?: number;
}

/** A user for `addUser`. Patterns are regular expressions as in RabbitMQ; default: everything is allowed. */
export interface UserOptions {
  /** Where the permissions hold; default: every vhost there is. */
  readonly vhost?: string;
  readonly configure?: string;
  readonly write?: string;
  readonly read?: string;
  readonly tags?: readonly string[];
}

/** A policy for `setPolicy`. */
export interface PolicyOptions {
  /** Regular expression on names of queues and exchanges. */
  readonly pattern: string;
  /** As in RabbitMQ: `{ "message-ttl": 60000 }`. */
  readonly definition: Readonly<Record<string, JsonValue>>;
  /** Default "all". */
  readonly applyTo?: "all" | "queues" | "exchanges" | "classic_queues" | "quorum_queues";
  /** Default 0; the highest that matches applies. */
  readonly priority?: number;
  /** Default "/". */
  readonly vhost?: string;
}

/** Whom `urlFor` logs in, and where; what is not given is the default user and vhost. */
export interface UrlOptions {
  readonly user?: string;
  readonly password?: string;
  readonly vhost?: string;
}

interface EmbeddedParts {
  readonly clock?: VirtualClock | undefined;
  /** Documents that `reset` declares again. */
  readonly definitions?: readonly string[];
  readonly management?: EmbeddedManagement | undefined;
}

/** A broker inside the current process, with a view into its queues and with faults on demand. */
export class EmbeddedBroker implements AsyncDisposable {
  /** The clock given to `startBroker`. */
  readonly clock: VirtualClock | undefined;
  /** Where the listener is bound, known after `stop()`, too. */
  readonly host: string;
  /** The port that clients connect to. */
  readonly port: number;
  /** The port for TLS; undefined: `configure` set none up. */
  readonly tlsPort: number | undefined;
  /** Of the HTTP API; undefined: `managementPort` was not asked for. */
  readonly managementPort: number | undefined;
  readonly #node: BrokerNode;
  readonly #definitions: readonly string[];
  readonly #management: EmbeddedManagement | undefined;
  /** Of changes with a data directory, since the last `waitUntilStored`. */
  readonly #refusals: Error[] = [];
  #isStopped = false;

  /** Made by `startBroker`. */
  constructor(node: BrokerNode, { clock, definitions = [], management }: EmbeddedParts = {}) {
    this.#node = node;
    this.#definitions = definitions;
    this.#management = management;
    this.clock = clock;
    this.managementPort = management?.port;
    const [listener] = node.listeners;
    if (listener === undefined) throw new Error("an embedded broker needs one listener at least");
    this.host = listener.address.address;
    this.port = listener.address.port;
    this.tlsPort = node.listeners.find(({ isTls }) => isTls)?.address.port;
  }

  /** For any AMQP client: `amqp://guest:guest@127.0.0.1:PORT`. */
  get url(): string {
    return this.urlFor();
  }

  /** As `url`, for another user or vhost. @throws TypeError if the user's password is not given */
  urlFor({ user, password, vhost }: UrlOptions = {}): string {
    const { defaults } = this.#node.config;
    if (user !== undefined && password === undefined) {
      throw new TypeError(`urlFor needs the password of user '${user}', too`);
    }
    const name = encodeURIComponent(user ?? defaults.user);
    const secret = encodeURIComponent(password ?? defaults.password);
    const address = ANY_ADDRESS.get(this.host) ?? this.host;
    const host = address.includes(":") ? `[${address}]` : address;
    const path = vhost === undefined ? "" : `/${encodeURIComponent(vhost)}`;
    return `amqp://${name}:${secret}@${host}:${this.port}${path}`;
  }

  /** All queues, by vhost and name. */
  queues(): QueueInfo[] {
    const infos: QueueInfo[] = [];
    for (const vhost of this.#node.broker.vhosts.values()) {
      for (const queue of vhost.queues.values()) infos.push(queueInfo(queue));
    }
    return infos;
  }

  /** Counts of one queue. @throws Error that names the queues there are, if there is none of this name */
  queue(name: string, vhost = "/"): QueueInfo {
    return queueInfo(getQueue(this.#node.broker, name, vhost));
  }

  /**
   * The ready messages of a queue, oldest first, at most `limit` (1000); they stay where they are.
   * @throws Error if they are in the log of a data directory: see `readMessages`
   */
  messages(name: string, options: MessagesOptions = {}): QueuedMessage[] {
    const { vhost = "/", limit = MESSAGES_SHOWN_DEFAULT } = options;
    const found: QueuedMessage[] = [];
    getQueue(this.#node.broker, name, vhost).peek(limit, (message, redelivered) => {
      if (!message.isLoaded) {
        throw new Error(`the messages of queue '${name}' have to be read: await readMessages()`);
      }
      found.push(queuedMessage(message, redelivered));
    });
    return found;
  }

  /** As `messages`, also from the log of a data directory. What a consumer takes meanwhile may be missing. */
  async readMessages(name: string, options: MessagesOptions = {}): Promise<QueuedMessage[]> {
    const { vhost = "/", limit = MESSAGES_SHOWN_DEFAULT } = options;
    const queue = getQueue(this.#node.broker, name, vhost);
    await new Promise<void>((resolve) => queue.whenReady(resolve));
    const ready: { message: Message; redelivered: boolean }[] = [];
    queue.peek(limit, (message, redelivered) => ready.push({ message, redelivered }));
    const found: QueuedMessage[] = [];
    for (const { message, redelivered } of ready) {
      await new Promise<void>((resolve) => queue.whenLoaded(message, resolve));
      if (message.isLoaded) found.push(queuedMessage(message, redelivered));
    }
    return found;
  }

  /** Waits until a queue exists and holds at least `count` ready messages, and returns the first `count`. */
  async waitForMessages(
    name: string,
    count: number,
    options: WaitOptions = {},
  ): Promise<QueuedMessage[]> {
    const { vhost = "/" } = options;
    const find = (): QueueInfo | undefined => this.#find(name, vhost);
    await this.#waitUntil(
      () => (find()?.messagesReady ?? 0) >= count,
      () => describeShortage(name, count, find()),
      options,
    );
    return this.readMessages(name, { vhost, limit: count });
  }

  /** Waits until a queue has neither ready nor unacknowledged messages. @throws Error if there is no such queue */
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

  /** Waits until `count` clients are connected: at the start, or again after `dropConnections`. */
  async waitForConnections(
    count: number,
    options: Pick<WaitOptions, "timeoutMs"> = {},
  ): Promise<void> {
    const open = (): number => this.#running().length;
    await this.#waitUntil(
      () => open() >= count,
      () => `${open()} clients are connected, not ${count}`,
      options,
    );
  }

  /** Makes a vhost in which the default user may do everything. */
  addVhost(name: string): void {
    const { user, permissions } = this.#node.config.defaults;
    this.apply({ type: "addVhost", name });
    this.apply({ type: "setPermissions", user, vhost: name, ...permissions });
  }

  /** Makes a user, or gives an existing one another password, tags and permissions. */
  addUser(name: string, password: string, options: UserOptions = {}): void {
    const { broker, administration } = this.#node;
    const { configure = ".*", write = ".*", read = ".*", tags = [] } = options;
    this.#demand(`user '${name}'`, (done) =>
      administration.putUser({ name, password, tags }, done),
    );
    const vhosts = options.vhost === undefined ? [...broker.vhosts.keys()] : [options.vhost];
    for (const vhost of vhosts) {
      this.apply({ type: "setPermissions", user: name, vhost, configure, write, read });
    }
  }

  /** Sets a policy; it changes the queues and exchanges that are there, too. */
  setPolicy(name: string, options: PolicyOptions): void {
    const { pattern, definition, applyTo = "all", priority = 0, vhost = "/" } = options;
    this.apply({
      type: "setPolicy",
      vhost,
      name,
      pattern,
      applyTo,
      priority,
      definition: new Map(Object.entries(definition)),
    });
  }

  /**
   * Changes vhosts, users, permissions, policies, queues, exchanges or bindings. With a data directory the change is made a moment
   * later: see `waitUntilStored`. @throws Error with the reason
   */
  apply(command: MetadataCommand): void {
    this.#demand(command.type, (done) => this.#node.administration.apply(command, done));
  }

  /**
   * Waits until all changes so far are on the disk, if there is a data directory. Rejects with the reason if one was refused since the
   * last wait, or could not be stored.
   */
  async waitUntilStored(): Promise<void> {
    const failure = await new Promise<Refusal | undefined>((resolve) => {
      this.#node.administration.whenStored(resolve);
    });
    const [refusal] = this.#refusals.splice(0);
    if (refusal !== undefined) throw refusal;
    if (failure !== undefined) throw new Error(failure.text);
  }

  /**
   * Makes it as new between two tests: deletes all queues with their messages, exchanges and bindings but what AMQP
   * predeclares and the definitions hold, and unblocks publishers. Vhosts, users, policies and connections stay;
   * consumers of deleted queues are cancelled.
   */
  reset(): void {
    const { broker } = this.#node;
    resetTopology(broker, this.#definitions, (command) => {
      this.#demand(command.type, (done) => broker.metadataStore.submit(command, done));
    });
    this.unblockPublishers();
  }

  /** Clients that have opened a vhost. */
  connections(): ConnectionInfo[] {
    return this.#running().map(connectionInfo);
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
    this.#isStopped = true;
    await this.#management?.close();
    await this.#node.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** A refusal that comes after the call has returned waits for `waitUntilStored`. */
  #demand(what: string, start: (done: (result: MetadataResult) => void) => void): void {
    let isReturned = false;
    let refusal: Error | undefined;
    start((result) => {
      if (result.ok) return;
      refusal = new Error(`${what} refused: ${result.text}`);
      if (isReturned && this.#refusals.length < REFUSALS_KEPT_MAX) this.#refusals.push(refusal);
    });
    isReturned = true;
    if (refusal !== undefined) throw refusal;
  }

  #find(name: string, vhost: string): QueueInfo | undefined {
    const queue = this.#node.broker.vhosts.get(vhost)?.queues.get(name);
    return queue === undefined ? undefined : queueInfo(queue);
  }

  #running(): Connection[] {
    return [...this.#node.broker.connections].filter((connection) => connection.isRunning);
  }

  #choose(which: (connection: ConnectionInfo) => boolean): Connection[] {
    return this.#running().filter((connection) => which(connectionInfo(connection)));
  }

  async #waitUntil(
    isDone: () => boolean,
    describe: () => string,
    { timeoutMs = DEFAULT_TIMEOUT_MS }: Pick<WaitOptions, "timeoutMs">,
  ): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!isDone()) {
      if (this.#isStopped) throw new Error(`the broker was stopped: ${describe()}`);
      if (performance.now() >= deadline) throw new Error(`waited ${timeoutMs} ms: ${describe()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
  }
}

function describeShortage(name: string, count: number, queue: QueueInfo | undefined): string {
  if (queue === undefined) return `queue '${name}' has not been declared; wanted ${count} messages`;
  const { messagesReady, messagesUnacknowledged, consumers } = queue;
  return (
    `queue '${name}' has ${messagesReady} ready messages, not ${count} ` +
    `(${messagesUnacknowledged} unacknowledged, ${consumers} consumers)`
  );
}
