import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post, put } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { NodeInfo } from "../../api/types.ts";
import { href } from "../../app/router.ts";
import { isAllowed } from "../../app/session.ts";
import { count } from "../../format/quantities.ts";
import { t, tn } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { TextField } from "../../ui/fields.tsx";
import { NodeLink, QueueLink } from "../../ui/object-links.tsx";
import { Fold, PageHead, Pending, Section, Stale } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import type { QueueGroup } from "../overview/health.ts";
import { LinkPicture } from "./link-picture.tsx";
import { NodeCard } from "./node-card.tsx";

/** Where queues are led, and what the loss of each node would mean. */
interface Spread {
  readonly nodes: readonly NodeSpread[];
}

interface NodeSpread {
  readonly node: string;
  /** Replicated queues that the node leads. */
  readonly leads: number;
  /** Replicas that it has, those that it leads among them. */
  readonly replicas: number;
  /** Queues that could not be used any more if it stopped now. */
  readonly lost_if_stopped: QueueGroup;
}

/** The nodes, how they reach each other, and how the queues are spread over them. */
export function ClusterPage(): JSX.Element {
  const nodes = useResource<readonly NodeInfo[]>("nodes");
  const spread = useResource<Spread>("leveret/spread");
  return (
    <>
      <PageHead title={t("Cluster")}>
        {isAllowed("administrator") && (nodes.data?.length ?? 0) > 1 && (
          <button type="button" onClick={() => void rebalance()}>
            {t("Rebalance leaders")}
          </button>
        )}
      </PageHead>
      {nodes.data === undefined ? (
        <Pending error={nodes.error} />
      ) : (
        <>
          <Stale error={nodes.error} />
          <div class="cards cluster-cards">
            {nodes.data.map((node) => (
              <NodeCard key={node.name} node={node} />
            ))}
          </div>
          {nodes.data.length > 1 && <LinkPicture nodes={nodes.data} />}
        </>
      )}
      {spread.data !== undefined && <SpreadTable spread={spread.data} />}
      {isAllowed("administrator") && <ClusterName />}
    </>
  );
}

async function rebalance(): Promise<void> {
  const isSure = await confirmAction({
    title: t("Rebalance leaders?"),
    text: t(
      "Leaderships of replicated queues are moved until each node leads its share. No message is lost; each queue that moves pauses for a moment.",
    ),
    verb: t("Rebalance"),
  });
  if (isSure) {
    await perform(t("Leaders are spread evenly."), () => post("rebalance/queues", {}));
  }
}

function SpreadTable(props: { readonly spread: Spread }): JSX.Element {
  return (
    <Section title={t("Queues on the nodes")}>
      <DataTable
        label={t("Queues on the nodes")}
        rows={props.spread.nodes}
        rowKey={(row) => row.node}
        columns={[
          { key: "node", label: t("Node"), cell: (row) => <NodeLink name={row.node} /> },
          { key: "leads", label: t("Leads"), numeric: true, cell: (row) => count(row.leads) },
          {
            key: "replicas",
            label: t("Replicas"),
            numeric: true,
            cell: (row) => count(row.replicas),
          },
          {
            key: "lost",
            label: t("If this node stopped now"),
            cell: (row) => <Loss group={row.lost_if_stopped} />,
          },
        ]}
      />
    </Section>
  );
}

function Loss(props: { readonly group: QueueGroup }): JSX.Element {
  const { group } = props;
  if (group.count === 0) {
    return <>{t("every queue could still be used")}</>;
  }
  return (
    <>
      {tn(
        group.count,
        "1 queue could not be used any more:",
        "{n} queues could not be used any more:",
      )}{" "}
      {group.first.map((queue, at) => (
        <span key={`${queue.vhost}/${queue.name}`}>
          {at > 0 && ", "}
          <QueueLink {...queue} />
        </span>
      ))}
      {group.count > group.first.length && ", …"}
    </>
  );
}

function ClusterName(): JSX.Element {
  const current = useResource<{ name?: string }>("cluster-name", { once: true });
  const [name, setName] = useState<string>();
  return (
    <Fold title={t("Name of the cluster")}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void perform(t("The cluster is renamed."), () => put("cluster-name", { name }));
        }}
      >
        <TextField
          label={t("Name")}
          required
          value={name ?? current.data?.name ?? ""}
          onInput={setName}
        />
        <div class="buttons">
          <button type="submit" disabled={name === undefined}>
            {t("Rename")}
          </button>
        </div>
      </form>
      <p>
        <a href={href(["feature-flags"])}>{t("Features of the cluster")}</a>
      </p>
    </Fold>
  );
}
