import type { JSX } from "preact";
import { type Resource, useResource } from "../../api/resource.ts";
import type { NodeInfo, Overview } from "../../api/types.ts";
import { href } from "../../app/router.ts";
import { isAllowed } from "../../app/session.ts";
import { count } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { rangeQuery } from "../../ui/chart-ranges.ts";
import { DataTable } from "../../ui/data-table.tsx";
import { RangeChoice } from "../../ui/message-charts.tsx";
import { NodeLink } from "../../ui/object-links.tsx";
import { Fold, PageHead, Pending, Section, Stale } from "../../ui/parts.tsx";
import { NodeCard } from "../cluster/node-card.tsx";
import { ChurnChart } from "./churn-chart.tsx";
import { allIsWell, type HealthSummary, healthLines } from "./health.ts";
import { LiveCharts } from "./live-charts.tsx";
import { type Live, useLiveFigures } from "./live-figures.ts";

const COLUMNS = "queue_totals,message_stats,object_totals,churn_rates,listeners,exchange_types";

const NODE_COLUMNS =
  "name,running,uptime,mem_used,mem_limit,mem_alarm,disk_free,disk_free_limit,disk_free_alarm,fd_used,fd_total,sockets_used,sockets_total,partitions,being_drained";
/** What changes slowly is looked at less often than the charts move. */
const SLOW_SECONDS = 10;

/** The page that opens first: what is wrong, how much flows, how the nodes are. */
export function OverviewPage(): JSX.Element {
  const overview = useResource<Overview>(
    `overview?columns=${COLUMNS}&${rangeQuery(["lengths", "msg_rates"])}`,
    { once: true },
  );
  // Asked for together: the cards would wait for the rest otherwise.
  const nodes = useResource<readonly NodeInfo[]>(
    isAllowed("monitoring") ? `nodes?columns=${NODE_COLUMNS}` : undefined,
    { slow: SLOW_SECONDS },
  );
  const live = useLiveFigures();
  const data = overview.data;
  return (
    <>
      <PageHead title={t("Overview")}>
        <RangeChoice />
      </PageHead>
      <Health />
      {data === undefined ? (
        <Pending error={overview.error} />
      ) : (
        <>
          <Stale error={overview.error} />
          <Counts totals={data.object_totals ?? {}} live={live} />
          <LiveCharts overview={data} live={live} />
          {isAllowed("monitoring") && <Nodes nodes={nodes} />}
          <Fold title={t("Churn")}>
            <ChurnChart rates={data.churn_rates} />
          </Fold>
          <Listeners listeners={data.listeners ?? []} />
        </>
      )}
    </>
  );
}

function Health(): JSX.Element | null {
  const health = useResource<HealthSummary>("leveret/health", { slow: SLOW_SECONDS });
  if (health.data === undefined) {
    return null;
  }
  const lines = healthLines(health.data);
  return (
    <ul class="health" aria-label={t("Health")} aria-live="polite">
      {lines.length === 0 && <li class="health-good">{allIsWell()}</li>}
      {lines.map((line) => (
        <li key={line.text} class={`health-${line.tone}`}>
          <a href={line.address}>{line.text}</a>
        </li>
      ))}
    </ul>
  );
}

function Counts(props: {
  readonly totals: Readonly<Record<string, number>>;
  readonly live: Live | undefined;
}): JSX.Element {
  const boxes: readonly (readonly [string, string])[] = [
    ["connections", t("Connections")],
    ["channels", t("Channels")],
    ["consumers", t("Consumers")],
    ["exchanges", t("Exchanges")],
    ["queues", t("Queues")],
  ];
  return (
    <nav class="counts" aria-label={t("Counts")}>
      {boxes.map(([key, label]) => (
        <a key={key} href={href([key])}>
          <strong>{count(props.live?.figures[`object_totals.${key}`] ?? props.totals[key])}</strong>
          {label}
        </a>
      ))}
    </nav>
  );
}

function Nodes({ nodes }: { readonly nodes: Resource<readonly NodeInfo[]> }): JSX.Element {
  return (
    <Section title={t("Nodes")}>
      {nodes.data === undefined ? (
        <Pending error={nodes.error} />
      ) : (
        <div class="cards">
          {nodes.data.map((node) => (
            <NodeCard key={node.name} node={node} />
          ))}
        </div>
      )}
    </Section>
  );
}

function Listeners(props: { readonly listeners: NonNullable<Overview["listeners"]> }): JSX.Element {
  return (
    <Fold title={t("Listening ports")}>
      <DataTable
        label={t("Listening ports")}
        rows={props.listeners}
        rowKey={(listener) =>
          `${listener.node}/${listener.protocol}/${listener.ip_address}/${listener.port}`
        }
        columns={[
          {
            key: "node",
            label: t("Node"),
            cell: (listener) => listener.node && <NodeLink name={listener.node} />,
          },
          { key: "protocol", label: t("Protocol"), cell: (listener) => listener.protocol },
          { key: "ip_address", label: t("Bound to"), cell: (listener) => listener.ip_address },
          { key: "port", label: t("Port"), numeric: true, cell: (listener) => listener.port },
        ]}
      />
    </Fold>
  );
}
