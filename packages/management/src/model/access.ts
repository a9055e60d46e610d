import type { Identity } from "./identity.ts";

/** What a client shows to be let in. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Of the TCP connection, as in `socket.remoteAddress`. */
  readonly remoteAddress: string;
}

/** Logins and access to vhosts. The node decides; nothing here is remembered by packages/management. */
export interface Access {
  /**
   * Asked for each request that has credentials: an implementation that needs more than a millisecond for it remembers what it has
   * found. undefined: refused, for whatever reason; the client is not told more.
   */
  authenticate(credentials: Credentials): Promise<Identity | undefined>;
  /**
   * Whether the user may look into the vhost: he has permissions there, or is an administrator (RabbitMQ). True for a vhost that does not
   * exist: what is missing is told as 404. What is done in a vhost needs the user's permissions besides.
   */
  canEnterVhost(user: Identity, vhost: string): boolean;
}
