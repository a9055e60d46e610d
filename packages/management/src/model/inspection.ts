import type { Identity } from "./identity.ts";
import type { JsonObject } from "./json.ts";

/** "Would the user be allowed to?", as an AMQP client of his would find out. */
export interface AccessQuestion {
  readonly user: string;
  readonly vhost: string;
  readonly permission: "configure" | "write" | "read";
  /** Of a queue or an exchange; "" is the default exchange. */
  readonly name: string;
  /** If there is one, the name is that of a topic exchange, and topic permissions count, too. undefined: they do not. */
  readonly routingKey: string | undefined;
}

export interface AccessVerdict {
  readonly allowed: boolean;
  /** A sentence; of a refusal, what AMQP would say. */
  readonly reason: string;
}

export interface PeekQuestion {
  readonly vhost: string;
  readonly queue: string;
  /** Ready messages before the first one shown; negative: so many from the end. */
  readonly offset: number;
  readonly count: number;
}

/** A message that somebody looks at. */
export interface SeenMessage {
  readonly exchange: string;
  readonly routingKey: string;
  /** By RabbitMQ's names. */
  readonly properties: JsonObject;
  /** The first bytes of the body. */
  readonly payload: Buffer;
  /** Of the whole body. */
  readonly payloadSize: number;
}

/** A ready message where it stands. */
export interface PeekedMessage extends SeenMessage {
  readonly position: number;
  readonly redelivered: boolean;
  /** Ready messages in the queue. */
  readonly messageCount: number;
}

/** What happens at a queue that somebody follows. */
export type TailEvent =
  /** From here on every message is shown, or counted as dropped; again after each change of the leader. */
  | { readonly kind: "started" }
  | { readonly kind: "message"; readonly message: SeenMessage }
  /** So many were left out, as the reader is slow. */
  | { readonly kind: "dropped"; readonly count: number }
  /** The leader has gone. */
  | { readonly kind: "interrupted" };

export interface RouteQuestion {
  readonly vhost: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: JsonObject;
  /** Who would publish; undefined: permissions are not looked at. */
  readonly user: string | undefined;
}

/** Questions that change nothing. All reject with RefusedError. */
export interface Inspection {
  /** "access_refused" never comes: the refusal is the answer. */
  mayAccess(question: AccessQuestion): AccessVerdict;
  /** As `user`, who needs the permission to read the queue. */
  peek(
    user: Identity,
    question: PeekQuestion,
    signal: AbortSignal,
  ): Promise<readonly PeekedMessage[]>;
  /** Messages that come into a queue from now on, until the signal. As `user`, who needs the permission to read the queue. */
  tail(
    user: Identity,
    queue: { readonly vhost: string; readonly name: string },
    signal: AbortSignal,
  ): AsyncIterable<TailEvent>;
  /** Which bindings a message would take, to which queues, and what would become of it there. */
  explainRoute(question: RouteQuestion): Promise<JsonObject>;
}
