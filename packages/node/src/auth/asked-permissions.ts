import { ChannelError } from "@leveret/amqp";
import {
  type AccessKind,
  BackendError,
  faultOf,
  type Grant,
  type ResourceKind,
  type TopicAccessKind,
} from "./auth-backend.ts";
import { type Eventually, whenThere } from "./eventually.ts";
import { PermissionPending, type Permissions, vhostRefused } from "./permissions.ts";

/** Decisions that one connection remembers; full: starts afresh. */
const REMEMBERED_PERMISSIONS_MAX = 4096;

/** The answer to a question, or why there is none. */
type Decision = boolean | BackendError;
type Question = (grant: Grant) => Eventually<boolean>;

/**
 * By backends that may have to ask somebody else. All of them have to agree, as in RabbitMQ. Decisions are remembered as long as this
 * object lives, which is a connection; faults of backends are told once, and asked again the next time.
 */
export class AskedPermissions implements Permissions {
  readonly isImmediate = false;
  readonly #user: string;
  readonly #grants: readonly Grant[];
  /** Vhosts that are gone let nobody in. */
  readonly #vhostExists: (vhost: string) => boolean;
  readonly #decisions = new Map<string, Decision>();

  constructor(user: string, grants: readonly Grant[], vhostExists: (vhost: string) => boolean) {
    this.#user = user;
    this.#grants = grants;
    this.#vhostExists = vhostExists;
  }

  checkVhost(vhost: string): void {
    const decision = this.#decide(`v ${vhost}`, (grant) => grant.allowsVhost(vhost));
    if (decision !== true) throw vhostRefused(this.#user, vhost, faultText(decision));
  }

  checkResource(vhost: string, access: AccessKind, kind: ResourceKind, name: string): void {
    const shown = shownName(kind, name);
    const decision = this.#decide(keyOf("r", vhost, access, kind, shown), (grant) =>
      grant.allowsResource({ vhost, access, kind, name: shown }),
    );
    if (decision === true) return;
    throw this.#refused(`${access} access to ${kind} '${shown}' in vhost '${vhost}'`, decision);
  }

  checkTopic(vhost: string, access: TopicAccessKind, exchange: string, routingKey: string): void {
    const decision = this.#decide(keyOf("t", vhost, access, exchange, routingKey), (grant) =>
      grant.allowsTopic({ vhost, access, exchange, routingKey }),
    );
    if (decision === true) return;
    const what = `${access} access to topic '${routingKey}' in exchange '${exchange}' in vhost '${vhost}'`;
    throw this.#refused(what, decision);
  }

  needsTopicCheck(): boolean {
    return true;
  }

  allowsVhost(vhost: string): Eventually<boolean> {
    if (!this.#vhostExists(vhost)) return false;
    return asAnswer(this.#askAll((grant) => grant.allowsVhost(vhost)));
  }

  allowsResource(
    vhost: string,
    access: AccessKind,
    kind: ResourceKind,
    name: string,
  ): Eventually<boolean> {
    const question = { vhost, access, kind, name: shownName(kind, name) };
    return asAnswer(this.#askAll((grant) => grant.allowsResource(question)));
  }

  allowsTopic(
    vhost: string,
    access: TopicAccessKind,
    exchange: string,
    routingKey: string,
  ): Eventually<boolean> {
    const question = { vhost, access, exchange, routingKey };
    return asAnswer(this.#askAll((grant) => grant.allowsTopic(question)));
  }

  #refused(what: string, decision: Decision): ChannelError {
    const text = `${what} refused for user '${this.#user}'${faultText(decision)}`;
    return new ChannelError("ACCESS_REFUSED", text);
  }

  /** @throws PermissionPending */
  #decide(key: string, question: Question): Decision {
    const known = this.#decisions.get(key);
    if (known !== undefined) {
      if (known instanceof BackendError) this.#decisions.delete(key);
      return known;
    }
    const decision = this.#askAll(question);
    if (!(decision instanceof Promise)) {
      if (!(decision instanceof BackendError)) this.#remember(key, decision);
      return decision;
    }
    const remembered = decision.then((later) => this.#remember(key, later));
    throw new PermissionPending(() => remembered);
  }

  #remember(key: string, decision: Decision): void {
    if (this.#decisions.size >= REMEMBERED_PERMISSIONS_MAX) this.#decisions.clear();
    this.#decisions.set(key, decision);
  }

  /** Asks one backend after the other until one does not agree; without any, nothing is allowed. Never throws or rejects. */
  #askAll(question: Question, from = 0): Eventually<Decision> {
    const grant = this.#grants[from];
    if (grant === undefined) return from > 0;
    return whenThere(askOne(question, grant), (decision) =>
      decision === true ? this.#askAll(question, from + 1) : decision,
    );
  }
}

function askOne(question: Question, grant: Grant): Eventually<Decision> {
  try {
    const answer = question(grant);
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => faultOf(grant.backend, error));
  } catch (error) {
    return faultOf(grant.backend, error);
  }
}

/** @throws BackendError */
function asAnswer(decision: Eventually<Decision>): Eventually<boolean> {
  return whenThere(decision, (decided) => {
    if (decided instanceof BackendError) throw decided;
    return decided;
  });
}

function shownName(kind: ResourceKind, name: string): string {
  return kind === "exchange" && name === "" ? "amq.default" : name;
}

/** No two questions have the same key: names may hold any character, so their lengths are part of it. */
function keyOf(kind: string, ...parts: readonly string[]): string {
  return `${kind} ${parts.map((part) => part.length).join(" ")} ${parts.join("")}`;
}

/** As RabbitMQ tells its clients. */
function faultText(decision: Decision): string {
  if (!(decision instanceof BackendError)) return "";
  return `, ${decision.message}`;
}
