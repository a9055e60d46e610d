import { ChannelError } from "@leveret/amqp";
import { ACCESS_DECISION_CACHE_COUNT } from "../metadata/metadata-limits.ts";
import type { MetadataView } from "../metadata/metadata-machine.ts";
import { InvalidPatternError } from "../metadata/name-pattern.ts";
import type { AccessKind, ResourceKind, TopicAccessKind } from "./auth-backend.ts";
import { PatternCache } from "./pattern-cache.ts";

/** What makes one question about a topic permission. */
export interface TopicAccess {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly kind: TopicAccessKind;
  readonly routingKey: string;
  /** For `{client_id}` in patterns: set for MQTT connections only. */
  readonly clientId?: string | undefined;
}

/**
 * Decides what users may do, from the metadata machine's users and permissions. Decisions about resources are
 * remembered until a permission changes anywhere, at most ACCESS_DECISION_CACHE_COUNT of them.
 */
export class AccessControl {
  readonly #metadata: MetadataView;
  readonly #patterns = new PatternCache();
  readonly #decisions = new Map<string, boolean>();
  #epoch: number;

  constructor(metadata: MetadataView) {
    this.#metadata = metadata;
    this.#epoch = metadata.accessEpoch;
  }

  /** Whether the user may open connections to the vhost: any permission record will do, as in RabbitMQ. */
  checkVhostAccess(user: string, vhost: string): boolean {
    return (
      this.#metadata.vhost(vhost) !== undefined &&
      this.#metadata.permissionsFor(user, vhost) !== undefined
    );
  }

  /** Throws ChannelError ACCESS_REFUSED in RabbitMQ 3.13's words. The default exchange may be named "". */
  checkResource(
    user: string,
    vhost: string,
    access: AccessKind,
    resource: ResourceKind,
    name: string,
  ): void {
    const shown = resource === "exchange" && name === "" ? "amq.default" : name;
    if (this.#isAllowed(user, vhost, access, shown)) return;
    throw new ChannelError(
      "ACCESS_REFUSED",
      `${access} access to ${resource} '${shown}' in vhost '${vhost}' refused for user '${user}'`,
    );
  }

  /**
   * Throws ChannelError ACCESS_REFUSED when the user has a topic permission for this exchange that does not match
   * the routing key. Ask for topic exchanges only. Not remembered: keys are many.
   */
  checkTopic(access: TopicAccess): void {
    const { user, vhost, exchange, kind, routingKey } = access;
    const permission = this.#metadata.topicPermissionFor(user, vhost, exchange);
    if (permission === undefined) return;
    if (this.#matches(expandVariables(permission[kind], access), routingKey)) return;
    throw new ChannelError(
      "ACCESS_REFUSED",
      `${kind} access to topic '${routingKey}' in exchange '${exchange}' in vhost '${vhost}' ` +
        `refused for user '${user}'`,
    );
  }

  /** Whether publishes of this user to the exchange need `checkTopic` at all. */
  hasTopicPermission(user: string, vhost: string, exchange: string): boolean {
    return this.#metadata.topicPermissionFor(user, vhost, exchange) !== undefined;
  }

  #isAllowed(user: string, vhost: string, access: AccessKind, name: string): boolean {
    const permission = this.#metadata.permissionsFor(user, vhost);
    if (permission === undefined) return false;
    const pattern = permission[access];
    if (pattern === ".*") return true;
    if (this.#epoch !== this.#metadata.accessEpoch) this.#forgetDecisions();
    // Equal pattern and name decide equally for every user and vhost. A pattern's length keeps the two apart.
    const key = `${pattern.length}:${pattern}${name}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const allowed = this.#matches(pattern, name);
    if (this.#decisions.size >= ACCESS_DECISION_CACHE_COUNT) this.#decisions.clear();
    this.#decisions.set(key, allowed);
    return allowed;
  }

  #forgetDecisions(): void {
    this.#decisions.clear();
    this.#epoch = this.#metadata.accessEpoch;
  }

  /** A pattern that variables have made invalid matches nothing. */
  #matches(pattern: string, name: string): boolean {
    try {
      return this.#patterns.get(pattern).test(name);
    } catch (error) {
      if (error instanceof InvalidPatternError) return false;
      throw error;
    }
  }
}

const VARIABLE = /\{(username|vhost|client_id)\}/g;

/**
 * A topic pattern with its variables filled in. Unlike RabbitMQ, values are taken literally: a client id of `.*`
 * must not open every topic.
 */
function expandVariables(pattern: string, access: TopicAccess): string {
  if (!pattern.includes("{")) return pattern;
  return pattern.replace(VARIABLE, (variable, name: string) => {
    if (name === "username") return escapePattern(access.user);
    if (name === "vhost") return escapePattern(access.vhost);
    return access.clientId === undefined ? variable : escapePattern(access.clientId);
  });
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
