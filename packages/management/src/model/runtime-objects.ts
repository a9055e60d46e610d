import type { Identity } from "./identity.ts";
import type { JsonObject } from "./json.ts";
import type { SampleWindows } from "./statistics.ts";

/** An object that can be listed: enough to choose it and to find it again. */
export interface ObjectRef {
  readonly vhost: string;
  readonly name: string;
  /** Whose it is: that of the connection. undefined: it belongs to nobody in particular. */
  readonly user?: string | undefined;
  /** Where it is; understood by the list that the ref comes from. undefined: every node has it. */
  readonly place?: ObjectPlace | undefined;
}

interface ObjectPlace {
  readonly node: string;
  /** Names it on that node. */
  readonly key: string;
}

/** Which objects are listed; what is undefined does not limit. */
export interface ObjectScope {
  readonly vhost?: string | undefined;
  readonly name?: string | undefined;
}

/** How objects are shown. */
export interface ObjectOptions {
  /** true: with what only the answer about a single object has. */
  readonly isDetailed?: boolean;
  /** Samples that are wanted of its figures. */
  readonly windows?: SampleWindows;
  /** Only these keys are wanted; undefined: all. */
  readonly keys?: readonly string[] | undefined;
}

/**
 * Objects of one kind in the whole cluster. A list is made in steps, so that a page costs little: all refs, then values of the sort key, and
 * whole objects of the page only. Each works in slices, and lets other work in between. A node that does not answer is left out.
 */
export interface ObjectList {
  /** Sorted by vhost and name. */
  refs(scope: ObjectScope): Promise<readonly ObjectRef[]>;
  /** What stands at `path` in the object of each ref, in their order; undefined: nothing does, or the object is gone. */
  values(
    refs: readonly ObjectRef[],
    path: readonly string[],
  ): Promise<readonly JsonObject[string][]>;
  /** In the order of the refs; undefined for what is gone meanwhile. Made in one go: for a page of refs at most. */
  objects(
    refs: readonly ObjectRef[],
    options: ObjectOptions,
  ): Promise<readonly (JsonObject | undefined)[]>;
}

/** A binding as URLs name it. */
export interface BindingScope {
  readonly vhost?: string | undefined;
  /** "" is the default exchange. */
  readonly source?: string | undefined;
  readonly destinationType?: "queue" | "exchange" | undefined;
  readonly destination?: string | undefined;
}

/** Both ends of bindings. */
export interface BindingEnds {
  readonly vhost: string;
  readonly source: string;
  readonly destinationType: "queue" | "exchange";
  readonly destination: string;
}

export interface NewExchange {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: JsonObject;
}

export interface NewQueue {
  readonly vhost: string;
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: JsonObject;
}

export interface NewBinding extends BindingEnds {
  readonly routingKey: string;
  readonly arguments: JsonObject;
}

export interface NewMessage {
  readonly vhost: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly payload: Buffer;
  /** By RabbitMQ's names: `content_type`, `headers`. */
  readonly properties: JsonObject;
}

export interface GetRequest {
  readonly vhost: string;
  readonly queue: string;
  readonly count: number;
  /** What becomes of the messages: "ack" and "reject" take them away, "requeue" leaves them where they were. */
  readonly settle: "ack" | "reject" | "requeue";
  /** No further message is taken once their bodies are so large together, in bytes. */
  readonly sizeMax: number;
}

/** Messages from the head of a queue to another one of the vhost, or each to that in which it became a dead letter. */
export interface MoveRequest {
  readonly vhost: string;
  readonly queue: string;
  readonly count: number;
  readonly to: { readonly queue: string } | "origin";
}

export interface MovedMessages {
  readonly moved: number;
  /** Those that do not say where they came from, and the one that was refused. */
  readonly left: number;
  /** The other queue is not there, or did not take the last one: nothing was moved after it. */
  readonly isRefused: boolean;
}

/** A message that a queue gave. */
export interface GotMessage {
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
  /** Ready messages that are left. */
  readonly messageCount: number;
  /** By RabbitMQ's names. */
  readonly properties: JsonObject;
  readonly payload: Buffer;
}

