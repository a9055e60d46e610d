import { encodeHeader, type Properties } from "../wire/content.ts";
import type { FieldTable } from "../wire/field-value.ts";
import { FRAME } from "../wire/frame.ts";
import { type Arguments, answersTo } from "../wire/methods.ts";
import type { Item } from "../wire/socket.ts";
import type { Peer } from "./peer.ts";

/** How often a condition is looked at again before the case fails. */
const POLLS_MAX = 400;
const POLL_INTERVAL_MS = 15;

/** What the script says about a message to publish. */
export interface Message {
  readonly exchange?: string;
  readonly key?: string;
  readonly mandatory?: boolean;
  readonly immediate?: boolean;
  readonly properties?: Properties;
  readonly body?: string | Buffer;
}

/** Arguments and flags of a queue.declare, by their short names. */
export interface QueueOptions {
  readonly durable?: boolean;
  readonly exclusive?: boolean;
  readonly autoDelete?: boolean;
  readonly arguments?: FieldTable;
}

/** One AMQP channel as a script drives it. Everything sent and taken is recorded. */
export class Channel {
  readonly peer: Peer;
  readonly number: number;
  /** False after the server's channel.close, until the script opens it again. */
  isOpen = true;

  constructor(peer: Peer, number: number) {
    this.peer = peer;
    this.number = number;
  }

