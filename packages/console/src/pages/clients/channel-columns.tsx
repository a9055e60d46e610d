import type { ChannelInfo } from "../../api/types.ts";
import { count, rate } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import type { Column } from "../../ui/data-table.tsx";
import { ChannelLink, NodeLink, UserLink, VhostLink } from "../../ui/object-links.tsx";
import { State } from "../../ui/parts.tsx";

/** How what is published on the channel is secured. */
export function channelMode(channel: ChannelInfo): string {
  return channel.transactional === true
    ? t("transactions")
    : channel.confirm === true
      ? t("confirms")
      : "–";
}

/** Columns of lists of channels. */
export function channelColumns(): readonly Column<ChannelInfo>[] {
  return [
    { key: "name", label: t("Channel"), cell: (channel) => <ChannelLink name={channel.name} /> },
    {
      key: "user",
      label: t("User"),
      cell: (channel) => channel.user && <UserLink name={channel.user} />,
    },
    {
      key: "vhost",
      label: t("Virtual host"),
      cell: (channel) => channel.vhost && <VhostLink name={channel.vhost} />,
    },
    { key: "state", label: t("State"), cell: (channel) => <State state={channel.state} /> },
    {
      key: "node",
      label: t("Node"),
      optional: true,
      cell: (channel) => channel.node && <NodeLink name={channel.node} />,
    },
    {
      key: "mode",
      label: t("Mode"),
      sort: "confirm",
      fields: ["confirm", "transactional"],
      cell: channelMode,
    },
    {
      key: "consumer_count",
      label: t("Consumers"),
      numeric: true,
      cell: (channel) => count(channel.consumer_count),
    },
    {
      key: "prefetch_count",
      label: t("Prefetch"),
      numeric: true,
      cell: (channel) => count(channel.prefetch_count),
    },
    {
      key: "global_prefetch_count",
      label: t("Prefetch of the channel"),
      optional: true,
      numeric: true,
      cell: (channel) => count(channel.global_prefetch_count),
    },
    {
      key: "messages_unacknowledged",
      label: t("Unacked"),
      numeric: true,
      cell: (channel) => count(channel.messages_unacknowledged),
    },
    {
      key: "messages_unconfirmed",
      label: t("Unconfirmed"),
      numeric: true,
      cell: (channel) => count(channel.messages_unconfirmed),
    },
    {
      key: "messages_uncommitted",
      label: t("Uncommitted"),
      optional: true,
      numeric: true,
      cell: (channel) => count(channel.messages_uncommitted),
    },
    rateColumn("publish", t("Publish")),
    rateColumn("confirm", t("Confirm"), true),
    rateColumn("deliver_get", t("Deliver / get")),
    rateColumn("ack", t("Ack")),
  ];
}

function rateColumn(
  key: "publish" | "confirm" | "deliver_get" | "ack",
  label: string,
  optional = false,
): Column<ChannelInfo> {
  return {
    key: `${key}_rate`,
    label,
    numeric: true,
    optional,
    sort: `message_stats.${key}_details.rate`,
    fields: [`message_stats.${key}_details.rate`],
    cell: (channel) => rate(channel.message_stats?.[`${key}_details`]?.rate),
  };
}
