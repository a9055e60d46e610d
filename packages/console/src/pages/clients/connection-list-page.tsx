import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { apiPath } from "../../api/client.ts";
import type { ConnectionInfo } from "../../api/types.ts";
import { chosenVhost } from "../../app/preferences.ts";
import { byteRate, bytes, count, dateTime, duration } from "../../format/quantities.ts";
import { language, t } from "../../i18n/translate.ts";
import type { Column } from "../../ui/data-table.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { ConnectionLink, NodeLink, UserLink, VhostLink } from "../../ui/object-links.tsx";
import { State, YesNo } from "../../ui/parts.tsx";
import { closeConnections, connectionTitle } from "./close-connections.tsx";

/** All connections that the user may see. */
export function ConnectionListPage(): JSX.Element {
  const columns = useMemo(connectionColumns, [language.value]);
  return (
    <ListPage<ConnectionInfo>
      name="connections"
      title={t("Connections")}
      path={
        chosenVhost.value === ""
          ? "connections"
          : `${apiPath("vhosts", chosenVhost.value)}/connections`
      }
      columns={columns}
      fields={["name", "user_provided_name"]}
      rowKey={(connection) => connection.name}
      bulk={[{ text: t("Close"), danger: true, run: closeConnections }]}
      empty={t("No client is connected.")}
    />
  );
}

function connectionColumns(): readonly Column<ConnectionInfo>[] {
  return [
    {
      key: "name",
      label: t("Name"),
      fields: ["name", "user_provided_name", "client_properties.connection_name"],
      cell: (connection) => (
        <>
          <ConnectionLink name={connection.name} text={connectionTitle(connection)} />
          {connection.user_provided_name !== undefined && (
            <div class="muted small-text">{connection.name}</div>
          )}
        </>
      ),
    },
    {
      key: "user",
      label: t("User"),
      cell: (connection) => connection.user && <UserLink name={connection.user} />,
    },
    {
      key: "vhost",
      label: t("Virtual host"),
      cell: (connection) => connection.vhost && <VhostLink name={connection.vhost} />,
    },
    { key: "state", label: t("State"), cell: (connection) => <State state={connection.state} /> },
    {
      key: "node",
      label: t("Node"),
      optional: true,
      cell: (connection) => connection.node && <NodeLink name={connection.node} />,
    },
    {
      key: "protocol",
      label: t("Protocol"),
      optional: true,
      cell: (connection) => connection.protocol,
    },
    { key: "ssl", label: "TLS", cell: (connection) => <YesNo value={connection.ssl} /> },
    {
      key: "channels",
      label: t("Channels"),
      numeric: true,
      cell: (connection) => count(connection.channels),
    },
    {
      key: "recv",
      label: t("From client"),
      numeric: true,
      sort: "recv_oct_details.rate",
      fields: ["recv_oct_details.rate"],
      cell: (connection) => byteRate(connection.recv_oct_details?.rate),
    },
    {
      key: "send",
      label: t("To client"),
      numeric: true,
      sort: "send_oct_details.rate",
      fields: ["send_oct_details.rate"],
      cell: (connection) => byteRate(connection.send_oct_details?.rate),
    },
    {
      key: "recv_oct",
      label: t("Received"),
      optional: true,
      numeric: true,
      cell: (connection) => bytes(connection.recv_oct),
    },
    {
      key: "send_oct",
      label: t("Sent"),
      optional: true,
      numeric: true,
      cell: (connection) => bytes(connection.send_oct),
    },
    {
      key: "connected_at",
      label: t("Connected"),
      numeric: true,
      cell: (connection) => (
        <span title={dateTime(connection.connected_at)}>
          {connection.connected_at === undefined
            ? "–"
            : duration(Date.now() - connection.connected_at)}
        </span>
      ),
    },
    {
      key: "client",
      label: t("Client library"),
      optional: true,
      sort: false,
      fields: ["client_properties.product", "client_properties.version"],
      cell: (connection) =>
        [connection.client_properties?.["product"], connection.client_properties?.["version"]]
          .filter(Boolean)
          .join(" "),
    },
  ];
}
