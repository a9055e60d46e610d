import type { JSX } from "preact";
import { useResource } from "../../api/resource.ts";
import type { ChannelInfo } from "../../api/types.ts";
import { count, rate } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { rangeQuery } from "../../ui/chart-ranges.ts";
import { DataTable } from "../../ui/data-table.tsx";
import { CHANNEL_RATES, RangeChoice, RatesChart } from "../../ui/message-charts.tsx";
import {
  ConnectionLink,
  ExchangeLink,
  NodeLink,
  QueueLink,
  UserLink,
  VhostLink,
} from "../../ui/object-links.tsx";
import { Facts, PageHead, Pending, Section, Stale, State } from "../../ui/parts.tsx";
import { channelMode } from "./channel-columns.tsx";
import { ConsumerTable } from "./consumer-table.tsx";

/** One channel: what it is set to, what flows, who consumes on it. */
export function ChannelPage(props: { readonly name: string }): JSX.Element {
  const channel = useResource<ChannelInfo>(
    `channels/${encodeURIComponent(props.name)}?${rangeQuery(["msg_rates"])}`,
  );
  const { data } = channel;
  return (
    <>
      <PageHead title={`${t("Channel")} ${props.name}`} />
      {data === undefined ? (
        <Pending error={channel.error} what={t("The channel")} />
      ) : (
        <>
          <Stale error={channel.error} />
          <Section title={t("Message rates")} aside={<RangeChoice />}>
            <RatesChart stats={data.message_stats} keys={CHANNEL_RATES} />
          </Section>
          <Section title={t("Details")}>
            <ChannelFacts channel={data} />
          </Section>
          <Section title={t("Consumers")}>
            <ConsumerTable consumers={data.consumer_details ?? []} without="channel" />
          </Section>
          <Traffic channel={data} />
        </>
      )}
    </>
  );
}

function ChannelFacts(props: { readonly channel: ChannelInfo }): JSX.Element {
  const { channel } = props;
  return (
    <Facts
      of={[
        [
          t("Connection"),
          channel.connection_details?.name && (
            <ConnectionLink key="c" name={channel.connection_details.name} />
          ),
        ],
        [t("User"), channel.user && <UserLink key="u" name={channel.user} />],
        [t("Virtual host"), channel.vhost && <VhostLink key="v" name={channel.vhost} />],
        [t("Node"), channel.node && <NodeLink key="n" name={channel.node} />],
        [t("State"), <State key="s" state={channel.state} />],
        [t("Idle since"), channel.idle_since],
        [t("Mode"), channelMode(channel)],
        [t("Prefetch for each consumer"), count(channel.prefetch_count)],
        [t("Prefetch of the channel"), count(channel.global_prefetch_count)],
        [t("Unacked"), count(channel.messages_unacknowledged)],
        [t("Unconfirmed"), count(channel.messages_unconfirmed)],
        [t("Uncommitted messages"), count(channel.messages_uncommitted)],
        [t("Uncommitted acks"), count(channel.acks_uncommitted)],
      ]}
    />
  );
}

function Traffic(props: { readonly channel: ChannelInfo }): JSX.Element | null {
  const { publishes = [], deliveries = [] } = props.channel;
  if (publishes.length + deliveries.length === 0) {
    return null;
  }
  return (
    <div class="columns">
      <Section title={t("Publishes to")}>
        <DataTable
          label={t("Publishes to")}
          rows={publishes}
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
            {
              key: "confirm",
              label: t("Confirm"),
              numeric: true,
              cell: (row) => rate(row.stats?.confirm_details?.rate),
            },
          ]}
        />
      </Section>
      <Section title={t("Receives from")}>
        <DataTable
          label={t("Receives from")}
          rows={deliveries}
          rowKey={(row) => row.queue?.name ?? ""}
          columns={[
            {
              key: "queue",
              label: t("Queue"),
              cell: (row) => row.queue && <QueueLink {...row.queue} />,
            },
            {
              key: "deliver",
              label: t("Deliver / get"),
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
