import { ChannelError, fieldTableFromJson } from "@leveret/amqp";
import { ControlError } from "@leveret/control";
import type { LiveExchange } from "../broker/live-exchange.ts";
import { senderSelectedKeys } from "../broker/published-message.ts";
import { type Route, route } from "../broker/route.ts";
import type { VirtualHost } from "../broker/virtual-host.ts";
import { delayOf } from "../exchange/delay.ts";
import type { BindingRecord } from "../metadata/records.ts";
import type { VirtualHostState } from "../metadata/virtual-host-state.ts";
import { BrokerQueue } from "../queue/broker-queue.ts";
import { EXPLAINED_BINDINGS_MAX, EXPLAINED_QUEUES_MAX } from "./control-limits.ts";
import type { RunningNode } from "./control-method.ts";
import { type ExplainedMessage, type ExplainedQueue, explainQueue } from "./explain-queue.ts";
import { type ExplainedBindings, matchBindings } from "./match-bindings.ts";

export interface ExplainRequest {
  readonly vhost: string;
  /** "" and "amq.default": the default exchange. */
  readonly exchange: string;
  readonly routingKey: string;
  /** Of the message, as plain JSON. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** Who would publish; undefined: permissions are not looked at. */
  readonly user?: string | undefined;
  /** The expiration property, ms; undefined: none. */
  readonly expirationMs?: number | undefined;
}

/** An exchange that the message would come to. */
interface ExplainedExchange extends ExplainedBindings {
  readonly name: string;
  readonly type: string;
  readonly reached_by: "publish" | "binding" | "alternate";
  /** The exchange from which it is reached; null: it was published to. */
  readonly reached_from: string | null;
  /** The alternate exchange in force; null: none. */
  readonly alternate: {
    readonly name: string;
    /** `argument`, or the policy that sets it. */
    readonly source: string;
    readonly exists: boolean;
    /** Nothing matches here, so the message goes there. */
    readonly used: boolean;
  } | null;
  readonly notes: readonly string[];
}

export interface PublishExplanation {
  readonly vhost: string;
  readonly exchange: string;
  readonly routing_key: string;
  /** "refused": the publisher's channel would be closed, see `reason`. */
  readonly outcome: "routed" | "unroutable" | "refused";
  /** What happens, in a sentence. */
  readonly reason: string;
  /** In the order of routing. */
  readonly exchanges: readonly ExplainedExchange[];
  readonly queues: readonly ExplainedQueue[];
  /** Queues beyond those shown. */
  readonly more_queues: number;
}

/**
 * Where a message would go, and why: found by the routers that route real messages, and nothing is published.
 * @throws ControlError "no_such_vhost", "bad_argument"
 */
export async function explainPublish(
  running: RunningNode,
  asked: ExplainRequest,
): Promise<PublishExplanation> {
  const { broker } = running.broker;
  const name = asked.exchange === "amq.default" ? "" : asked.exchange;
  const vhost = broker.vhosts.get(asked.vhost);
  const state = broker.metadata.vhost(asked.vhost);
  if (vhost === undefined || state === undefined) {
    throw new ControlError("no_such_vhost", `Virtual host '${asked.vhost}' does not exist`);
  }
  const message = routed(asked);
  const refusal = refusalOf(running, { ...asked, exchange: name }, vhost);
  const exchange = vhost.exchanges.get(name);
  const head = { vhost: asked.vhost, exchange: name, routing_key: asked.routingKey };
  if (refusal !== undefined || exchange === undefined) {
    const reason = refusal ?? `NOT_FOUND - no exchange '${name}' in vhost '${asked.vhost}'`;
    const nothing = { exchanges: [], queues: [], more_queues: 0 };
    return { ...head, outcome: "refused", reason, ...nothing };
  }
  const walk = new Walk(vhost, state, message);
  const found = walk.run(exchange);
  const queues = found.sinks.filter((sink) => sink instanceof BrokerQueue);
  const explained: ExplainedQueue[] = [];
  for (const queue of queues.slice(0, EXPLAINED_QUEUES_MAX)) {
    explained.push(await explainQueue(running, vhost, queue, message));
  }
  return {
    ...head,
    outcome: queues.length > 0 ? "routed" : "unroutable",
    reason: summary(queues.length, walk.holdMs),
    exchanges: walk.exchanges(exchange),
    queues: explained,
    more_queues: queues.length - explained.length,
  };
}

function summary(queueCount: number, holdMs: number | undefined): string {
  const when = holdMs === undefined ? "" : `is held back for ${holdMs} ms, then `;
  if (queueCount > 0)
    return `The message ${when}goes to ${queueCount} queue${queueCount === 1 ? "" : "s"}.`;
  const fate =
    "comes back to a publisher that set mandatory, and is dropped and confirmed otherwise";
  return `The message ${when}matches no queue: it ${fate}.`;
}

/** The message as routers see it. @throws ControlError "bad_argument" */
function routed({ routingKey, headers, expirationMs }: ExplainRequest): ExplainedMessage {
  try {
    const table = fieldTableFromJson(headers);
    const refuse = (type: string): never => {
      throw new ControlError("bad_argument", `CC and BCC must be lists, not of type ${type}`);
    };
    const others = [
      ...senderSelectedKeys(table, "CC", refuse),
      ...senderSelectedKeys(table, "BCC", refuse),
    ];
    const property = (): undefined => undefined;
    const message = { routingKey, headers: table, property };
    return { message, keys: [routingKey, ...others], expirationMs };
  } catch (error) {
    if (error instanceof ControlError) throw error;
    throw badHeaders(error);
  }
}

