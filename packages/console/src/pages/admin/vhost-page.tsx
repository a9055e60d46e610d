import type { JSX } from "preact";
import { apiPath, put } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { PermissionInfo, VhostInfo } from "../../api/types.ts";
import { chosenVhost } from "../../app/preferences.ts";
import { goTo, href } from "../../app/router.ts";
import { isAllowed } from "../../app/session.ts";
import { count } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { rangeQuery } from "../../ui/chart-ranges.ts";
import { BROKER_RATES, RangeChoice, RatesChart, TotalsChart } from "../../ui/message-charts.tsx";
import { Facts, PageHead, Pending, Section, Stale } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { PermissionTable } from "./permissions.tsx";
import { deleteVhost } from "./vhosts-page.tsx";

/** One virtual host: what flows in it, who may enter. */
export function VhostPage(props: { readonly name: string }): JSX.Element {
  const path = apiPath("vhosts", props.name);
  const vhost = useResource<VhostInfo>(`${path}?${rangeQuery(["lengths", "msg_rates"])}`);
  const { data } = vhost;
  return (
    <>
      <PageHead title={`${t("Virtual host")} ${props.name}`}>
        {data !== undefined && <Actions vhost={data} />}
      </PageHead>
      {data === undefined ? (
        <Pending error={vhost.error} what={t("Virtual host {name}", { name: props.name })} />
      ) : (
        <>
          <Stale error={vhost.error} />
          <div class="toolbar">
            <RangeChoice />
          </div>
          <div class="columns">
            <Section title={t("Queued messages")}>
              <TotalsChart totals={data} />
            </Section>
            <Section title={t("Message rates")}>
              <RatesChart stats={data.message_stats} keys={BROKER_RATES} />
            </Section>
          </div>
          <Section title={t("Details")}>
            <VhostFacts vhost={data} />
          </Section>
          {isAllowed("administrator") && <VhostPermissions path={path} />}
        </>
      )}
    </>
  );
}

function VhostFacts(props: { readonly vhost: VhostInfo }): JSX.Element {
  const { vhost } = props;
  return (
    <Facts
      of={[
        [t("Description"), vhost.description],
        [t("Tags"), vhost.tags?.join(", ")],
        [
          t("Type of queues that do not ask for one"),
          // RabbitMQ's word for none.
          vhost.default_queue_type === "undefined" ? undefined : vhost.default_queue_type,
        ],
        [t("Messages ready"), count(vhost.messages_ready)],
        [t("Messages unacked"), count(vhost.messages_unacknowledged)],
        [t("Tracing"), vhost.tracing === true ? t("on") : t("off")],
        ...Object.entries(vhost.cluster_state ?? {}).map(([node, state]) => [node, state] as const),
      ]}
    />
  );
}

function Actions(props: { readonly vhost: VhostInfo }): JSX.Element {
  const { vhost } = props;
  return (
    <>
      <button
        type="button"
        onClick={() => {
          chosenVhost.value = vhost.name;
          goTo(href(["queues"]));
        }}
      >
        {t("Show only this one")}
      </button>
      {isAllowed("administrator") && (
        <>
          <button type="button" onClick={() => void setTracing(vhost)}>
            {vhost.tracing === true ? t("Stop tracing") : t("Start tracing")}
          </button>
          <button
            type="button"
            class="danger"
            onClick={() =>
              void deleteVhost(vhost).then((isDone) => isDone && goTo(href(["vhosts"])))
            }
          >
            {t("Delete")}
          </button>
        </>
      )}
    </>
  );
}

/** While it is traced, a copy of every message goes to the exchange amq.rabbitmq.trace. */
async function setTracing(vhost: VhostInfo): Promise<void> {
  const tracing = vhost.tracing !== true;
  const done = tracing
    ? t("Copies of all messages now go to amq.rabbitmq.trace.")
    : t("Tracing has stopped.");
  await perform(done, () => put(apiPath("vhosts", vhost.name), { tracing }));
}

function VhostPermissions(props: { readonly path: string }): JSX.Element {
  const permissions = useResource<readonly PermissionInfo[]>(`${props.path}/permissions`);
  return (
    <Section title={t("Who may enter")}>
      {permissions.data === undefined ? (
        <Pending error={permissions.error} />
      ) : (
        <PermissionTable permissions={permissions.data} without="vhost" />
      )}
    </Section>
  );
}
