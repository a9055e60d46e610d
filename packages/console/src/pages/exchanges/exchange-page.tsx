import type { JSX } from "preact";
import { apiPath } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { BindingInfo, ExchangeInfo } from "../../api/types.ts";
import { goTo, href } from "../../app/router.ts";
import { t } from "../../i18n/translate.ts";
import { rangeQuery } from "../../ui/chart-ranges.ts";
import { EXCHANGE_RATES, RangeChoice, RatesChart } from "../../ui/message-charts.tsx";
import { exchangeName, PolicyLink, VhostLink } from "../../ui/object-links.tsx";
import { Facts, PageHead, Pending, Section, Stale, YesNo } from "../../ui/parts.tsx";
import { PublishForm } from "../messages/publish-form.tsx";
import { argumentFact } from "../queues/queue-features.tsx";
import { AddBinding, BindingTable } from "./bindings.tsx";
import { deleteExchanges } from "./delete-exchanges.tsx";

/** The default exchange has this name in addresses. */
const DEFAULT = "amq.default";

/** One exchange with its bindings; a message can be published to it. */
export function ExchangePage(props: {
  readonly vhost: string;
  readonly name: string;
}): JSX.Element {
  const path = apiPath("exchanges", props.vhost, props.name);
  const exchange = useResource<ExchangeInfo>(`${path}?${rangeQuery(["msg_rates"])}`);
  const { data } = exchange;
  const isDefault = props.name === DEFAULT;
  return (
    <>
      <PageHead
        title={
          <>
            {t("Exchange")} {exchangeName(isDefault ? "" : props.name)}{" "}
            <span class="title-count">
              {t("in")} <VhostLink name={props.vhost} />
            </span>
          </>
        }
      >
        {data !== undefined && !props.name.startsWith("amq.") && (
          <button
            type="button"
            class="danger"
            onClick={() =>
              void deleteExchanges([data]).then((isDone) => isDone && goTo(href(["exchanges"])))
            }
          >
            {t("Delete")}
          </button>
        )}
      </PageHead>
      {data === undefined ? (
        <Pending error={exchange.error} what={t("Exchange {name}", { name: props.name })} />
      ) : (
        <>
          <Stale error={exchange.error} />
          <Section title={t("Message rates")} aside={<RangeChoice />}>
            <RatesChart stats={data.message_stats} keys={EXCHANGE_RATES} />
          </Section>
          <Section title={t("Details")}>
            <ExchangeFacts exchange={data} />
          </Section>
          {isDefault ? <DefaultBindings /> : <Bindings path={path} exchange={data} />}
          <Section title={t("Publish to this exchange")}>
            <PublishForm vhost={props.vhost} exchange={isDefault ? "" : props.name} routingKey="" />
          </Section>
        </>
      )}
    </>
  );
}

function ExchangeFacts(props: { readonly exchange: ExchangeInfo }): JSX.Element {
  const { exchange } = props;
  return (
    <Facts
      of={[
        [t("Type"), exchange.type],
        [t("Durable"), <YesNo key="d" value={exchange.durable} />],
        [t("Auto-delete"), exchange.auto_delete && t("yes")],
        [t("Internal"), exchange.internal && t("yes")],
        [t("Arguments"), argumentFact(exchange.arguments)],
        [
          t("Policy"),
          exchange.policy && <PolicyLink key="p" vhost={exchange.vhost} name={exchange.policy} />,
        ],
      ]}
    />
  );
}

function DefaultBindings(): JSX.Element {
  return (
    <Section title={t("Bindings")}>
      <p>
        {t(
          "Every queue is bound to the default exchange with its own name as the routing key. These bindings cannot be changed.",
        )}
      </p>
    </Section>
  );
}

function Bindings(props: { readonly path: string; readonly exchange: ExchangeInfo }): JSX.Element {
  const { exchange } = props;
  const outgoing = useResource<readonly BindingInfo[]>(`${props.path}/bindings/source`);
  const incoming = useResource<readonly BindingInfo[]>(`${props.path}/bindings/destination`);
  return (
    <>
      {(incoming.data?.length ?? 0) > 0 && (
        <Section title={t("Gets messages from")}>
          <BindingTable bindings={incoming.data ?? []} side="source" />
        </Section>
      )}
      <Section title={t("Sends messages to")}>
        {outgoing.data === undefined ? (
          <Pending error={outgoing.error} />
        ) : (
          <BindingTable
            bindings={outgoing.data}
            side="destination"
            empty={t(
              "Nothing is bound to this exchange: what is published to it is dropped or returned.",
            )}
          />
        )}
        <AddBinding vhost={exchange.vhost} source={exchange.name} type={exchange.type} />
      </Section>
    </>
  );
}