function badHeaders(cause: unknown): ControlError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ControlError("bad_argument", `headers: ${why}`, { cause });
}

/** As the checks of a publish; undefined: it would be taken. */
function refusalOf(
  { broker: { broker } }: RunningNode,
  { vhost: vhostName, exchange: name, routingKey, user }: ExplainRequest,
  vhost: VirtualHost,
): string | undefined {
  const record = vhost.exchanges.get(name)?.record;
  try {
    if (user !== undefined) {
      broker.access.checkResource(user, vhostName, "write", "exchange", name);
      const topic = { user, vhost: vhostName, exchange: name, kind: "write", routingKey } as const;
      if (record?.type === "topic") broker.access.checkTopic(topic);
    }
  } catch (error) {
    if (error instanceof ChannelError) return error.message;
    throw error;
  }
  if (record?.internal !== true) return undefined;
  return `ACCESS_REFUSED - cannot publish to internal exchange '${name}' in vhost '${vhostName}'`;
}

/** Follows the message, and takes down what it meets. */
class Walk {
  /** Longest time for which an exchange holds it back; undefined: none does. */
  holdMs: number | undefined;
  readonly #vhost: VirtualHost;
  readonly #state: VirtualHostState;
  readonly #message: ExplainedMessage;
  readonly #visited: LiveExchange[] = [];
  #bindingsLeft = EXPLAINED_BINDINGS_MAX;

  constructor(vhost: VirtualHost, state: VirtualHostState, message: ExplainedMessage) {
    this.#vhost = vhost;
    this.#state = state;
    this.#message = message;
  }

  run(exchange: LiveExchange): Route {
    const { message, keys } = this.#message;
    return route({
      vhost: this.#vhost,
      exchange,
      message: { ...message },
      keys,
      findReply: () => undefined,
      onVisit: (visited) => {
        this.#visited.push(visited);
        const holdMs = visited.delayed === undefined ? undefined : delayOf(message.headers);
        if (holdMs !== undefined) this.holdMs = Math.max(this.holdMs ?? 0, holdMs);
        return false;
      },
    });
  }

  /** The default exchange is not told of. */
  exchanges(first: LiveExchange): readonly ExplainedExchange[] {
    const visited = first.name === "" ? [first] : this.#visited;
    const explained: ExplainedExchange[] = [];
    for (const exchange of visited) explained.push(this.#explain(exchange, explained));
    return explained;
  }

  #explain(exchange: LiveExchange, before: readonly ExplainedExchange[]): ExplainedExchange {
    const { name, record } = exchange;
    const matched =
      name === ""
        ? this.#defaultBindings()
        : matchBindings(exchange, this.#bindingsOf(name), this.#message);
    const reached = reachedBy(name, before);
    return {
      name,
      type: record.type,
      ...reached,
      ...matched,
      alternate: this.#alternateOf(exchange, matched.bindings.length === 0),
      notes: notesOf(exchange, this.holdMs),
    };
  }

  #bindingsOf(name: string): readonly BindingRecord[] {
    const bindings: BindingRecord[] = [];
    for (const binding of this.#state.bindings.ofSource(name)) {
      if (this.#bindingsLeft <= 0) break;
      this.#bindingsLeft--;
      bindings.push(binding);
    }
    return bindings;
  }

  /** Every queue is bound to it by its name (spec 3.1.3.1). */
  #defaultBindings(): ExplainedBindings {
    const found = this.#message.keys.filter((key) => this.#vhost.queues.has(key));
    return {
      bindings: [...new Set(found)].map((key) => ({
        destination: key,
        destination_type: "queue",
        routing_key: key,
        arguments: {},
        reason: "the routing key is the name of the queue",
      })),
      more_bindings: 0,
      unmatched: 0,
      unmatched_examples: [],
    };
  }

  #alternateOf(exchange: LiveExchange, isUsed: boolean): ExplainedExchange["alternate"] {
    const { alternate: name, record } = exchange;
    if (name === undefined) return null;
    const { policy } = this.#state.effectivePolicy("exchange", record.name);
    const isOwn = record.arguments.has("alternate-exchange");
    const source = isOwn ? "argument" : `policy '${policy?.name ?? ""}'`;
    const exists = this.#vhost.exchanges.has(name);
    return { name, source, exists, used: isUsed && exists };
  }
}

function reachedBy(
  name: string,
  before: readonly ExplainedExchange[],
): Pick<ExplainedExchange, "reached_by" | "reached_from"> {
  for (const { name: from, bindings, alternate } of before) {
    const isBound = bindings.some(
      ({ destination, destination_type: type }) => type === "exchange" && destination === name,
    );
    if (isBound) return { reached_by: "binding", reached_from: from };
    if (alternate?.used === true && alternate.name === name) {
      return { reached_by: "alternate", reached_from: from };
    }
  }
  return { reached_by: "publish", reached_from: null };
}

function notesOf({ record, delayed, history }: LiveExchange, holdMs: number | undefined): string[] {
  const notes: string[] = [];
  if (delayed !== undefined) {
    const held = `holds the message back for ${holdMs} ms (x-delay)`;
    notes.push(holdMs === undefined ? "no x-delay header: the message is not held back" : held);
  }
  if (history !== undefined) notes.push("remembers the message for queues that are bound later");
  if (record.type === "x-random" || record.type === "x-local-random") {
    notes.push("takes one of its bindings at random: the next message may go elsewhere");
  }
  return notes;
}
