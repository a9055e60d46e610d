import { ChannelError } from "@leveret/amqp";
import { notAllowed } from "../errors.ts";
import type { AccessControl } from "./access-control.ts";
import type { AccessKind, ResourceKind, TopicAccessKind } from "./auth-backend.ts";
import type { Eventually } from "./eventually.ts";

/**
 * What one logged-in user may do. The checks of AMQP methods ask within the call, and throw: an AmqpError in RabbitMQ's words if it is
 * refused, a PermissionPending if it is not known yet. Those who can wait use `allows...`.
 */
export interface Permissions {
  /** Answers are known within the call: nothing is ever pending. */
  readonly isImmediate: boolean;
  /** connection.open; the vhost exists. @throws ConnectionError 530, PermissionPending */
  checkVhost(vhost: string): void;
  /** The default exchange may be named "". @throws ChannelError 403, PermissionPending */
  checkResource(vhost: string, access: AccessKind, kind: ResourceKind, name: string): void;
  /** Ask for topic exchanges only. @throws ChannelError 403, PermissionPending */
  checkTopic(vhost: string, access: TopicAccessKind, exchange: string, routingKey: string): void;
  /** Whether uses of the topic exchange need `checkTopic` at all. */
  needsTopicCheck(vhost: string, exchange: string): boolean;
  /** false also if the vhost does not exist. @throws BackendError */
  allowsVhost(vhost: string): Eventually<boolean>;
  /** @throws BackendError */
  allowsResource(
    vhost: string,
    access: AccessKind,
    kind: ResourceKind,
    name: string,
  ): Eventually<boolean>;
  /** @throws BackendError */
  allowsTopic(
    vhost: string,
    access: TopicAccessKind,
    exchange: string,
    routingKey: string,
  ): Eventually<boolean>;
}

/** A permission that has to be asked for: whoever handles the frame waits for `ask`, and handles it once more. */
export class PermissionPending extends Error {
  override readonly name = "PermissionPending";
  /** Never rejects: what went wrong is told by the next check. */
  readonly ask: () => Promise<void>;

  constructor(ask: () => Promise<void>) {
    super("a permission has to be asked for");
    this.ask = ask;
  }
}

/** By the metadata alone (rabbit_auth_backend_internal): what every publisher's permission is checked with. */
export class InternalPermissions implements Permissions {
  readonly isImmediate = true;
  readonly #access: AccessControl;
  readonly #user: string;

  constructor(access: AccessControl, user: string) {
    this.#access = access;
    this.#user = user;
  }

  checkVhost(vhost: string): void {
    if (!this.allowsVhost(vhost)) throw vhostRefused(this.#user, vhost);
  }

  checkResource(vhost: string, access: AccessKind, kind: ResourceKind, name: string): void {
    this.#access.checkResource(this.#user, vhost, access, kind, name);
  }

  checkTopic(vhost: string, kind: TopicAccessKind, exchange: string, routingKey: string): void {
    this.#access.checkTopic({ user: this.#user, vhost, exchange, kind, routingKey });
  }

  needsTopicCheck(vhost: string, exchange: string): boolean {
    return this.#access.hasTopicPermission(this.#user, vhost, exchange);
  }

  allowsVhost(vhost: string): boolean {
    return this.#access.checkVhostAccess(this.#user, vhost);
  }

  allowsResource(vhost: string, access: AccessKind, kind: ResourceKind, name: string): boolean {
    return isAllowed(() => this.checkResource(vhost, access, kind, name));
  }

  allowsTopic(vhost: string, access: TopicAccessKind, exchange: string, key: string): boolean {
    return isAllowed(() => this.checkTopic(vhost, access, exchange, key));
  }
}

function isAllowed(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof ChannelError) return false;
    throw error;
  }
}

/** `more` names the fault of a backend. */
export function vhostRefused(user: string, vhost: string, more = ""): Error {
  return notAllowed(`access to vhost '${vhost}' refused for user '${user}'${more}`);
}
