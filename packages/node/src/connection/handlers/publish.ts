import {
  checkHeaders,
  decodeBasicProperties,
  encodeMethodFrame,
  type FieldTable,
  PropertyFlag,
  PropertyScan,
  patchProperties,
  ReplyCode,
} from "@leveret/amqp";
import { hasTag } from "../../auth/user-tags.ts";
import type { Broker } from "../../broker/broker.ts";
import { noteHeld } from "../../broker/hold.ts";
import type { LiveExchange } from "../../broker/live-exchange.ts";
import type { MessageSink } from "../../broker/message-sink.ts";
import { PublishedMessage, senderSelectedKeys } from "../../broker/published-message.ts";
import { route } from "../../broker/route.ts";
import {
  accessRefused,
  exchangeNotFound,
  notImplemented,
  preconditionFailed,
  resourceText,
} from "../../errors.ts";
import { REMEMBERED_ROUTE_MAX } from "../../limits.ts";
import { BrokerQueue } from "../../queue/broker-queue.ts";
import type { Message } from "../../queue/message.ts";
import type { PublishReceipt } from "../../queue/publish-receipt.ts";
import type { FlowCounts, PublishCounts } from "../../statistics/traffic-counts.ts";
import type { Channel } from "../channel.ts";
import type { Connection } from "../connection.ts";
import type { ContentAssembly } from "../content-assembly.ts";
import { writeContent } from "../content-writer.ts";
import type { PublishTarget } from "../publish-target.ts";
import { REPLY_TO_QUEUE } from "../reply-consumer.ts";
import { parseExpiration } from "./expiration.ts";

/** Publishes are handled one at a time, so one scan serves them all. */
const scan: PropertyScan = new PropertyScan();

/** Properties that need more than being passed on. */
const CHECKED_FLAGS: number =
  PropertyFlag.headers | PropertyFlag.replyTo | PropertyFlag.expiration | PropertyFlag.userId;

/**
 * basic.publish with its whole content (spec 1.8.3.8; order of checks as RabbitMQ's: immediate, permission,
 * existence, internal, topic permission, reply-to, user-id, expiration, CC and BCC, routing).
 */
export function acceptPublish(
  channel: Channel,
  target: PublishTarget,
  content: ContentAssembly,
): void {
  const { broker, connection, vhost } = channel;
  if (broker.alarms.isActive) connection.block();
  if (target.version !== broker.topologyVersion) resolveTarget(channel, target);
  const message = broker.publishView;
  message.forgetStored(); // The publish before may have failed half-way.
  readContent(message, target, content, connection);
  if (target.isTopic) checkTopic(channel, target, target.routing.routingKey);
  let keys: readonly string[] | undefined;
  if ((scan.flags & CHECKED_FLAGS) !== 0) keys = checkProperties(channel, message);
  if (target.isTopic && keys !== undefined) {
    for (const key of keys) checkTopic(channel, target, key);
  }
  const sinks = keys === undefined && target.sinks !== undefined ? target.sinks : undefined;
  const found = sinks ?? findSinks(channel, target, message, keys ?? [target.routing.routingKey]);
  broker.traffic.sizes.add(message.bodySize);
  if (vhost.tracer !== undefined) {
    vhost.tracer.published(channel, message, keys ?? [target.routing.routingKey], found ?? []);
  }
  finishPublish(channel, target, message, found);
  message.forgetStored();
}

/** Fills the broker's view of the message being published. */
function readContent(
  message: Message,
  target: PublishTarget,
  content: ContentAssembly,
  connection: Connection,
): void {
  const { properties, propertiesStart, propertiesEnd } = content;
  scan.scan(properties, propertiesStart, propertiesEnd);
  if (scan.headersStart >= 0) {
    // Whoever decodes them later could not blame the publisher any more.
    checkHeaders(properties, propertiesStart, propertiesEnd, scan.headersStart);
  }
  message.routing = target.routing;
  message.bytes = properties;
  message.runStart = content.runStart;
  message.runEnd = content.runEnd;
  if (content.runStart >= 0) message.view = connection.viewOf(properties);
  message.propertiesStart = propertiesStart;
  message.propertiesEnd = propertiesEnd;
  message.bodySource = content.body;
  message.bodyStart = content.bodyStart;
  message.bodySize = content.bodySize;
  message.priority = scan.priority;
  message.persistent = scan.deliveryMode === 2;
  message.expirationMs = -1;
}

