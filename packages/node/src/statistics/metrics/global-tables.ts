import { type MetricTable, seriesOf } from "@leveret/management";
import type { DeliverFigures } from "../message-counts.ts";
import { MESSAGE_SIZE_BOUNDS } from "../message-sizes.ts";
import { counter, gauge, labelledValues } from "./metric-spec.ts";
import type { MetricsContext } from "./metrics-context.ts";

const PROTOCOL = ["protocol", "amqp091"] as const;
const AMQP: string = seriesOf([PROTOCOL]);
const QUEUE_TYPES = { classic: "rabbit_classic_queue", quorum: "rabbit_quorum_queue" } as const;

/** RabbitMQ's counters of the stream protocol, which is not spoken here: its Stream dashboard looks for them. */
const STREAM_ERRORS: readonly string[] = [
  "access_refused",
  "authentication_failure",
  "frame_too_large",
  "internal_error",
  "precondition_failed",
  "publisher_does_not_exist",
  "sasl_authentication_failure_loopback",
  "sasl_challenge",
  "sasl_error",
  "sasl_mechanism_not_supported",
  "stream_already_exists",
  "stream_does_not_exist",
  "stream_not_available",
  "subscription_id_already_exists",
  "subscription_id_does_not_exist",
  "unknown_frame",
  "vhost_access_failure",
];

/** Counters of the node since it started. They never fall, whatever is closed or deleted. */
export function globalTables(prefix: string, context: MetricsContext): MetricTable[] {
  const { broker } = context.node;
  const totals = broker.traffic.totals();
  const { publishes, routed, deliveries } = totals;
  const ofClients = (name: string, help: string, value: number): MetricTable =>
    labelledValues(prefix, counter(`global_messages_${name}_total`, help), [[AMQP, value]]);
  const ofQueues = (
    name: string,
    help: string,
    read: (figures: DeliverFigures) => number,
  ): MetricTable =>
    labelledValues(prefix, counter(`global_messages_${name}_total`, help), [
      [typeSeries("classic"), read(deliveries.classic)],
      [typeSeries("quorum"), read(deliveries.quorum)],
    ]);
  return [
    ofClients("received", "Messages that clients published", publishes.publish),
    ofClients("received_confirm", "Messages published in confirm mode", publishes.publishConfirm),
    ofClients("confirmed", "Messages that were confirmed", publishes.confirm),
    ofClients("routed", "Messages that came to queues, one for each queue", routed),
    ofClients("unroutable_dropped", "Messages that no queue got", publishes.dropUnroutable),
    ofClients(
      "unroutable_returned",
      "Mandatory messages that no queue got",
      publishes.returnUnroutable,
    ),
    ofQueues(
      "delivered",
      "Messages delivered, by whatever means",
      (f) => f.deliver + f.deliverNoAck + f.get + f.getNoAck,
    ),
    ofQueues(
      "delivered_consume_manual_ack",
      "Messages delivered to consumers, to be acknowledged",
      (f) => f.deliver,
    ),
    ofQueues(
      "delivered_consume_auto_ack",
      "Messages delivered to consumers without acknowledgement",
      (f) => f.deliverNoAck,
    ),
    ofQueues(
      "delivered_get_manual_ack",
      "Messages taken by basic.get, to be acknowledged",
      (f) => f.get,
    ),
    ofQueues(
      "delivered_get_auto_ack",
      "Messages taken by basic.get without acknowledgement",
      (f) => f.getNoAck,
    ),
    ofQueues("get_empty", "basic.get that found nothing", (f) => f.getEmpty),
    ofQueues("redelivered", "Messages delivered again", (f) => f.redeliver),
    ofQueues("acknowledged", "Messages acknowledged by consumers", (f) => f.ack),
    ...deadLetterTables(prefix, context),
    ...clientTables(prefix, context),
    ...STREAM_ERRORS.map((name) =>
      labelledValues(
        prefix,
        counter(`global_stream_error_${name}_total`, "Errors of the stream protocol"),
        [[seriesOf([["protocol", "stream"]]), 0]],
      ),
    ),
    sizesTable(prefix, context),
  ];
}

function typeSeries(type: keyof typeof QUEUE_TYPES): string {
  return seriesOf([PROTOCOL, ["queue_type", QUEUE_TYPES[type]]]);
}

function deadLetterTables(prefix: string, { node }: MetricsContext): MetricTable[] {
  const { deadLetters } = node.broker.traffic;
  const reasons = ["rejected", "expired", "maxlen", "delivery_limit"] as const;
  const series = (type: keyof typeof QUEUE_TYPES): string =>
    seriesOf([
      ["queue_type", QUEUE_TYPES[type]],
      ["dead_letter_strategy", "at_most_once"],
    ]);
  return reasons.map((reason) =>
    labelledValues(
      prefix,
      counter(
        `global_messages_dead_lettered_${reason}_total`,
        "Messages sent to dead-letter exchanges",
      ),
      [
        [series("classic"), deadLetters.classic[reason]],
        [series("quorum"), deadLetters.quorum[reason]],
      ],
    ),
  );
}

/** As of now: counted anew each time, so that nobody who was lost stays. */
function clientTables(prefix: string, { node }: MetricsContext): MetricTable[] {
  let publishers = 0;
  let consumers = 0;
  for (const { channels } of node.broker.connections) {
    for (const channel of channels.values()) {
      consumers += channel.consumers.size;
      if (channel.traffic.isPublisher) publishers++;
    }
  }
  return [
    labelledValues(prefix, gauge("global_publishers", "Channels that have published"), [
      [AMQP, publishers],
    ]),
    labelledValues(prefix, gauge("global_consumers", "Consumers"), [[AMQP, consumers]]),
  ];
}

function sizesTable(prefix: string, { node }: MetricsContext): MetricTable {
  const { counts, sum } = node.broker.traffic.sizes;
  const rows: [string, number][] = [];
  let count = 0;
  for (const [at, inBucket] of counts.entries()) {
    count += inBucket;
    const bound = MESSAGE_SIZE_BOUNDS[at];
    const le = bound === undefined ? "+Inf" : String(bound);
    rows.push([`_bucket${seriesOf([PROTOCOL, ["le", le]])}`, count]);
  }
  rows.push([`_sum${AMQP}`, sum], [`_count${AMQP}`, count]);
  return labelledValues(
    prefix,
    { name: "message_size_bytes", type: "histogram", help: "Bodies of published messages" },
    rows,
  );
}