  get #where(): string {
    return `${this.peer.label}/${this.number}`;
  }

  /** Sends a method and waits for nothing. */
  send(method: string, args: Arguments = {}): void {
    this.peer.transcript.sent(this.#where, method, args);
    this.peer.writeMethod(this.number, method, args);
  }

  /**
   * Sends a method and takes what the server says on this channel up to and including its answer,
   * or the close of the channel or connection.
   */
  async call(method: string, args: Arguments = {}): Promise<Item> {
    this.send(method, args);
    return await this.answer(method);
  }

  /** Takes items up to the answer to `method`, sent earlier. */
  async answer(method: string): Promise<Item> {
    const answers = answersTo(method);
    for (;;) {
      const item = await this.#next(`an answer to ${method}`);
      this.#record(item);
      if (answers.includes(item.method) || isClose(item)) return item;
    }
  }

  /** Takes exactly `count` items (a message with its content is one). */
  async take(count: number): Promise<Item[]> {
    const items: Item[] = [];
    while (items.length < count) {
      const item = await this.#next(`item ${items.length + 1} of ${count}`);
      items.push(item);
      this.#record(item);
      if (isClose(item)) break;
    }
    return items;
  }

  /**
   * Takes `count` items whose order between different sources is not defined and records them sorted
   * by what `order` returns.
   */
  async takeSorted(count: number, order: (item: Item) => string): Promise<Item[]> {
    const items: Item[] = [];
    while (items.length < count)
      items.push(await this.#next(`item ${items.length + 1} of ${count}`));
    items.sort((left, right) => (order(left) < order(right) ? -1 : 1));
    for (const item of items) this.#record(item);
    return items;
  }

  /** Waits until the server has acked or nacked the publishes `1..count`; how it groups them is left open. */
  async confirms(count: number): Promise<void> {
    const verdicts = new Map<number, string>();
    while (verdicts.size < count) {
      const item = await this.#next(`confirm ${verdicts.size + 1} of ${count}`);
      if (item.method !== "basic.ack" && item.method !== "basic.nack") {
        this.#record(item);
        if (isClose(item)) return;
        continue;
      }
      const tag = Number(item.args["delivery-tag"]);
      const first = item.args["multiple"] === true ? 1 : tag;
      for (let number = first; number <= tag; number++) {
        if (!verdicts.has(number)) verdicts.set(number, item.method.slice("basic.".length));
      }
    }
    const shown = [...verdicts].sort(([left], [right]) => left - right);
    const text = shown.map(([number, verdict]) => `${number} ${verdict}`).join(", ");
    this.peer.transcript.note(`${this.#where} < confirms: ${text}`);
  }

  /** Takes one confirm; whether it says multiple is left open when it settles one number only. */
  async confirmOne(): Promise<void> {
    const item = await this.#next("a confirm");
    const { "delivery-tag": tag, ...rest } = item.args;
    const shown = tag === undefined ? rest : { "delivery-tag": tag };
    this.#record({ ...item, args: shown });
  }

  /** Sends a publish: method, header and, unless empty, one body frame. */
  publish(message: Message): void {
    const { exchange = "", key = "", properties = {} } = message;
    const body = Buffer.from(message.body ?? "");
    const args: Arguments = {
      exchange,
      "routing-key": key,
      ...(message.mandatory === true && { mandatory: true }),
      ...(message.immediate === true && { immediate: true }),
    };
    this.peer.transcript.sentContent(this.#where, { args, properties, body });
    this.peer.writeMethod(this.number, "basic.publish", args);
    this.peer.writeFrame(FRAME.header, this.number, encodeHeader(body.length, properties));
    if (body.length > 0) this.peer.writeFrame(FRAME.body, this.number, body);
  }

  /** Publishes bodies one after the other to the queue through the default exchange. */
  publishAll(queue: string, bodies: readonly string[], properties: Properties = {}): void {
    for (const body of bodies) this.publish({ key: queue, body, properties });
  }

  /** Round trip without effect: whatever the server had to say on this channel before is recorded. */
  async barrier(): Promise<void> {
    if (!this.isOpen || this.peer.socket.isClosed) return;
    this.peer.writeMethod(this.number, "exchange.declare", {
      exchange: "amq.direct",
      type: "direct",
      passive: true,
    });
    for (;;) {
      const item = await this.#next("the end of a barrier");
      if (item.method === "exchange.declare-ok") return;
      this.#record(item);
      if (isClose(item)) return;
    }
  }

  /** Repeats a method until `isReached` likes the answer, and records only the last round. */
  async until(method: string, args: Arguments, isReached: (item: Item) => boolean): Promise<Item> {
    for (let poll = 0; poll < POLLS_MAX; poll++) {
      this.peer.writeMethod(this.number, method, args);
      const item = await this.#next(`an answer to ${method}`);
      if (isReached(item) || isClose(item)) {
        this.peer.transcript.sent(this.#where, `${method} (until)`, args);
        this.#record(item);
        return item;
      }
      await pause();
    }
    throw new Error(`${method} never gave the wanted answer`);
  }

  /** Declares again and again, reopening the channel after each refusal, until it is accepted. */
  async untilDeclared(args: Arguments): Promise<void> {
    for (let poll = 0; poll < POLLS_MAX; poll++) {
      this.peer.writeMethod(this.number, "queue.declare", args);
      const item = await this.#next("an answer to queue.declare");
      if (!isClose(item)) {
        this.peer.transcript.sent(this.#where, "queue.declare (until)", args);
        this.#record(item);
        return;
      }
      await this.#reopenSilently();
      await pause();
    }
    throw new Error("the queue could never be declared");
  }

  /** Waits, by bind attempts that do not count as use, until a queue does not exist. */
  async untilGone(queue: string): Promise<void> {
    const args = { queue, exchange: "amq.direct", "routing-key": queue };
    await this.until("queue.bind", args, () => false);
  }

  async #reopenSilently(): Promise<void> {
    this.peer.writeMethod(this.number, "channel.close-ok", {});
    this.peer.writeMethod(this.number, "channel.open", {});
    await this.#next("channel.open-ok");
  }

  /**
   * Waits until a queue holds `count` ready messages. RabbitMQ answers declares before publishes that
   * it has not worked off yet, so a single passive declare after a publish shows nothing certain.
   */
  async untilCount(queue: string, count: number): Promise<void> {
    for (let poll = 0; poll < POLLS_MAX; poll++) {
      this.peer.writeMethod(this.number, "queue.declare", { queue, passive: true });
      const item = await this.#next(`a count of ${queue}`);
      if (isClose(item)) {
        this.#record(item);
        return;
      }
      if (item.args["message-count"] === count) {
        this.peer.transcript.note(`${this.#where} until ${queue} holds ${count}`);
        return;
      }
      await pause();
    }
    throw new Error(`${queue} never held ${count} messages`);
  }

  /** Deletes a queue; delete-ok counts its ready messages, publishes sent before included. */
  async countAndDelete(queue: string): Promise<void> {
    await this.call("queue.delete", { queue });
  }

  /** Declares a queue; returns the name that the server answered. */
  async queue(queue: string, options: QueueOptions = {}): Promise<string> {
    const { durable, exclusive, autoDelete, arguments: table } = options;
    const answer = await this.call("queue.declare", {
      queue,
      ...(durable === true && { durable }),
      ...(exclusive === true && { exclusive }),
      ...(autoDelete === true && { "auto-delete": autoDelete }),
      ...(table !== undefined && { arguments: table }),
    });
    const name = String(answer.args["queue"] ?? queue);
    this.peer.remember(name);
    return name;
  }

  async exchange(exchange: string, type = "direct", args: Arguments = {}): Promise<string> {
    await this.call("exchange.declare", { exchange, type, ...args });
    return exchange;
  }

  async bind(queue: string, exchange: string, key = "", table?: FieldTable): Promise<Item> {
    return await this.call("queue.bind", {
      queue,
      exchange,
      "routing-key": key,
      ...(table !== undefined && { arguments: table }),
    });
  }

  async get(queue: string, noAck = true): Promise<Item> {
    return await this.call("basic.get", { queue, ...(noAck && { "no-ack": true }) });
  }

  /** Gets without ack until the queue is empty. */
  async drain(queue: string): Promise<void> {
    for (let item = await this.get(queue); item.method === "basic.get-ok"; )
      item = await this.get(queue);
  }

  async consume(queue: string, tag: string, args: Arguments = {}): Promise<Item> {
    return await this.call("basic.consume", { queue, "consumer-tag": tag, ...args });
  }

  async passive(queue: string): Promise<Item> {
    return await this.call("queue.declare", { queue, passive: true });
  }

  async close(): Promise<Item> {
    this.isOpen = false;
    return await this.call("channel.close", { "reply-code": 200, "reply-text": "ok" });
  }

  /** Opens this channel number again after the server closed it. */
  async reopen(): Promise<Item> {
    this.isOpen = true;
    return await this.call("channel.open");
  }

  async #next(what: string): Promise<Item> {
    return await this.peer.next(this.number, what);
  }

  #record(item: Item): void {
    this.peer.transcript.received(item.channel === 0 ? this.peer.label : this.#where, item);
    if (item.method !== "channel.close") return;
    this.isOpen = false;
    if (this.peer.answersClose) this.peer.writeMethod(this.number, "channel.close-ok", {});
  }
}

/** True for what ends the channel or the connection under it. */
function isClose(item: Item): boolean {
  return ["channel.close", "connection.close", "closed"].includes(item.method);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
}