/** Checks what depends on names only, and remembers the route if it can be remembered. */
function resolveTarget(channel: Channel, target: PublishTarget): void {
  if (target.immediate) throw notImplemented("immediate=true");
  const { broker, vhost, connection } = channel;
  const { exchange: name } = target.routing;
  connection.permissions.checkResource(vhost.name, "write", "exchange", name);
  const exchange = vhost.exchanges.get(name);
  if (exchange === undefined) throw exchangeNotFound(name, vhost.name);
  if (exchange.record.internal) {
    throw accessRefused(`cannot publish to internal ${resourceText("exchange", name, vhost.name)}`);
  }
  target.exchange = exchange;
  target.isTopic =
    exchange.record.type === "topic" && connection.permissions.needsTopicCheck(vhost.name, name);
  target.sinks = undefined;
  target.counts = channel.traffic.publishesTo(exchange);
  target.version = broker.topologyVersion;
}

/** Reply-to, user-id, expiration, headers. Returns the routing keys if CC or BCC or a header decides. */
function checkProperties(channel: Channel, message: Message): readonly string[] | undefined {
  if (scan.replyToStart >= 0) rewriteReplyTo(channel, message);
  if (scan.userIdStart >= 0) checkUserId(channel, message);
  if (scan.expirationStart >= 0) {
    const text = message.bytes.toString("utf8", scan.expirationStart, scan.expirationEnd);
    message.expirationMs = parseExpiration(text);
  }
  return scan.headersStart < 0 ? undefined : readSenderSelectedKeys(message);
}

/** The header names CC and BCC cannot hide: without their bytes no table needs to be decoded. */
function readSenderSelectedKeys(message: Message): readonly string[] | undefined {
  if (!mayHaveCc(message.bytes, scan.headersStart, scan.headersEnd)) return undefined;
  const properties = decodeBasicProperties(
    message.bytes,
    message.propertiesStart,
    message.propertiesEnd,
  );
  const headers = properties.headers;
  if (headers === undefined) return undefined;
  const refuse = (name: string) => (type: string) => {
    throw preconditionFailed(`invalid message: {unacceptable_type_in_header,"${name}",${type}}`);
  };
  const cc = senderSelectedKeys(headers, "CC", refuse("CC"));
  const bcc = senderSelectedKeys(headers, "BCC", refuse("BCC"));
  if (headers.has("BCC")) removeHeader(message, headers, "BCC");
  const keys = [message.routing.routingKey, ...cc, ...bcc];
  return keys.length > 1 ? keys : undefined;
}

function mayHaveCc(bytes: Buffer, start: number, end: number): boolean {
  const last = end - 1;
  for (let at = start + 4; at < last; at++) {
    if (bytes[at] === 0x43 && bytes[at + 1] === 0x43) return true; // "CC", also within "BCC"
  }
  return false;
}

/** BCC is not delivered (RabbitMQ). */
function removeHeader(message: Message, headers: FieldTable, name: string): void {
  const rest = new Map(headers);
  rest.delete(name);
  const { bytes, propertiesStart, propertiesEnd } = message;
  message.replaceProperties(
    patchProperties(bytes, propertiesStart, propertiesEnd, { headers: rest }),
  );
}

/** Direct reply-to: the pseudo queue's name becomes this channel's own address. */
function rewriteReplyTo(channel: Channel, message: Message): void {
  const text = message.bytes.toString("latin1", scan.replyToStart, scan.replyToEnd);
  if (text !== REPLY_TO_QUEUE) return;
  const consumer = channel.replyConsumer;
  if (consumer === undefined) throw preconditionFailed("fast reply consumer does not exist");
  const { bytes, propertiesStart, propertiesEnd } = message;
  const replyTo = consumer.address;
  message.replaceProperties(patchProperties(bytes, propertiesStart, propertiesEnd, { replyTo }));
  scan.scan(message.bytes, message.propertiesStart, message.propertiesEnd);
}

function checkUserId(channel: Channel, message: Message): void {
  const claimed = message.bytes.toString("utf8", scan.userIdStart, scan.userIdEnd);
  const { user, identity } = channel.connection;
  if (claimed === user || hasTag(identity, "impersonator")) return;
  throw preconditionFailed(
    `user_id property set to '${claimed}' but authenticated user was '${user}'`,
  );
}

function checkTopic(channel: Channel, target: PublishTarget, routingKey: string): void {
  const { vhost, connection } = channel;
  connection.permissions.checkTopic(vhost.name, "write", target.routing.exchange, routingKey);
}

function findSinks(
  channel: Channel,
  target: PublishTarget,
  message: Message,
  keys: readonly string[],
): readonly MessageSink[] | undefined {
  const { broker, vhost } = channel;
  const { exchange } = target;
  if (exchange === undefined) return [];
  const found = route({
    vhost,
    exchange,
    message: new PublishedMessage(message, target.routing.routingKey),
    keys,
    findReply: (key) => broker.replies.find(key),
    onVisit: (visited, visitedKeys) => noteHeld(broker, vhost, visited, message, visitedKeys),
    onMissingAlternate: (from, name) => broker.warnMissingAlternate(from, name),
  });
  const isSmall = found.sinks.length <= REMEMBERED_ROUTE_MAX;
  if (found.cacheable && isSmall && keys.length === 1) {
    target.sinks = found.sinks;
    target.flows = flowsOf(broker, exchange, found.sinks);
  }
  return found.held && found.sinks.length === 0 ? undefined : found.sinks;
}

