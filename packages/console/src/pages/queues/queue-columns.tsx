import type { QueueInfo } from "../../api/types.ts";
import { bytes, count, percent, rate } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import type { Column } from "../../ui/data-table.tsx";
import { NodeLink, QueueLink, VhostLink } from "../../ui/object-links.tsx";
import { State } from "../../ui/parts.tsx";
import { Sparkline } from "../../ui/sparkline.tsx";
import type { Trends } from "../../ui/trends.ts";
import { QueueFeatures } from "./queue-features.tsx";

/** What stands for a queue in the list. */
export function queueKey(queue: QueueInfo): string {
  return `${queue.vhost} ${queue.name}`;
}

/** Columns of the list of queues, those shown at first and those to choose. */
export function queueColumns(trends: Trends): readonly Column<QueueInfo>[] {
  return [...factColumns(), ...messageColumns(trends), ...rateColumns()];
}

function factColumns(): readonly Column<QueueInfo>[] {
  return [
    { key: "name", label: t("Name"), cell: (queue) => <QueueLink {...queue} /> },
    { key: "vhost", label: t("Virtual host"), cell: (queue) => <VhostLink name={queue.vhost} /> },
    { key: "type", label: t("Type"), cell: (queue) => queue.type },
    {
      key: "features",
      label: t("Features"),
      sort: false,
      fields: ["durable", "auto_delete", "exclusive", "arguments", "policy"],
      cell: (queue) => <QueueFeatures queue={queue} />,
    },
    { key: "state", label: t("State"), cell: (queue) => <State state={queue.state} /> },
    {
      key: "node",
      label: t("Node"),
      optional: true,
      cell: (queue) => queue.node && <NodeLink name={queue.node} />,
    },
    {
      key: "members",
      label: t("Replicas"),
      optional: true,
      sort: false,
      fields: ["members", "online", "slave_nodes"],
      cell: (queue) => (queue.members ?? queue.slave_nodes ?? []).join(", "),
    },
    {
      key: "effective_policy_definition",
      label: t("Policy in effect"),
      optional: true,
      sort: false,
      cell: (queue) => <code>{JSON.stringify(queue.effective_policy_definition ?? {})}</code>,
    },
  ];
}

function messageColumns(trends: Trends): readonly Column<QueueInfo>[] {
  return [
    {
      key: "consumers",
      label: t("Consumers"),
      numeric: true,
      cell: (queue) => count(queue.consumers),
    },
    {
      key: "consumer_capacity",
      label: t("Capacity"),
      optional: true,
      numeric: true,
      cell: (queue) => percent(queue.consumer_capacity),
    },
    {
      key: "trend",
      label: t("Trend"),
      sort: "messages_details.rate",
      fields: ["messages", "messages_details.rate"],
      cell: (queue) => (
        <Sparkline
          values={trends.of(queueKey(queue))}
          label={t("Messages lately, now {n}", { n: count(queue.messages) })}
        />
      ),
    },
    {
      key: "messages_ready",
      label: t("Ready"),
      numeric: true,
      cell: (queue) => count(queue.messages_ready),
    },
    {
      key: "messages_unacknowledged",
      label: t("Unacked"),
      numeric: true,
      cell: (queue) => count(queue.messages_unacknowledged),
    },
    { key: "messages", label: t("Total"), numeric: true, cell: (queue) => count(queue.messages) },
    {
      key: "message_bytes",
      label: t("Size"),
      optional: true,
      numeric: true,
      cell: (queue) => bytes(queue.message_bytes),
    },
    {
      key: "memory",
      label: t("Memory"),
      optional: true,
      numeric: true,
      cell: (queue) => bytes(queue.memory),
    },
  ];
}

function rateColumns(): readonly Column<QueueInfo>[] {
  const column = (
    key: "publish" | "deliver_get" | "ack" | "redeliver",
    label: string,
    optional = false,
  ): Column<QueueInfo> => ({
    key: `${key}_rate`,
    label,
    numeric: true,
    optional,
    sort: `message_stats.${key}_details.rate`,
    fields: [`message_stats.${key}_details.rate`],
    cell: (queue) => rate(queue.message_stats?.[`${key}_details`]?.rate),
  });
  return [
    column("publish", t("In")),
    column("deliver_get", t("Out")),
    column("ack", t("Ack")),
    column("redeliver", t("Redelivered"), true),
  ];
}
