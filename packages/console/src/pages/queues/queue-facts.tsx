import type { JSX } from "preact";
import type { QueueInfo } from "../../api/types.ts";
import { bytes, count, dateTime, percent, rate } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { DataTable } from "../../ui/data-table.tsx";
import {
  ChannelLink,
  ConnectionLink,
  ExchangeLink,
  NodeLink,
  PolicyLink,
} from "../../ui/object-links.tsx";
import { Facts, Section, YesNo } from "../../ui/parts.tsx";
import { ArgumentList, argumentFact } from "./queue-features.tsx";

/** All that is known of a queue besides its rates. */
export function QueueFacts(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  return (
    <div class="columns">
      <Section title={t("Details")}>
        <Facts
          of={[
            [t("Type"), queue.type],
            [t("Durable"), <YesNo key="d" value={queue.durable} />],
            [t("Auto-delete"), queue.auto_delete && t("yes")],
            [
              t("Exclusive to"),
              queue.owner_pid_details?.name && (
                <ConnectionLink key="o" name={queue.owner_pid_details.name} />
              ),
            ],
            [t("Node"), queue.node && <NodeLink key="n" name={queue.node} />],
            [t("Arguments"), argumentFact(withoutType(queue.arguments))],
            [
              t("Policy"),
              queue.policy && <PolicyLink key="p" vhost={queue.vhost} name={queue.policy} />,
            ],
            [t("Operator policy"), queue.operator_policy],
            [
              t("Policy in effect"),
              <ArgumentList key="e" of={queue.effective_policy_definition} />,
            ],
            [t("Idle since"), queue.idle_since],
          ]}
        />
      </Section>
      <Section title={t("Contents")}>
        <Facts
          of={[
            [t("Messages ready"), count(queue.messages_ready)],
            [t("Messages unacked"), count(queue.messages_unacknowledged)],
            [
              t("Persistent messages"),
              queue.messages_persistent === undefined
                ? undefined
                : count(queue.messages_persistent),
            ],
            [
              t("Size of bodies"),
              queue.message_bytes === undefined ? undefined : bytes(queue.message_bytes),
            ],
            [
              t("Size ready"),
              queue.message_bytes_ready === undefined
                ? undefined
                : bytes(queue.message_bytes_ready),
            ],
            [
              t("Size unacked"),
              queue.message_bytes_unacknowledged === undefined
                ? undefined
                : bytes(queue.message_bytes_unacknowledged),
            ],
            [t("Memory"), queue.memory === undefined ? undefined : bytes(queue.memory)],
            [t("Consumers"), count(queue.consumers)],
            [
              t("Consumer capacity"),
              queue.consumer_capacity === undefined ? undefined : percent(queue.consumer_capacity),
            ],
            [t("Active consumer"), queue.single_active_consumer_tag],
            [
              t("First message stamped"),
              queue.head_message_timestamp
                ? dateTime(queue.head_message_timestamp * 1000)
                : undefined,
            ],
          ]}
        />
      </Section>
    </div>
  );
}

/** The type is told by itself. */
function withoutType(args: QueueInfo["arguments"]): QueueInfo["arguments"] {
  return Object.fromEntries(Object.entries(args ?? {}).filter(([key]) => key !== "x-queue-type"));
}

/** Who publishes to the queue and who gets its messages, as far as there is traffic. */
export function QueueTraffic(props: { readonly queue: QueueInfo }): JSX.Element | null {
  const { incoming = [], deliveries = [] } = props.queue;
  if (incoming.length + deliveries.length === 0) {
    return null;
  }
  return (
    <div class="columns">
      <Section title={t("Comes from")}>
        <DataTable
          label={t("Comes from")}
          rows={incoming}
          rowKey={(row) => row.exchange?.name ?? ""}
          columns={[
            {
              key: "exchange",
              label: t("Exchange"),
              cell: (row) => row.exchange && <ExchangeLink {...row.exchange} />,
            },
            {
              key: "publish",
              label: t("Publish"),
              numeric: true,
              cell: (row) => rate(row.stats?.publish_details?.rate),
            },
          ]}
        />
      </Section>
      <Section title={t("Goes to")}>
        <DataTable
          label={t("Goes to")}
          rows={deliveries}
          rowKey={(row) => row.channel_details?.name ?? ""}
          columns={[
            {
              key: "channel",
              label: t("Channel"),
              cell: (row) =>
                row.channel_details?.name && <ChannelLink name={row.channel_details.name} />,
            },
            {
              key: "deliver",
              label: t("Out"),
              numeric: true,
              cell: (row) => rate(row.stats?.deliver_get_details?.rate),
            },
            {
              key: "ack",
              label: t("Ack"),
              numeric: true,
              cell: (row) => rate(row.stats?.ack_details?.rate),
            },
          ]}
        />
      </Section>
    </div>
  );
}
