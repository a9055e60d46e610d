import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { apiPath } from "../../api/client.ts";
import type { ExchangeInfo } from "../../api/types.ts";
import { chosenVhost } from "../../app/preferences.ts";
import { rate } from "../../format/quantities.ts";
import { language, t } from "../../i18n/translate.ts";
import type { Column } from "../../ui/data-table.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { ExchangeLink, PolicyLink, VhostLink } from "../../ui/object-links.tsx";
import { Badge } from "../../ui/parts.tsx";
import { AddExchange } from "./add-exchange.tsx";
import { deleteExchanges } from "./delete-exchanges.tsx";

/** All exchanges, or those of one virtual host. */
export function ExchangeListPage(): JSX.Element {
  const columns = useMemo(exchangeColumns, [language.value]);
  return (
    <ListPage<ExchangeInfo>
      name="exchanges"
      title={t("Exchanges")}
      path={chosenVhost.value === "" ? "exchanges" : apiPath("exchanges", chosenVhost.value)}
      columns={columns}
      fields={["name", "vhost"]}
      rowKey={(exchange) => `${exchange.vhost} ${exchange.name}`}
      quickFilters={[["own", t("Without the built-in ones")]]}
      bulk={[{ text: t("Delete"), danger: true, run: deleteExchanges }]}
    >
      <AddExchange />
    </ListPage>
  );
}

function exchangeColumns(): readonly Column<ExchangeInfo>[] {
  return [
    {
      key: "name",
      label: t("Name"),
      cell: (exchange) => <ExchangeLink vhost={exchange.vhost} name={exchange.name} />,
    },
    {
      key: "vhost",
      label: t("Virtual host"),
      cell: (exchange) => <VhostLink name={exchange.vhost} />,
    },
    { key: "type", label: t("Type"), cell: (exchange) => exchange.type },
    {
      key: "features",
      label: t("Features"),
      sort: false,
      fields: ["durable", "auto_delete", "internal", "arguments", "policy"],
      cell: (exchange) => <ExchangeFeatures exchange={exchange} />,
    },
    trafficColumn("publish_in", t("In")),
    trafficColumn("publish_out", t("Out")),
  ];
}

function trafficColumn(key: "publish_in" | "publish_out", label: string): Column<ExchangeInfo> {
  return {
    key,
    label,
    numeric: true,
    sort: `message_stats.${key}_details.rate`,
    fields: [`message_stats.${key}_details.rate`],
    cell: (exchange) => rate(exchange.message_stats?.[`${key}_details`]?.rate),
  };
}

/** What is special about an exchange, in few letters. */
function ExchangeFeatures(props: { readonly exchange: ExchangeInfo }): JSX.Element {
  const { exchange } = props;
  const args = Object.entries(exchange.arguments ?? {});
  return (
    <>
      {exchange.durable === true && (
        <Badge text="D" title={t("Durable: survives a restart of the broker")} />
      )}
      {exchange.auto_delete === true && (
        <Badge text="AD" title={t("Deleted when nothing is bound to it any more")} />
      )}
      {exchange.internal === true && (
        <Badge text="I" title={t("Internal: clients cannot publish to it")} />
      )}
      {args.length > 0 && (
        <Badge
          text="Args"
          title={args.map(([key, value]) => `${key} = ${String(value)}`).join(", ")}
        />
      )}
      {exchange.policy && <PolicyLink vhost={exchange.vhost} name={exchange.policy} />}
    </>
  );
}
