import { randomInt } from "node:crypto";
import type { FieldTable } from "@leveret/amqp";
import type { Timers } from "@leveret/raft";
import type { Alarms } from "../alarm/alarms.ts";
import { AccessControl } from "../auth/access-control.ts";
import { AuthAttempts } from "../auth/auth-attempts.ts";
import { Authenticator, type LoginAttempt, type LoginResult } from "../auth/authenticator.ts";
import { type BackendChain, INTERNAL_ONLY } from "../auth/backend-chain.ts";
import type { Eventually } from "../auth/eventually.ts";
import { FailedLogins } from "../auth/failed-logins.ts";
import { InternalBackend } from "../auth/internal-backend.ts";
import { PasswordVerifier } from "../auth/password-verifier.ts";
import type { QueuePlaces } from "../cluster/queue/queue-cluster.ts";
import type { Connection } from "../connection/connection.ts";
import { FlushQueue } from "../connection/flush-queue.ts";
import { HeartbeatMonitor } from "../connection/heartbeat.ts";
import { ReplyRegistry } from "../connection/reply-consumer.ts";
import { serverProperties } from "../connection/server-properties.ts";
import { notAllowed } from "../errors.ts";
import type { Logger, Logging } from "../logger.ts";
import type { Actor } from "../metadata/actor.ts";
import type { MetadataCommand, Refusal } from "../metadata/commands.ts";
import type { MetadataView } from "../metadata/metadata-machine.ts";
import { LocalMetadata, type MetadataStore } from "../metadata/metadata-store.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import type { LiveQueue, QueueHost } from "../queue/live-queue.ts";
import { LogTraffic, type PublisherHold } from "../queue/log/log-traffic.ts";
import type { QueueGroups } from "../queue/log/queue-group.ts";
import { Message, messageRouting } from "../queue/message.ts";
import type { DeadLetterReason } from "../queue/queue-effects.ts";
import { SlabStore } from "../queue/slab-store.ts";
import type { Clock } from "../runtime/clock.ts";
import { REAL_TIMERS } from "../runtime/real-raft-clock.ts";
import { NodeTraffic } from "../statistics/node-traffic.ts";
import { AuditLog } from "./audit-log.ts";
import { YieldingPublishers } from "./backlog.ts";
import type { BrokerOptions } from "./broker-options.ts";
import { clusterNameOf } from "./cluster-name.ts";
import { ConnectionCounts } from "./connection-counts.ts";
import { ConsumerTimeout } from "./consumer-timeout.ts";
import { deadLetter } from "./dead-letter.ts";
import { DeferredWork } from "./deferred-work.ts";
import { Delays } from "./delays.ts";
import { AttributedMetadata } from "./events/attributed-metadata.ts";
import { BrokerEvents } from "./events/broker-events.ts";
import type { LiveExchange } from "./live-exchange.ts";
import { type Login, type LoginSource, login } from "./login.ts";
import { QueueDeletions } from "./queue-deletions.ts";
import { Topology } from "./topology.ts";
import type { VirtualHost } from "./virtual-host.ts";

export interface BrokerDependencies {
  readonly clock: Clock;
  /** Of turns, and of the log; undefined: the machine's, also where the clock is another one. */
  readonly timers?: Timers | undefined;
  /** Of random exchanges, 0 to 1; undefined: the machine's. */
  readonly random?: (() => number) | undefined;
  readonly logging: Logging;
  /** Who authenticates and authorizes besides the broker's own users; undefined: nobody. */
  readonly backends?: BackendChain | undefined;
  readonly alarms: Alarms;
  /** With what it holds; undefined: a new one in memory. */
  readonly metadata?: MetadataStore | undefined;
  /** Where durable queues have their logs; undefined: everything is in memory. */
  readonly queueGroups?: QueueGroups | undefined;
  /** The cluster that it is part of, if only alone; undefined: everything is in memory. */
  readonly places?: QueuePlaces | undefined;
}

/**
 * One node's broker: metadata, and what this node runs of it. Connections call it; it knows nothing of sockets
 * but the set of connections.
 */
export class Broker implements QueueHost {
  readonly options: BrokerOptions;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly alarms: Alarms;
  readonly log: Logger;
  readonly connectionLog: Logger;
  readonly metadata: MetadataView;
  /** Where all changes of metadata go. */
  readonly metadataStore: MetadataStore;
  /** What the broker's own users may do. */
  readonly access: AccessControl;
  /** What happens here, for who wants to know. */
  readonly events: BrokerEvents;
  /** Attempts to log in, by all protocols. */
  readonly authAttempts: AuthAttempts;
  /** Lets users in, by all protocols. */
  readonly authenticator: Authenticator;
  readonly slabs: SlabStore = new SlabStore();
  readonly flushQueue: FlushQueue = new FlushQueue();
  readonly heartbeats: HeartbeatMonitor = new HeartbeatMonitor();
  readonly replies: ReplyRegistry;
  readonly deferred: DeferredWork;
  readonly delays: Delays;
  readonly yielding: YieldingPublishers = new YieldingPublishers();
  readonly logTraffic: LogTraffic;
  /** What clients of this node do, counted. */
  readonly traffic: NodeTraffic = new NodeTraffic((vhost) => this.vhosts.has(vhost));
  readonly queueGroups: QueueGroups | undefined;
  readonly places: QueuePlaces | undefined;
  /** The message being published: publishes are handled one at a time, so one view serves them all. */
  readonly publishView: Message;
  /** Whose input is being handled. */
  publishingConnection: Connection | undefined = undefined;

