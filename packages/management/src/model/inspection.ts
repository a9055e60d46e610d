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

/** A ready message where it stands. */
export interface PeekedMessage {
  readonly position: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
  /** By RabbitMQ's names. */
  readonly properties: JsonObject;
  /** The first bytes of the body. */
  readonly payload: Buffer;
  /** Of the whole body. */
  readonly payloadSize: number;
  /** Ready messages in the queue. */
  readonly messageCount: number;
}

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
  /** Which bindings a message would take, to which queues, and what would become of it there. */
  explainRoute(question: RouteQuestion): Promise<JsonObject>;
}
