import { fieldTableToJson } from "@leveret/amqp";
import type { JsonObject } from "@leveret/management";
import type { ChannelConsumer } from "../../connection/channel-consumer.ts";
import { endsOf } from "../../connection/connection-ends.ts";
import { channelName } from "./channel-name.ts";
import type { ObjectColumns } from "./object-columns.ts";

/** A consumer as GET /api/consumers shows it. */
export function consumerColumns(nodeName: string): ObjectColumns<ChannelConsumer> {
  return {
    consumer_tag: ({ tag }) => tag,
    queue: ({ queue: { record } }) => ({ name: record.name, vhost: record.vhost }),
    channel_details: ({ channel }) => {
      const { connection, number } = channel;
      const { host, port } = endsOf(connection.name).remote;
      return {
        name: channelName(channel),
        number,
        user: connection.user,
        node: nodeName,
        connection_name: connection.name,
        peer_host: host,
        peer_port: port,
      };
    },
    ack_required: ({ noAck }) => !noAck,
    exclusive: ({ handle }) => handle?.spec.exclusive === true,
    prefetch_count: ({ handle }) => handle?.spec.prefetch ?? 0,
    active: isActive,
    activity_status: (consumer) => {
      if (!consumer.queue.config.singleActiveConsumer) return "up";
      return isActive(consumer) ? "single_active" : "waiting";
    },
    arguments: (consumer) => fieldTableToJson(consumer.arguments) as JsonObject,
  };
}

/** Of a queue whose consumers take turns, every one is. */
function isActive({ queue, handle }: ChannelConsumer): boolean {
  return !queue.config.singleActiveConsumer || handle?.isActive === true;
}
