import { ConnectionError, NO_METHOD } from "@leveret/amqp";
import { type Usage, UsageOverLinks } from "../cluster/link/usage-over-links.ts";
import type { Connection } from "../connection/connection.ts";
import { notAllowed } from "../errors.ts";
import type { Broker } from "./broker.ts";
import type { VirtualHost } from "./virtual-host.ts";

interface UserCount {
  connections: number;
  channels: number;
}

/**
 * Enforces the limits on connections and channels of node, vhost and user, in RabbitMQ's order and words. Those of vhosts and users are
 * about all nodes of a cluster.
 */
export class ConnectionCounts {
  readonly #broker: Broker;
  readonly #users = new Map<string, UserCount>();
  readonly #admitted = new Map<
    Connection,
    { vhost: VirtualHost; user: string; channels: number }
  >();

  /** undefined: there are no others. */
  readonly #others: UsageOverLinks | undefined;
  #channelCount = 0;

  constructor(broker: Broker) {
    this.#broker = broker;
    const { links, timers } = broker.places?.hub.options ?? {};
    if (links !== undefined && timers !== undefined) {
      this.#others = new UsageOverLinks(links, timers);
    }
  }

  /** Connections that have opened a vhost. */
  get connectionCount(): number {
    return this.#admitted.size;
  }

  /** Channels of all connections. */
  get channelCount(): number {
    return this.#channelCount;
  }

  /** Counts a connection in, or says why not. @throws ConnectionError 530, PermissionPending */
  admit(connection: Connection, vhost: VirtualHost): void {
    const { user } = connection;
    this.#checkNode();
    this.#checkVhost(vhost, user);
    this.#checkUser(user);
    connection.identity.permissions.checkVhost(vhost.name);
    vhost.connectionCount++;
    this.#countOf(user).connections++;
    this.#admitted.set(connection, { vhost, user, channels: 0 });
    this.#broker.traffic.churn.connectionsOpened++;
    this.#share(user, vhost);
  }

  /** Counts a channel in. @throws ConnectionError 530 */
  openChannel(connection: Connection): void {
    const admitted = this.#admitted.get(connection);
    if (admitted === undefined) return;
    const { options } = this.#broker;
    const nodeMax = options.maxChannelsPerNode;
    if (nodeMax > 0 && this.#channelCount >= nodeMax) {
      throw refuseChannel(
        `number of channels opened on node '${options.nodeName}' has reached the maximum allowed limit of (${nodeMax})`,
      );
    }
    const count = this.#countOf(admitted.user);
    const max = this.#broker.metadata.user(admitted.user)?.limits.maxChannels;
    if (isReached(max, count.channels + this.#elsewhere(userKey(admitted.user)).channels)) {
      throw refuseChannel(
        `number of channels opened for user '${admitted.user}' has reached the maximum allowed user limit of (${max})`,
      );
    }
    count.channels++;
    admitted.channels++;
    this.#channelCount++;
    this.#broker.traffic.churn.channelsOpened++;
    this.#share(admitted.user);
  }

  closeChannel(connection: Connection): void {
    const admitted = this.#admitted.get(connection);
    if (admitted === undefined) return;
    admitted.channels--;
    this.#channelCount--;
    this.#broker.traffic.churn.channelsClosed++;
    this.#countOf(admitted.user).channels--;
    this.#share(admitted.user);
  }

  /** The connection is over. */
  release(connection: Connection): void {
    const admitted = this.#admitted.get(connection);
    if (admitted === undefined) return;
    this.#admitted.delete(connection);
    admitted.vhost.connectionCount--;
    const count = this.#countOf(admitted.user);
    count.connections--;
    count.channels -= admitted.channels;
    this.#channelCount -= admitted.channels;
    const { churn } = this.#broker.traffic;
    churn.connectionsClosed++;
    churn.channelsClosed += admitted.channels;
    if (count.connections === 0) this.#users.delete(admitted.user);
    this.#share(admitted.user, admitted.vhost);
  }

  /** Other nodes count it, too. `vhost`: if its connections have changed. */
  #share(user: string, vhost?: VirtualHost): void {
    this.#others?.note(userKey(user), this.#users.get(user) ?? NOTHING);
    if (vhost === undefined) return;
    const { name, connectionCount: connections } = vhost;
    this.#others?.note(vhostKey(name), { connections, channels: 0 });
  }

  #elsewhere(key: string): Usage {
    return this.#others?.elsewhere(key) ?? NOTHING;
  }

  #checkNode(): void {
    const max = this.#broker.options.maxConnections;
    if (isReached(max, this.#admitted.size)) {
      throw notAllowed(`connection refused: node connection limit (${max}) is reached`);
    }
  }

  #checkVhost(vhost: VirtualHost, user: string): void {
    const max = this.#broker.metadata.vhost(vhost.name)?.record.limits.maxConnections;
    const { connections } = this.#elsewhere(vhostKey(vhost.name));
    if (!isReached(max, vhost.connectionCount + connections)) return;
    throw notAllowed(
      `access to vhost '${vhost.name}' refused for user '${user}': connection limit (${max}) is reached`,
    );
  }

  #checkUser(user: string): void {
    const max = this.#broker.metadata.user(user)?.limits.maxConnections;
    const own = this.#users.get(user)?.connections ?? 0;
    if (!isReached(max, own + this.#elsewhere(userKey(user)).connections)) return;
    throw notAllowed(
      `connection refused for user '${user}': user connection limit (${max}) is reached`,
    );
  }

  #countOf(user: string): UserCount {
    let count = this.#users.get(user);
    if (count === undefined) {
      count = { connections: 0, channels: 0 };
      this.#users.set(user, count);
    }
    return count;
  }
}

const NOTHING: Usage = { connections: 0, channels: 0 };

function userKey(user: string): string {
  return `user ${user}`;
}

function vhostKey(vhost: string): string {
  return `vhost ${vhost}`;
}

/** A limit that is undefined or negative does not limit. */
function isReached(max: number | undefined, count: number): boolean {
  return max !== undefined && max >= 0 && count >= max;
}

function refuseChannel(text: string): ConnectionError {
  return new ConnectionError("NOT_ALLOWED", text, { failed: NO_METHOD });
}
