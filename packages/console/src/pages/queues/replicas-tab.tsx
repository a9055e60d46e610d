import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, post, remove } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { NodeInfo, QueueInfo } from "../../api/types.ts";
import { isAllowed } from "../../app/session.ts";
import { count } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { NodeLink } from "../../ui/object-links.tsx";
import { Badge, Pending, Section, YesNo } from "../../ui/parts.tsx";
import { perform } from "../../ui/toasts.tsx";
import { queueAction } from "./queue-actions.tsx";

/** State of one replica, by the names of RabbitMQ's quorum status. */
interface ReplicaStatus {
  readonly "Node Name": string;
  readonly "Raft State"?: string;
  readonly "Log Index"?: number;
  readonly "Commit Index"?: number;
  readonly "Snapshot Index"?: number;
  readonly Term?: number;
}

/** Whether the queue is kept as a log on one or more nodes. */
export function hasReplicas(queue: QueueInfo): boolean {
  return (
    queue.members !== undefined || (queue.slave_nodes?.length ?? 0) > 0 || queue.type === "quorum"
  );
}

/** Where the queue is kept, who leads, how far each replica is, and what can be done about it. */
export function ReplicasTab(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  const isQuorum = queue.type === "quorum";
  return (
    <>
      <Section title={t("Replicas")}>
        <p class="muted small-text">
          {t(
            "The leader takes what is published and writes it to its log; the others follow. A message is confirmed when a majority has it on disk.",
          )}
        </p>
        {isQuorum ? <QuorumReplicas queue={queue} /> : <Mirrors queue={queue} />}
      </Section>
      {isAllowed("administrator") &&
        (isQuorum ? <AddReplica queue={queue} /> : <Synchronise queue={queue} />)}
    </>
  );
}

function QuorumReplicas(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  const status = useResource<readonly ReplicaStatus[]>(
    `queues/quorum/${apiPath(queue.vhost, queue.name)}/status`,
  );
  return status.data === undefined ? (
    <Pending error={status.error} />
  ) : (
    <ReplicaTable queue={queue} replicas={status.data} />
  );
}

/** The nodes of a mirrored classic queue, of which RabbitMQ's API tells less. */
function Mirrors(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  const { node, slave_nodes: mirrors = [], synchronised_slave_nodes: inStep = [] } = queue;
  const rows = [...(node === undefined ? [] : [node]), ...mirrors];
  return (
    <DataTable
      label={t("Replicas")}
      rows={rows}
      rowKey={(name) => name}
      columns={[
        { key: "node", label: t("Node"), cell: (name) => <NodeLink name={name} /> },
        {
          key: "role",
          label: t("Role"),
          cell: (name) => <Role state={name === node ? "leader" : "follower"} />,
        },
        {
          key: "step",
          label: t("Has all messages"),
          cell: (name) => <YesNo value={name === node || inStep.includes(name)} />,
        },
        ...(isAllowed("administrator")
          ? [
              leadColumn<string>(queue, {
                nodeOf: (name) => name,
                isLeader: (name) => name === node,
              }),
            ]
          : []),
      ]}
    />
  );
}

function ReplicaTable(props: {
  readonly queue: QueueInfo;
  readonly replicas: readonly ReplicaStatus[];
}): JSX.Element {
  const { queue, replicas } = props;
  const leader = replicas.find((replica) => replica["Raft State"] === "leader");
  const mayLead = isAllowed("administrator") && replicas.length > 1;
  const mayDelete = isAllowed("administrator") && queue.type === "quorum" && replicas.length > 1;
  return (
    <DataTable
      label={t("Replicas")}
      rows={replicas}
      rowKey={(replica) => replica["Node Name"]}
      columns={[
        {
          key: "node",
          label: t("Node"),
          cell: (replica) => <NodeLink name={replica["Node Name"]} />,
        },
        {
          key: "role",
          label: t("Role"),
          cell: (replica) => <Role state={replica["Raft State"]} />,
        },
        { key: "term", label: t("Term"), numeric: true, cell: (replica) => count(replica.Term) },
        {
          key: "log",
          label: t("Log index"),
          numeric: true,
          cell: (replica) => count(replica["Log Index"]),
        },
        {
          key: "commit",
          label: t("Commit index"),
          numeric: true,
          cell: (replica) => count(replica["Commit Index"]),
        },
        {
          key: "snapshot",
          label: t("Snapshot index"),
          numeric: true,
          cell: (replica) => count(replica["Snapshot Index"]),
        },
        {
          key: "lag",
          label: t("Behind the leader"),
          numeric: true,
          cell: (replica) => lag(leader, replica),
        },
        ...(mayLead
          ? [
              leadColumn<ReplicaStatus>(queue, {
                nodeOf: (replica) => replica["Node Name"],
                isLeader: (replica) => replica["Raft State"] === "leader",
              }),
            ]
          : []),
        ...(mayDelete
          ? [
              {
                key: "delete",
                label: t("Remove"),
                cell: (replica: ReplicaStatus) => (
                  <button
                    type="button"
                    class="small"
                    onClick={() => void deleteReplica(queue, replica["Node Name"])}
                  >
                    {t("Remove")}
                  </button>
                ),
              },
            ]
          : []),
      ]}
    />
  );
}

