import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { apiPath, post } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { NodeInfo } from "../../api/types.ts";
import { isAllowed } from "../../app/session.ts";
import { bytes, duration } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { rangeQuery } from "../../ui/chart-ranges.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { RangeChoice } from "../../ui/message-charts.tsx";
import { Facts, Meter, PageHead, Pending, Section, Stale } from "../../ui/parts.tsx";
import { levelsOf } from "../../ui/samples.ts";
import { TimeChart } from "../../ui/time-chart.tsx";
import { perform } from "../../ui/toasts.tsx";
import { NodeMeters, NodeState } from "./node-card.tsx";

/** One node: what it uses, where its memory is, where its files are. */
export function NodePage(props: { readonly name: string }): JSX.Element {
  const node = useResource<NodeInfo>(
    `${apiPath("nodes", props.name)}?${rangeQuery(["node_stats"])}`,
  );
  const { data } = node;
  return (
    <>
      <PageHead title={`${t("Node")} ${props.name}`}>
        {data !== undefined && <NodeState node={data} />}
        {data !== undefined && <Maintenance node={data} />}
      </PageHead>
      {data === undefined ? (
        <Pending error={node.error} what={t("Node {name}", { name: props.name })} />
      ) : (
        <>
          <Stale error={node.error} />
          <div class="columns">
            <Section title={t("In use")}>
              <NodeMeters node={data} />
            </Section>
            <Memory path={apiPath("nodes", props.name)} />
          </div>
          {data.mem_used_details?.samples !== undefined && <MemoryChart node={data} />}
          <Section title={t("Details")}>
            <NodeFacts node={data} />
          </Section>
        </>
      )}
    </>
  );
}

function Maintenance(props: { readonly node: NodeInfo }): JSX.Element | null {
  const { node } = props;
  if (!isAllowed("administrator") || node.running !== true) {
    return null;
  }
  return node.being_drained === true ? (
    <button type="button" onClick={() => void revive(node.name)}>
      {t("End the maintenance")}
    </button>
  ) : (
    <button type="button" onClick={() => void drain(node.name)}>
      {t("Put into maintenance")}
    </button>
  );
}

async function drain(node: string): Promise<void> {
  const isSure = await confirmAction({
    title: t("Put {node} into maintenance?", { node }),
    text: t(
      "Its clients are sent away and come back at other nodes, which also lead the queues that it leads. Then it can be stopped without a pause for anybody.",
    ),
    verb: t("Put into maintenance"),
  });
  if (isSure) {
    await perform(t("{node} is in maintenance.", { node }), () =>
      post(`leveret/${apiPath("nodes", node)}/drain`, {}),
    );
  }
}

async function revive(node: string): Promise<void> {
  await perform(t("{node} takes clients again.", { node }), () =>
    post(`leveret/${apiPath("nodes", node)}/revive`, {}),
  );
}

function MemoryChart(props: { readonly node: NodeInfo }): JSX.Element {
  const data = useMemo(
    () => levelsOf([props.node.mem_used_details]),
    [props.node.mem_used_details],
  );
  return (
    <Section title={t("Memory")} aside={<RangeChoice />}>
      <TimeChart
        label={t("Memory")}
        series={[{ key: "mem", label: t("Used"), color: "--line-1" }]}
        data={data}
        format={bytes}
        height={150}
      />
    </Section>
  );
}

interface MemoryInfo {
  readonly memory?: Readonly<Record<string, number | string | Readonly<Record<string, number>>>>;
}

function Memory(props: { readonly path: string }): JSX.Element | null {
  const memory = useResource<MemoryInfo>(`${props.path}/memory`);
  const parts = Object.entries(memory.data?.memory ?? {}).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number" && entry[1] > 0,
  );
  if (parts.length === 0) {
    return null;
  }
  const total = parts.reduce((sum, [, size]) => sum + size, 0);
  return (
    <Section title={t("Where the memory is")}>
      {parts
        .sort(([, a], [, b]) => b - a)
        .map(([name, size]) => (
          <Meter
            key={name}
            label={name.replaceAll("_", " ")}
            used={size}
            limit={total * 1.3}
            text={bytes(size)}
          />
        ))}
    </Section>
  );
}

function NodeFacts(props: { readonly node: NodeInfo }): JSX.Element {
  const { node } = props;
  return (
    <Facts
      of={[
        [t("Process id"), node.os_pid],
        [t("Up for"), duration(node.uptime)],
        [t("Processors"), node.processors],
        [t("Data directory"), node.db_dir],
        [t("Configuration"), node.config_files?.join(", ")],
        [t("Log"), node.log_files?.join(", ")],
        [t("Plugins"), node.enabled_plugins?.join(", ")],
        ...(node.applications ?? []).map(
          (application) => [application.name ?? "", application.version] as const,
        ),
      ]}
    />
  );
}