  readonly #connectionsById = new Map<number, Connection>();
  readonly #audit: AuditLog;
  readonly #topology: Topology;
  readonly #counts: ConnectionCounts;
  readonly #consumerTimeout: ConsumerTimeout;
  readonly #deletions: QueueDeletions;
  readonly #warned = new Set<string>();
  /** Ids of connections and sessions begin here: other nodes of the cluster use others. */
  readonly #firstId: number;
  #lastSessionId = 0;
  #serverProperties: { readonly name: string; readonly table: FieldTable } | undefined;
  #lastConnectionId = 0;

  constructor(options: BrokerOptions, dependencies: BrokerDependencies) {
    const { clock, logging, alarms, queueGroups } = dependencies;
    const { metadata = new LocalMetadata(), timers = REAL_TIMERS } = dependencies;
    this.options = options;
    this.clock = clock;
    this.timers = timers;
    this.logTraffic = new LogTraffic(timers);
    this.alarms = alarms;
    this.queueGroups = queueGroups;
    this.places = dependencies.places;
    this.replies = new ReplyRegistry(this.places?.nodeId ?? 0, this.places?.hub.options.links);
    this.#firstId = (this.places?.nodeId ?? 0) * IDS_PER_NODE;
    this.log = logging.root;
    this.connectionLog = logging.category("connection");
    this.deferred = new DeferredWork((error) => {
      this.log.error({ err: error }, "internal error in deferred work");
    }, timers);
    this.delays = new Delays(this);
    this.publishView = new Message(this.slabs, messageRouting("", ""));
    this.#topology = new Topology(this, dependencies.random ?? randomFraction);
    this.events = new BrokerEvents(options.nodeName, timers);
    this.#audit = new AuditLog(logging.category("audit"));
    this.metadataStore = new AttributedMetadata(metadata, (change) => {
      this.events.changed(change);
      this.#audit.changed(change);
    });
    this.metadata = metadata.machine;
    this.#deletions = new QueueDeletions(this);
    this.access = new AccessControl(this.metadata);
    this.authAttempts = new AuthAttempts(options.tracksAttemptSources);
    this.authenticator = this.#makeAuthenticator(dependencies.backends ?? INTERNAL_ONLY);
    this.#counts = new ConnectionCounts(this);
    this.#consumerTimeout = new ConsumerTimeout(this, options.consumerTimeoutMs);
    this.#consumerTimeout.start();
    alarms.onNodeAlarm((alarm, isRaised) => {
      // Those of other nodes are told there.
      if (alarm.node === options.nodeName) this.events.alarmChanged(alarm, isRaised);
    });
    alarms.onChange((reason) => {
      if (reason === undefined) this.#unblockAll();
    });
    this.#topology.load();
    metadata.tellEvents((event) => this.#topology.onEvent(event));
  }

  get clusterName(): string {
    const { clusterName: configured, nodeName } = this.options;
    return clusterNameOf(this.metadata, { configured, nodeName });
  }

  /** As clients are told. */
  get serverProperties(): FieldTable {
    const name = this.clusterName;
    if (this.#serverProperties?.name !== name) {
      this.#serverProperties = { name, table: serverProperties(this.options.product, name) };
    }
    return this.#serverProperties.table;
  }

  get connections(): Iterable<Connection> {
    return this.#connectionsById.values();
  }

  get connectionCount(): number {
    return this.#connectionsById.size;
  }

  /** Clients that have opened a vhost. */
  get openConnectionCount(): number {
    return this.#counts.connectionCount;
  }

  get channelCount(): number {
    return this.#counts.channelCount;
  }

  get vhosts(): ReadonlyMap<string, VirtualHost> {
    return this.#topology.vhosts;
  }

  /** Queues of all vhosts. */
  get queueCount(): number {
    let count = 0;
    for (const { queues } of this.vhosts.values()) count += queues.size;
    return count;
  }

  /** Grows with every change that may lead a publish elsewhere or forbid it. */
  get topologyVersion(): number {
    return this.#topology.version;
  }

  nextSessionId(): number {
    this.#lastSessionId++;
    return this.#firstId + this.#lastSessionId;
  }

  nextConnectionId(): number {
    this.#lastConnectionId++;
    return this.#firstId + this.#lastConnectionId;
  }

  /** Changes metadata for nobody in particular: what goes wrong is logged. */
  changeMetadata(command: MetadataCommand): void {
    this.metadataStore.submit(command, (result) => {
      if (!result.ok)
        this.log.error({}, `metadata command ${command.type} refused: ${result.text}`);
    });
  }

  /** QueueHost: an unused or expired queue goes the same way as a deleted one. */
  deleteQueue(queue: BrokerQueue): void {
    this.#deletions.add(queue, undefined);
  }

  /** Calls `done` when the queue is gone: within the call or later; with the reason if it could not be deleted. */
  removeQueue(
    queue: BrokerQueue,
    done: (failure: Refusal | undefined) => void,
    actor?: Actor,
  ): void {
    this.#deletions.add(queue, done, actor);
  }

  /** The queue is gone: its owner need not delete it any more. */
  disownQueue(queue: BrokerQueue): void {
    const { exclusiveOwner } = queue.record;
    if (exclusiveOwner === undefined) return;
    this.#connectionsById.get(exclusiveOwner)?.disownQueue(queue);
  }

  deadLetter(queue: LiveQueue, message: Message, reason: DeadLetterReason): void {
    this.traffic.deadLetters[queue.record.type][reason]++;
    deadLetter(this, queue, message, reason);
  }

  defaultQueueType(vhost: string): string | undefined {
    return this.metadata.vhost(vhost)?.record.defaultQueueType ?? this.options.defaultQueueType;
  }

  login(mechanism: string, response: Buffer, from: LoginSource): Eventually<Login> {
    const { certificateLogin } = this.options;
    return login(this.authenticator, { mechanism, response, from, certificateLogin });
  }

  /** connection.open: limits, then existence of the vhost and access to it. @throws ConnectionError 530, PermissionPending */
  admit(connection: Connection, vhostName: string): VirtualHost {
    const vhost = this.vhosts.get(vhostName);
    if (vhost === undefined) throw notAllowed(`vhost ${vhostName} not found`);
    this.#counts.admit(connection, vhost);
    return vhost;
  }

  /** Counts a channel in. @throws ConnectionError 530 if node or user may have no more */
  channelOpened(connection: Connection): void {
    this.#counts.openChannel(connection);
  }

  channelClosed(connection: Connection): void {
    this.#counts.closeChannel(connection);
  }

  /** The connection no longer counts against limits. Repeatable. */
  connectionReleased(connection: Connection): void {
    this.#counts.release(connection);
  }

  connectionOpened(connection: Connection): void {
    this.#connectionsById.set(connection.id, connection);
  }

  connectionClosed(connection: Connection): void {
    if (!this.#connectionsById.delete(connection.id)) return;
    this.traffic.socketClosed(connection.vhost?.name, connection.sockets);
  }

  /** QueueHost: consumers of a queue do not keep up with the connection whose input is being handled. */
  noteBacklog(queue: BrokerQueue): void {
    this.publishingConnection?.noteBacklog(queue);
  }

  /** QueueHost: the log of this node, or the leader of a queue, has enough to do. */
  holdPublisher(hold: PublisherHold): void {
    this.publishingConnection?.holdFor(hold);
  }

  warnMissingAlternate(exchange: LiveExchange, alternate: string): void {
    const { name, vhost } = exchange.record;
    this.#warnOnce(
      `alternate ${vhost} ${name} ${alternate}`,
      `alternate exchange for exchange '${name}' in vhost '${vhost}' does not exist: exchange '${alternate}'`,
    );
  }

  warnCycle(queue: BrokerQueue): void {
    const { name, vhost } = queue.record;
    this.#warnOnce(
      `cycle ${vhost} ${name}`,
      `message dropped: dead-letter queues cycle detected at queue '${name}' in vhost '${vhost}'`,
    );
  }

