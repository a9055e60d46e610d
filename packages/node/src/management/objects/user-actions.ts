import { EMPTY_TABLE, type FieldTable, fieldTableFromJson, type MethodOf } from "@leveret/amqp";
import {
  type AmqpActions,
  AmqpRefusedError,
  type BindingEnds,
  type GetRequest,
  type GotMessage,
  type Identity,
  type JsonObject,
  type MovedMessages,
  type MoveRequest,
  type NewBinding,
  type NewExchange,
  type NewMessage,
  type NewQueue,
  RefusedError,
} from "@leveret/management";
import {
  type DirectAnswer,
  DirectCallLost,
  DirectCallRefused,
  DirectConnection,
} from "../../connection/direct-connection.ts";
import type { RunningNode } from "../../control/control-method.ts";
import { bindingPropertiesKey } from "../../metadata/binding-properties-key.ts";
import type { BindingRecord } from "../../metadata/records.ts";
import { identityOf } from "../login-access.ts";
import { bindingsIn } from "./binding-object.ts";
import { propertiesFromJson, propertiesToJson } from "./message-properties.ts";
import { moveMessages } from "./move-messages.ts";
import { refusedBecause } from "./refused-because.ts";

const SHORTSTR_SIZE_MAX = 255;
const FORBIDDEN = 403;
/** RabbitMQ's words. */
const REJECTED = "rejected Unable to publish message. Check queue limits.";

/** What the management API does for a user by AMQP, over a connection inside the process. */
export class UserActions implements AmqpActions {
  readonly #running: () => RunningNode;
  readonly #user: Identity;

  constructor(running: () => RunningNode, user: Identity) {
    this.#running = running;
    this.#user = user;
  }

  declareExchange(exchange: NewExchange): Promise<void> {
    const { vhost, name, type, durable, autoDelete, internal } = exchange;
    checkNames({ exchange: name, type });
    const args = tableOf(exchange.arguments);
    return this.#with(vhost, async (channel) => {
      await channel.call("exchange.declare", {
        exchange: name,
        type,
        passive: false,
        durable,
        autoDelete,
        internal,
        noWait: false,
        arguments: args,
      });
    });
  }

  deleteExchange(
    vhost: string,
    name: string,
    { ifUnused }: { readonly ifUnused: boolean },
  ): Promise<void> {
    checkNames({ exchange: name });
    return this.#with(vhost, async (channel) => {
      await channel.call("exchange.delete", { exchange: name, ifUnused, noWait: false });
    });
  }

  declareQueue(queue: NewQueue): Promise<void> {
    const { vhost, name, durable, autoDelete } = queue;
    checkNames({ queue: name });
    const args = tableOf(queue.arguments);
    return this.#with(vhost, async (channel) => {
      await channel.call("queue.declare", {
        queue: name,
        passive: false,
        durable,
        exclusive: false,
        autoDelete,
        noWait: false,
        arguments: args,
      });
    });
  }

  deleteQueue(
    vhost: string,
    name: string,
    { ifUnused, ifEmpty }: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
  ): Promise<void> {
    checkNames({ queue: name });
    return this.#with(vhost, async (channel) => {
      await channel.call("queue.delete", { queue: name, ifUnused, ifEmpty, noWait: false });
    });
  }

  purgeQueue(vhost: string, name: string): Promise<void> {
    checkNames({ queue: name });
    return this.#with(vhost, async (channel) => {
      await channel.call("queue.purge", { queue: name, noWait: false });
    });
  }

  async bind(binding: NewBinding): Promise<string> {
    const { vhost, source, destination, destinationType, routingKey } = binding;
    checkNames({ source, destination, routingKey });
    const record = {
      vhost,
      source,
      destination,
      destinationType,
      routingKey,
      arguments: tableOf(binding.arguments),
    };
    await this.#with(vhost, async (channel) => {
      if (destinationType === "queue") {
        await channel.call("queue.bind", { ...queueBinding(record), noWait: false });
      } else {
        await channel.call("exchange.bind", { ...exchangeBinding(record), noWait: false });
      }
    });
    return bindingPropertiesKey(record);
  }

  async unbind(between: BindingEnds, propertiesKey: string): Promise<boolean> {
    const { vhost } = between;
    const state = this.#running().broker.administration.metadata.vhost(vhost);
    if (state === undefined) return false;
    for (const binding of bindingsIn(state, between)) {
      if (bindingPropertiesKey(binding) !== propertiesKey) continue;
      await this.#with(vhost, async (channel) => {
        if (binding.destinationType === "queue") {
          await channel.call("queue.unbind", queueBinding(binding));
        } else {
          await channel.call("exchange.unbind", { ...exchangeBinding(binding), noWait: false });
        }
      });
      return true;
    }
    return false;
  }

  publish(message: NewMessage): Promise<boolean> {
    const { vhost, exchange, routingKey, payload } = message;
    checkNames({ exchange, routingKey });
    const properties = propertiesFromJson(message.properties);
    return this.#with(vhost, async (channel) => {
      await channel.call("confirm.select", { noWait: false });
      const method = { exchange, routingKey, mandatory: true, immediate: false };
      channel.publish(method, properties, payload);
      return isRouted(channel);
    });
  }

  get({ vhost, queue, count, settle, sizeMax }: GetRequest): Promise<readonly GotMessage[]> {
    checkNames({ queue });
    return this.#with(vhost, async (channel) => {
      const found: GotMessage[] = [];
      let last = 0;
      let size = 0;
      for (let at = 0; at < count && size < sizeMax; at++) {
        const answer = await channel.call("basic.get", { queue, noAck: false });
        if (answer.method.name !== "basic.get-ok") break;
        last = answer.method.deliveryTag;
        size += answer.body.length;
        found.push(gotMessage(answer.method, answer));
      }
      if (last > 0) settleAll(channel, last, settle);
      return found;
    });
  }

  move(request: MoveRequest): Promise<MovedMessages> {
    const { vhost, queue, to } = request;
    checkNames({ queue, ...(to !== "origin" && { to: to.queue }) });
    return this.#with(vhost, (channel) => moveMessages(channel, request));
  }

  /** Works with a channel in a vhost. Rejects with AmqpRefusedError, RefusedError. */
  async #with<T>(name: string, use: (channel: DirectConnection) => Promise<T>): Promise<T> {
    const { broker } = this.#running().broker;
    const identity = identityOf(this.#user, broker);
    const vhost = broker.vhosts.get(name);
    if (vhost === undefined) throw new RefusedError("no_such_vhost", "vhost_not_found");
    if (!(await identity.permissions.allowsVhost(name))) {
      const text = `ACCESS_REFUSED - access to vhost '${name}' refused for user '${identity.name}'`;
      throw new AmqpRefusedError(FORBIDDEN, text);
    }
    try {
      return await DirectConnection.with(broker, { identity, vhost }, use);
    } catch (error) {
      throw told(error);
    }
  }
}

