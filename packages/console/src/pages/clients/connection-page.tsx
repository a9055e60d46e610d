import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useResource } from "../../api/resource.ts";
import type { ChannelInfo, ConnectionInfo } from "../../api/types.ts";
import { goTo, href } from "../../app/router.ts";
import { byteRate, bytes, dateTime, duration } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { rangeQuery } from "../../ui/chart-ranges.ts";
import { DataTable } from "../../ui/data-table.tsx";
import { RangeChoice } from "../../ui/message-charts.tsx";
import { NodeLink, UserLink, VhostLink } from "../../ui/object-links.tsx";
import { Facts, PageHead, Pending, Section, Stale, State } from "../../ui/parts.tsx";
import { ratesOf } from "../../ui/samples.ts";
import { TimeChart } from "../../ui/time-chart.tsx";
import { ArgumentList } from "../queues/queue-features.tsx";
import { channelColumns } from "./channel-columns.tsx";
import { closeConnections, connectionTitle } from "./close-connections.tsx";

/** One connection with its channels. */
export function ConnectionPage(props: { readonly name: string }): JSX.Element {
  const path = `connections/${encodeURIComponent(props.name)}`;
  const connection = useResource<ConnectionInfo>(`${path}?${rangeQuery(["data_rates"])}`);
  const { data } = connection;
  return (
    <>
      <PageHead
        title={`${t("Connection")} ${data === undefined ? props.name : connectionTitle(data)}`}
      >
        {data !== undefined && (
          <button
            type="button"
            class="danger"
            onClick={() =>
              void closeConnections([data]).then((isDone) => isDone && goTo(href(["connections"])))
            }
          >
            {t("Close")}
          </button>
        )}
      </PageHead>
      {data === undefined ? (
        <Pending error={connection.error} what={t("The connection")} />
      ) : (
        <>
          <Stale error={connection.error} />
          <DataRates connection={data} />
          <ConnectionFacts connection={data} />
          <Channels path={path} />
        </>
      )}
    </>
  );
}

function DataRates(props: { readonly connection: ConnectionInfo }): JSX.Element {
  const { recv_oct_details: received, send_oct_details: sent } = props.connection;
  const data = useMemo(() => ratesOf([received, sent]), [received, sent]);
  return (
    <Section title={t("Data rates")} aside={<RangeChoice />}>
      <TimeChart
        label={t("Data rates")}
        series={[
          { key: "recv", label: t("From client"), color: "--line-1" },
          { key: "send", label: t("To client"), color: "--line-3" },
        ]}
        data={data}
        format={byteRate}
        height={150}
      />
    </Section>
  );
}

function ConnectionFacts(props: { readonly connection: ConnectionInfo }): JSX.Element {
  const { connection } = props;
  return (
    <div class="columns">
      <Section title={t("Details")}>
        <Facts
          of={[
            [t("Name"), connection.name],
            [t("State"), <State key="s" state={connection.state} />],
            [t("User"), connection.user && <UserLink key="u" name={connection.user} />],
            [t("Virtual host"), connection.vhost && <VhostLink key="v" name={connection.vhost} />],
            [t("Node"), connection.node && <NodeLink key="n" name={connection.node} />],
            [t("Protocol"), connection.protocol],
            [t("Connected"), connected(connection)],
            [t("Received"), bytes(connection.recv_oct)],
            [t("Sent"), bytes(connection.send_oct)],
            [t("Login"), connection.auth_mechanism],
            [
              t("Heartbeat"),
              connection.timeout === undefined ? undefined : `${connection.timeout} s`,
            ],
            [
              t("Largest frame"),
              connection.frame_max === undefined ? undefined : bytes(connection.frame_max),
            ],
            [t("Channels at most"), connection.channel_max],
            ["TLS", tls(connection)],
            [t("Certificate of the client"), connection.peer_cert_subject],
            [t("Certificate valid"), connection.peer_cert_validity],
          ]}
        />
      </Section>
      <Section title={t("What the client says of itself")}>
        <ArgumentList of={connection.client_properties} />
      </Section>
    </div>
  );
}

function connected(connection: ConnectionInfo): string | undefined {
  const { connected_at: at } = connection;
  return at === undefined ? undefined : `${dateTime(at)} (${duration(Date.now() - at)})`;
}

function tls(connection: ConnectionInfo): string | undefined {
  return connection.ssl === true
    ? [connection.ssl_protocol, connection.ssl_cipher].filter(Boolean).join(", ")
    : t("no");
}

function Channels(props: { readonly path: string }): JSX.Element {
  const channels = useResource<readonly ChannelInfo[]>(`${props.path}/channels`);
  return (
    <Section title={t("Channels")}>
      {channels.data === undefined ? (
        <Pending error={channels.error} />
      ) : (
        <DataTable
          label={t("Channels")}
          rows={channels.data}
          rowKey={(channel) => channel.name}
          columns={channelColumns().filter(
            ({ key, optional }) => optional !== true && key !== "vhost" && key !== "user",
          )}
        />
      )}
    </Section>
  );
}