  /** Closes what still runs: timers of queues and exchanges, messages. The broker cannot be used any more. */
  close(): void {
    this.#consumerTimeout.stop();
    this.authenticator.close();
    this.#topology.close();
  }

  #makeAuthenticator(backends: BackendChain): Authenticator {
    const { metadata, access, authAttempts: attempts, connectionLog: log, options } = this;
    const { loopbackUsers, hashingAlgorithm, failedLoginsPerMinute } = options;
    const now = Date.now; // A virtual clock stands still while passwords are guessed.
    const passwords = new PasswordVerifier(hashingAlgorithm, now);
    const chain = backends(new InternalBackend(metadata, access, passwords));
    const failures = new FailedLogins(failedLoginsPerMinute);
    const base = { chain, loopbackUsers, metadata, access };
    const onAttempt = (attempt: LoginAttempt, result: LoginResult): void => {
      this.events.loginDecided(attempt, result);
      this.#audit.loginDecided(attempt, result);
    };
    return new Authenticator({ ...base, attempts, failures, log, now, onAttempt });
  }

  #unblockAll(): void {
    for (const connection of this.connections) connection.unblock();
  }

  /** One line for each cause, and a bounded memory of causes. */
  #warnOnce(key: string, text: string): void {
    if (this.#warned.has(key)) return;
    if (this.#warned.size >= WARNED_COUNT_MAX) this.#warned.clear();
    this.#warned.add(key);
    this.log.warn({}, text);
  }
}

function randomFraction(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}

const WARNED_COUNT_MAX = 1000;
/** More connections and channels than a node can have in one of its lives. */
const IDS_PER_NODE: number = 2 ** 32;
