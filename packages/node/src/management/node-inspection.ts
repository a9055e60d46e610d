import { ChannelError } from "@leveret/amqp";
import { ControlError } from "@leveret/control";
import {
  type AccessQuestion,
  type AccessVerdict,
  type Identity,
  type Inspection,
  type JsonObject,
  type PeekedMessage,
  type PeekQuestion,
  RefusedError,
  type RefusedReason,
  type RouteQuestion,
  type SeenMessage,
  type TailEvent,
} from "@leveret/management";
import type { BrokerNode } from "../broker/broker-node.ts";
import { SHOWN_BODY_DEFAULT, TAIL_MESSAGES_DEFAULT } from "../control/control-limits.ts";
import type { RunningNode } from "../control/control-method.ts";
import type { ControlledNode } from "../control/controlled-node.ts";
import { explainPublish } from "../control/explain-publish.ts";
import type { ShownMessage } from "../control/message-copy.ts";
import { OperationError } from "../control/operation-error.ts";
import { peekMessages } from "../control/peek-messages.ts";
import { type TailRow, tailMessages } from "../control/tail-messages.ts";
import { runningBroker } from "./running-broker.ts";

/** Questions of the management API that change nothing, answered by what decides in earnest. */
export class NodeInspection implements Inspection {
  readonly #node: ControlledNode;

  constructor(node: ControlledNode) {
    this.#node = node;
  }

  mayAccess(question: AccessQuestion): AccessVerdict {
    const broker = runningBroker(this.#node);
    const { user, vhost } = question;
    const { metadata } = broker.administration;
    if (metadata.user(user) === undefined) {
      throw new RefusedError("no_such_user", `user '${user}' does not exist`);
    }
    if (metadata.vhost(vhost) === undefined) {
      throw new RefusedError("no_such_vhost", `vhost '${vhost}' does not exist`);
    }
    if (!broker.broker.access.checkVhostAccess(user, vhost)) {
      return { allowed: false, reason: `user '${user}' has no permissions in vhost '${vhost}'` };
    }
    return verdict(() => checkAccess(broker, question));
  }

  async peek(
    { name: user }: Identity,
    { vhost, queue, offset, count }: PeekQuestion,
    signal: AbortSignal,
  ): Promise<readonly PeekedMessage[]> {
    const running = this.#running();
    requireRead(running, user, { vhost, queue });
    return inApiWords(async () => {
      const found: PeekedMessage[] = [];
      const asked = {
        vhost,
        name: queue,
        offset,
        count,
        bodyMax: SHOWN_BODY_DEFAULT,
        local: false,
      };
      for await (const message of peekMessages(running, asked, signal)) {
        found.push({
          ...seen(message),
          position: message.position,
          redelivered: message.redelivered,
          messageCount: message.message_count,
        });
      }
      return found;
    });
  }

  async *tail(
    { name: user }: Identity,
    { vhost, name }: { readonly vhost: string; readonly name: string },
    signal: AbortSignal,
  ): AsyncIterable<TailEvent> {
    const running = this.#running();
    requireRead(running, user, { vhost, queue: name });
    const bodyMax = SHOWN_BODY_DEFAULT;
    const asked = { vhost, name, bodyMax, countMax: TAIL_MESSAGES_DEFAULT, local: false };
    try {
      for await (const row of tailMessages(running, asked, signal)) yield eventOf(row);
    } catch (error) {
      throw inApiWord(error);
    }
  }

  explainRoute(question: RouteQuestion): Promise<JsonObject> {
    const asked = { ...question, expirationMs: undefined };
    return inApiWords(async () => {
      const explanation: object = await explainPublish(this.#running(), asked);
      // Made of what JSON can hold.
      return explanation as JsonObject;
    });
  }

  #running(): RunningNode {
    return { node: this.#node, broker: runningBroker(this.#node) };
  }
}

function checkAccess({ broker }: BrokerNode, question: AccessQuestion): void {
  const { user, vhost, permission, name, routingKey } = question;
  const resource = routingKey === undefined ? "queue" : "exchange";
  broker.access.checkResource(user, vhost, permission, resource, name);
  if (routingKey === undefined || permission === "configure") return;
  broker.access.checkTopic({ user, vhost, exchange: name, kind: permission, routingKey });
}

/** What `check` would tell a client. */
function verdict(check: () => void): AccessVerdict {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return { allowed: false, reason: error.message };
  }
  return { allowed: true, reason: "the permissions of the user match" };
}

const REASONS: Readonly<Record<string, RefusedReason>> = {
  no_such_queue: "no_such_object",
  no_such_vhost: "no_such_vhost",
  no_leader: "not_running",
  bad_argument: "bad_request",
};

/** @throws RefusedError */
function requireRead(
  { broker }: RunningNode,
  user: string,
  { vhost, queue }: { readonly vhost: string; readonly queue: string },
): void {
  const { access } = broker.broker;
  const read = verdict(() => access.checkResource(user, vhost, "read", "queue", queue));
  if (!read.allowed) throw new RefusedError("access_refused", read.reason);
}

function seen(message: ShownMessage): SeenMessage {
  return {
    exchange: message.exchange,
    routingKey: message.routing_key,
    // Made of what JSON can hold.
    properties: message.properties as JsonObject,
    payload: Buffer.from(message.payload),
    payloadSize: message.payload_bytes,
  };
}

function eventOf(row: TailRow): TailEvent {
  switch (row.kind) {
    case "message":
      return { kind: "message", message: seen(row) };
    case "dropped":
      return { kind: "dropped", count: row.count };
    case "started":
    case "interrupted":
      return { kind: row.kind };
    default:
      return row satisfies never;
  }
}

/** Refusals of the control methods as the management API knows them. */
async function inApiWords<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    throw inApiWord(error);
  }
}

function inApiWord(error: unknown): unknown {
  const isKnown = error instanceof ControlError || error instanceof OperationError;
  return isKnown ? refused(error) : error;
}

function refused(cause: ControlError | OperationError): RefusedError {
  return new RefusedError(REASONS[cause.code] ?? "not_running", cause.message, { cause });
}