/** Where messages are counted that come from `exchange` to the queues among `sinks`. */
function flowsOf(
  { traffic }: Broker,
  exchange: LiveExchange,
  sinks: readonly MessageSink[],
): readonly FlowCounts[] {
  const queues = sinks.filter((sink) => sink instanceof BrokerQueue);
  return queues.map((queue) => traffic.flow(exchange, queue));
}

/** `sinks` undefined: an exchange holds the message for later. */
function finishPublish(
  channel: Channel,
  target: PublishTarget,
  message: Message,
  sinks: readonly MessageSink[] | undefined,
): void {
  const { exchange, counts, mandatory } = target;
  if (exchange === undefined || counts === undefined) return; // Unreachable: it is resolved.
  const isKnown = sinks !== undefined && sinks === target.sinks;
  const flows = isKnown ? target.flows : flowsOf(channel.broker, exchange, sinks ?? []);
  if (channel.transaction !== undefined) {
    channel.transaction.addPublish({ message, sinks, mandatory, counts, flows });
    return;
  }
  const isConfirmed = channel.mode === "confirm";
  if (isConfirmed) {
    channel.confirms.next();
    counts.publishConfirm++;
  }
  countPublish(counts, flows);
  // Most are routed, and not mandatory.
  if (sinks !== undefined && (mandatory || sinks.length === 0)) {
    handleUnroutable(channel, { message, sinks, mandatory, counts });
  }
  if (isConfirmed) confirm(channel, message, sinks ?? [], counts);
  else deliverTo(channel, message, sinks ?? []);
}

/** A message was published: once, and once into each of its queues. */
export function countPublish(counts: PublishCounts, flows: readonly FlowCounts[]): void {
  counts.publish++;
  for (const flow of flows) flow.publish++;
}

/** Returns a mandatory message that goes to no queue. */
export function handleUnroutable(
  channel: Channel,
  { message, sinks, mandatory, counts }: RoutedPublish,
): void {
  if (mandatory && !isRouted(sinks)) {
    counts.returnUnroutable++;
    returnMessage(channel, message);
  } else if (sinks.length === 0) {
    counts.dropUnroutable++;
  }
}

/** A publish whose queues are known. */
interface RoutedPublish {
  readonly message: Message;
  readonly sinks: readonly MessageSink[];
  readonly mandatory: boolean;
  readonly counts: PublishCounts;
}

/** Publishes, and confirms what is decided at once; the rest when its queues have it as they promise. */
function confirm(
  channel: Channel,
  message: Message,
  sinks: readonly MessageSink[],
  counts: PublishCounts,
): void {
  const { confirms } = channel;
  const { pending, isAccepted } = deliverTo(channel, message, sinks, confirms, confirms.current);
  if (pending > 0) {
    confirms.expect(pending, isAccepted, counts);
    return;
  }
  confirms.decide(isAccepted, channel.sendConfirm, counts);
  channel.connection.noteConfirms(channel);
}

/** A direct reply does not count as routed (RabbitMQ 3.x), although it is delivered. */
function isRouted(sinks: readonly MessageSink[]): boolean {
  return sinks.some((sink) => sink instanceof BrokerQueue);
}

/** What the queues of a message said. */
interface Delivered {
  /** So many will tell the receipt. */
  readonly pending: number;
  /** None has refused it so far. */
  readonly isAccepted: boolean;
}

const ALL_ACCEPTED: Delivered = { pending: 0, isAccepted: true };

/** Hands a message to its queues. */
export function deliverTo(
  channel: Channel,
  message: Message,
  sinks: readonly MessageSink[],
  receipt?: PublishReceipt,
  sequence = 0,
): Delivered {
  const { now } = channel.connection;
  let pending = 0;
  let isAccepted = true;
  for (const sink of sinks) {
    const outcome = sink.publish(now, message, receipt, sequence);
    if (outcome === "pending") pending++;
    else if (!outcome) isAccepted = false;
  }
  return pending === 0 && isAccepted ? ALL_ACCEPTED : { pending, isAccepted };
}

/** basic.return 312 with the message as it was published (spec 1.8.3.9). */
function returnMessage(channel: Channel, message: Message): void {
  const { output, frameMax } = channel.connection;
  const { exchange, routingKey } = message.routing;
  output.append(
    encodeMethodFrame(channel.number, "basic.return", {
      replyCode: ReplyCode.NO_ROUTE,
      replyText: "NO_ROUTE",
      exchange,
      routingKey,
    }),
  );
  writeContent(output, channel.number, message, frameMax);
  output.checkWater();
}