/** AMQP refused an operation: the reply code and the text that a client of AMQP would have got. */
export class AmqpRefusedError extends Error {
  override readonly name = "AmqpRefusedError";
  /** 404, 406 and so on (spec 1.2). */
  readonly replyCode: number;
  /** Without the code's name in front. */
  readonly explanation: string;
  /** `NOT_FOUND - no queue 'q' in vhost '/'` */
  readonly replyText: string;

  constructor(replyCode: number, replyText: string) {
    super(replyText);
    this.replyCode = replyCode;
    this.replyText = replyText;
    const dash = replyText.indexOf(" - ");
    this.explanation = dash < 0 ? replyText : replyText.slice(dash + " - ".length);
  }
}

/**
 * What a user does with AMQP, as that user: the same permissions, checks and texts as over a connection of his. All reject with
 * AmqpRefusedError if AMQP refuses it, and with RefusedError "bad_request" if AMQP has no way to say it, "not_running" without a broker.
 */
export interface AmqpActions {
  declareExchange(exchange: NewExchange): Promise<void>;
  deleteExchange(
    vhost: string,
    name: string,
    options: { readonly ifUnused: boolean },
  ): Promise<void>;
  declareQueue(queue: NewQueue): Promise<void>;
  deleteQueue(
    vhost: string,
    name: string,
    options: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
  ): Promise<void>;
  purgeQueue(vhost: string, name: string): Promise<void>;
  /** Resolves with what names the binding in URLs: `key~hash`. */
  bind(binding: NewBinding): Promise<string>;
  /** false: there is no such binding between the two. */
  unbind(between: BindingEnds, propertiesKey: string): Promise<boolean>;
  /** Whether it reached a queue. It is stored there when this resolves. */
  publish(message: NewMessage): Promise<boolean>;
  get(request: GetRequest): Promise<readonly GotMessage[]>;
  /** None is lost, whatever happens: each is acknowledged when the other queue has stored it. */
  move(request: MoveRequest): Promise<MovedMessages>;
}

/** State of one replica of a queue with a log. */
export interface ReplicaFacts {
  readonly node: string;
  readonly raftState: string;
  /** undefined: not known. */
  readonly logIndex: number | undefined;
  readonly commitIndex: number | undefined;
  readonly snapshotIndex: number | undefined;
  readonly term: number | undefined;
}

/** What became of one queue in an operation on many. */
export interface ReplicaChange {
  readonly vhost: string;
  readonly name: string;
  readonly size: number;
  /** undefined: done. */
  readonly error: string | undefined;
}

/** Operations on the replicas of queues, for operators. All reject with RefusedError. */
export interface ReplicaActions {
  sync(vhost: string, name: string): Promise<void>;
  cancelSync(vhost: string, name: string): Promise<void>;
  status(vhost: string, name: string): Promise<readonly ReplicaFacts[]>;
  add(vhost: string, name: string, node: string): Promise<void>;
  delete(vhost: string, name: string, node: string): Promise<void>;
  grow(
    node: string,
    options: {
      readonly strategy: "all" | "even";
      readonly vhostPattern: string;
      readonly queuePattern: string;
    },
  ): Promise<readonly ReplicaChange[]>;
  shrink(node: string): Promise<readonly ReplicaChange[]>;
}

/** Connections, channels, consumers, exchanges, queues and bindings as they are now, and what can be done with them. */
export interface RuntimeObjects {
  readonly connections: ObjectList;
  readonly channels: ObjectList;
  readonly consumers: ObjectList;
  readonly exchanges: ObjectList;
  readonly queues: ObjectList;
  readonly replicas: ReplicaActions;

  /** Sorted by vhost, source, destination, routing key. */
  bindings(scope: BindingScope): Promise<readonly JsonObject[]>;
  /** The client is told 320 with the reason. Nothing happens if it is gone. */
  closeConnection(connection: ObjectRef, reason: string): Promise<void>;
  /** As `user`, with his permissions. */
  actionsOf(user: Identity): AmqpActions;
}
