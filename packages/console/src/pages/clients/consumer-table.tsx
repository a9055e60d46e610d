import type { JSX } from "preact";
import type { ConsumerInfo } from "../../api/types.ts";
import { count } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { ChannelLink, ConnectionLink, QueueLink, UserLink } from "../../ui/object-links.tsx";
import { State, YesNo } from "../../ui/parts.tsx";
import { ArgumentList } from "../queues/queue-features.tsx";

/** What stands for a consumer in lists. */
export function consumerKey(consumer: ConsumerInfo): string {
  return `${consumer.channel_details?.name ?? ""} ${consumer.consumer_tag}`;
}

/** Columns of lists of consumers. */
export function consumerColumns(): readonly Column<ConsumerInfo>[] {
  return [
    {
      key: "queue",
      label: t("Queue"),
      sort: "queue.name",
      fields: ["queue"],
      cell: (consumer) => consumer.queue && <QueueLink {...consumer.queue} />,
    },
    { key: "consumer_tag", label: t("Consumer tag"), cell: (consumer) => consumer.consumer_tag },
    {
      key: "channel",
      label: t("Channel"),
      sort: "channel_details.name",
      fields: ["channel_details"],
      cell: (consumer) =>
        consumer.channel_details?.name && <ChannelLink name={consumer.channel_details.name} />,
    },
    {
      key: "connection",
      label: t("Connection"),
      optional: true,
      sort: "channel_details.connection_name",
      fields: ["channel_details"],
      cell: (consumer) =>
        consumer.channel_details?.connection_name && (
          <ConnectionLink name={consumer.channel_details.connection_name} />
        ),
    },
    {
      key: "user",
      label: t("User"),
      sort: "channel_details.user",
      fields: ["channel_details"],
      cell: (consumer) =>
        consumer.channel_details?.user && <UserLink name={consumer.channel_details.user} />,
    },
    {
      key: "ack_required",
      label: t("Acknowledges"),
      cell: (consumer) => <YesNo value={consumer.ack_required} />,
    },
    {
      key: "prefetch_count",
      label: t("Prefetch"),
      numeric: true,
      cell: (consumer) =>
        consumer.prefetch_count === 0 ? t("no limit") : count(consumer.prefetch_count),
    },
    {
      key: "exclusive",
      label: t("Exclusive"),
      cell: (consumer) => <YesNo value={consumer.exclusive} />,
    },
    {
      key: "activity_status",
      label: t("Activity"),
      cell: (consumer) => <State state={consumer.activity_status} />,
    },
    {
      key: "arguments",
      label: t("Arguments"),
      optional: true,
      sort: false,
      cell: (consumer) => <ArgumentList of={consumer.arguments} />,
    },
  ];
}

/** Consumers of one queue, or on one channel. */
export function ConsumerTable(props: {
  readonly consumers: readonly ConsumerInfo[];
  readonly without: "queue" | "channel";
}): JSX.Element {
  return (
    <DataTable
      label={t("Consumers")}
      rows={props.consumers}
      rowKey={consumerKey}
      columns={consumerColumns().filter(
        (column) => column.optional !== true && column.key !== props.without,
      )}
      empty={t("No consumer.")}
    />
  );
}
