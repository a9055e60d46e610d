import { type Access, type Credentials, hasTag, type Identity } from "@leveret/management";
import type { Identity as NodeIdentity } from "../auth/authenticator.ts";
import { BoundedMemory } from "../auth/bounded-memory.ts";
import { keyedDigest } from "../auth/keyed-digest.ts";
import type { Broker } from "../broker/broker.ts";
import type { ControlledNode } from "../control/controlled-node.ts";
import type { Actor } from "../metadata/actor.ts";
import { runningBroker } from "./running-broker.ts";

/** How long users of other backends are known: the console asks several times a second, and each time they would be asked. */
const REMEMBERED_MS = 10_000;
const REMEMBERED_MAX = 1000;
/** Vhosts that another backend is asked about for one user; further ones are closed to that user here. */
const ASKED_VHOSTS_MAX = 1000;

/** A user who has logged in. */
interface HttpIdentity extends Identity {
  readonly remoteAddress: string;
  /** What AMQP would know of the same user. */
  readonly known: NodeIdentity;
  /** Vhosts that are open to that user; undefined: the broker knows at once. */
  readonly openVhosts: ReadonlySet<string> | undefined;
}

/** Whose request it is, for events and the audit log. */
export function actorOf(user: Identity): Actor {
  return { user: user.name, via: "http", from: isHttpIdentity(user) ? user.remoteAddress : "" };
}

/** The user of a request, for what is done in that user's name; one of the broker's own if nothing else is known. */
export function identityOf(user: Identity, { authenticator }: Broker): NodeIdentity {
  return isHttpIdentity(user) ? user.known : authenticator.ownUser(user.name);
}

/** Logins of the HTTP API: the same users, passwords, backends and rules as those of AMQP. */
export class LoginAccess implements Access {
  readonly #node: ControlledNode;
  readonly #known = new BoundedMemory<HttpIdentity>({
    ttlMs: REMEMBERED_MS,
    countMax: REMEMBERED_MAX,
    now: Date.now,
  });

  constructor(node: ControlledNode) {
    this.#node = node;
  }

  async authenticate(credentials: Credentials): Promise<HttpIdentity | undefined> {
    const { broker } = runningBroker(this.#node);
    const { username, password, remoteAddress } = credentials;
    const key = keyedDigest(username, password, remoteAddress);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const attempt = { username, password, remoteAddress, protocol: "http" } as const;
    const result = await broker.authenticator.authenticate(attempt);
    if (!result.ok) {
      broker.log.warn(`HTTP access denied: ${result.why}`);
      return undefined;
    }
    const { identity: user } = result;
    const { name, tags, permissions } = user;
    if (permissions.isImmediate)
      return { name, tags, remoteAddress, known: user, openVhosts: undefined };
    const openVhosts = await openVhostsOf(user, broker);
    const identity = { name, tags, remoteAddress, known: user, openVhosts };
    this.#known.set(key, identity);
    return identity;
  }

  canEnterVhost(user: Identity, vhost: string): boolean {
    const { broker, administration } = runningBroker(this.#node);
    if (hasTag(user, "administrator")) return true;
    if (administration.metadata.vhost(vhost) === undefined) return true;
    const open = isHttpIdentity(user) ? user.openVhosts : undefined;
    return open?.has(vhost) ?? broker.access.checkVhostAccess(user.name, vhost);
  }
}

function isHttpIdentity(user: Identity): user is HttpIdentity {
  return "known" in user;
}

/** A backend that cannot tell opens nothing. */
async function openVhostsOf(
  { permissions }: NodeIdentity,
  { metadata, log }: Broker,
): Promise<ReadonlySet<string>> {
  const names = metadata.vhosts().map(({ record }) => record.name);
  const open = new Set<string>();
  try {
    for (const name of names.slice(0, ASKED_VHOSTS_MAX)) {
      if (await permissions.allowsVhost(name)) open.add(name);
    }
  } catch (error) {
    log.error(`HTTP access: ${error instanceof Error ? error.message : String(error)}`);
  }
  return open;
}
