import type { Host } from "../host/host.ts";

/** All nodes of the host are started, each alone. */
export async function startAlone({ nodes }: Host): Promise<void> {
  for (const node of nodes) await node.start();
  for (const node of nodes) await node.ready();
}

/** The others join node 1, as RabbitMQ's documentation has it. */
export async function joinAll(host: Host): Promise<void> {
  for (const { name } of host.nodes.slice(1)) await join(host, name);
}

export async function join(host: Host, name: string): Promise<void> {
  await host.ok(`rabbitmqctl -n ${name} stop_app`);
  await host.ok(`rabbitmqctl -n ${name} reset`);
  await host.ok(`rabbitmqctl -n ${name} join_cluster rabbit1@localhost`);
  await host.ok(`rabbitmqctl -n ${name} start_app`);
}

/** What the status of a node says in JSON, as far as tests look at it. */
export interface Status {
  readonly cluster_name: string;
  readonly disk_nodes: readonly string[];
  readonly running_nodes: readonly string[];
  readonly partitions: Readonly<Record<string, readonly string[]>>;
  readonly listeners: Readonly<Record<string, readonly { readonly protocol: string }[]>>;
}

export async function statusOf(host: Host, name: string): Promise<Status> {
  const text = await host.ok(`rabbitmqctl -n ${name} cluster_status --formatter json`);
  return JSON.parse(text) as Status; // As the tool prints it; what is missing fails the test.
}

export type QueueRow = Readonly<Record<string, unknown>>;

/** Rows of list_queues, by name of queue. */
export async function queuesOf(
  host: Host,
  name: string,
  columns: string,
): Promise<ReadonlyMap<string, QueueRow>> {
  const line = `rabbitmqctl -n ${name} list_queues name ${columns} --formatter json`;
  const rows = JSON.parse(await host.ok(line)) as readonly QueueRow[]; // As above.
  return new Map(rows.map((row) => [String(row["name"]), row]));
}