interface Leading<Row> {
  readonly nodeOf: (row: Row) => string;
  readonly isLeader: (row: Row) => boolean;
}

function leadColumn<Row>(queue: QueueInfo, { nodeOf, isLeader }: Leading<Row>): Column<Row> {
  return {
    key: "lead",
    label: t("Leadership"),
    cell: (row) =>
      isLeader(row) ? (
        <span class="muted">{t("leads")}</span>
      ) : (
        <button type="button" class="small" onClick={() => void makeLeader(queue, nodeOf(row))}>
          {t("Make leader")}
        </button>
      ),
  };
}

async function makeLeader(queue: QueueInfo, node: string): Promise<void> {
  await perform(t("{node} leads {name}.", { node, name: queue.name }), () =>
    post(`leveret/queues/${apiPath(queue.vhost, queue.name)}/leader`, { node }),
  );
}

function Role(props: { readonly state: string | undefined }): JSX.Element {
  switch (props.state ?? "") {
    case "leader":
      return <Badge text={t("leader")} tone="good" />;
    case "follower":
      return <Badge text={t("follower")} />;
    default:
      return <Badge text={props.state ?? t("not known")} tone="bad" />;
  }
}

function lag(leader: ReplicaStatus | undefined, replica: ReplicaStatus): string {
  const [ahead, own] = [leader?.["Log Index"], replica["Log Index"]];
  return ahead === undefined || own === undefined
    ? count(undefined)
    : count(Math.max(0, ahead - own));
}

async function deleteReplica(queue: QueueInfo, node: string): Promise<void> {
  const isSure = await confirmAction({
    title: t("Remove the replica of {name} from {node}?", { name: queue.name, node }),
    text: t("The queue is then kept on one node fewer; what the other replicas have stays."),
    verb: t("Remove"),
  });
  if (isSure) {
    await perform(t("The replica is removed."), () =>
      remove(replicaPath(queue, "delete"), { node }),
    );
  }
}

function AddReplica(props: { readonly queue: QueueInfo }): JSX.Element | null {
  const nodes = useResource<readonly NodeInfo[]>("nodes?columns=name,running", { once: true });
  const members = props.queue.members ?? [];
  const free = (nodes.data ?? [])
    .map((node) => node.name)
    .filter((name) => !members.includes(name));
  const [chosen, setChosen] = useState("");
  const node = free.includes(chosen) ? chosen : free[0];
  if (node === undefined) {
    return null;
  }
  return (
    <Section title={t("Add a replica")}>
      <div class="buttons">
        <SelectField label={t("Node")} quiet value={node} options={free} onInput={setChosen} />
        <button
          type="button"
          onClick={() =>
            void perform(t("The replica is added."), () =>
              post(replicaPath(props.queue, "add"), { node }),
            )
          }
        >
          {t("Add")}
        </button>
      </div>
    </Section>
  );
}

function Synchronise(props: { readonly queue: QueueInfo }): JSX.Element {
  const act = (action: "sync" | "cancel_sync", done: string): void =>
    void perform(done, () => queueAction(props.queue, action));
  return (
    <Section title={t("Synchronisation")}>
      <p class="muted">
        {t("Mirrors that are new do not have the messages from before. Synchronising copies them.")}
      </p>
      <div class="buttons">
        <button type="button" onClick={() => act("sync", t("Synchronisation has begun."))}>
          {t("Synchronise")}
        </button>
        <button
          type="button"
          onClick={() => act("cancel_sync", t("Synchronisation is cancelled."))}
        >
          {t("Stop synchronising")}
        </button>
      </div>
    </Section>
  );
}

function replicaPath(queue: QueueInfo, action: "add" | "delete"): string {
  return `queues/quorum/${apiPath(queue.vhost, queue.name)}/replicas/${action}`;
}