/** As packages/management knows it. */
function told(error: unknown): unknown {
  if (error instanceof DirectCallRefused) {
    return new AmqpRefusedError(error.replyCode, error.message);
  }
  if (error instanceof DirectCallLost) {
    return refusedBecause(error, "store_unavailable", error.message);
  }
  return error;
}

/** AMQP has no way to say a longer name. @throws RefusedError "bad_request" */
function checkNames(names: Readonly<Record<string, string>>): void {
  for (const [what, name] of Object.entries(names)) {
    if (Buffer.byteLength(name) <= SHORTSTR_SIZE_MAX) continue;
    throw new RefusedError("bad_request", `${what} is longer than ${SHORTSTR_SIZE_MAX} bytes`);
  }
}

/** @throws RefusedError "bad_request" */
function tableOf(json: JsonObject): FieldTable {
  try {
    const table = fieldTableFromJson(json);
    return table.size === 0 ? EMPTY_TABLE : checkedTable(table);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw refusedBecause(error, "bad_request", error.message);
  }
}

function checkedTable(table: FieldTable): FieldTable {
  for (const [key, value] of table) {
    checkNames({ "name of an argument": key });
    if (value.type === "table") checkedTable(value.value);
  }
  return table;
}

function queueBinding(binding: BindingRecord) {
  const { source, destination, routingKey } = binding;
  return { queue: destination, exchange: source, routingKey, arguments: binding.arguments };
}

function exchangeBinding(binding: BindingRecord) {
  const { source, destination, routingKey } = binding;
  return { destination, source, routingKey, arguments: binding.arguments };
}

/** A message that no queue takes comes back before it is confirmed. @throws RefusedError "conflict": a queue refused it */
async function isRouted(channel: DirectConnection): Promise<boolean> {
  let answer = await channel.next();
  const isReturned = answer.method.name === "basic.return";
  if (isReturned) answer = await channel.next();
  if (answer.method.name === "basic.nack") throw new RefusedError("conflict", REJECTED);
  return !isReturned;
}

function gotMessage(
  method: MethodOf<"basic.get-ok">,
  { properties, body }: DirectAnswer,
): GotMessage {
  const { redelivered, exchange, routingKey, messageCount } = method;
  return {
    redelivered,
    exchange,
    routingKey,
    messageCount,
    properties: propertiesToJson(properties),
    payload: body,
  };
}

function settleAll(channel: DirectConnection, last: number, how: GetRequest["settle"]): void {
  const all = { deliveryTag: last, multiple: true };
  if (how === "ack") channel.send("basic.ack", all);
  else channel.send("basic.nack", { ...all, requeue: how === "requeue" });
}
