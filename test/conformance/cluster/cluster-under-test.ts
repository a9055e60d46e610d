import { createHash } from "node:crypto";
import { importDefinitions } from "../../../packages/node/src/broker/import-definitions.ts";
import type { ClusterNode } from "../../../packages/node/src/embed/cluster-node.ts";
import { startCluster } from "../../../packages/node/src/embed/start-cluster.ts";
import { SILENT_LOGGING } from "../../../packages/node/src/logger.ts";
import type { MetadataCommand } from "../../../packages/node/src/metadata/commands.ts";
import type { BrokerUnderTest } from "../broker-under-test.ts";
import { DEFINITIONS } from "../definitions.ts";

/** Nodes of the cluster, by the ids that they get: 1, 2 and 3. */
const SIZE = 3;

/** Where clients are, and where queues. */
export interface Placement {
  /** Nodes that the connections of a case go to, in turns. */
  readonly clientsAt: readonly number[];
  /** The replicas of queues with a log, the leader first; a queue in memory is at home on the first. */
  readonly queuesAt: readonly number[];
  /** Each queue has another one of `queuesAt` first. */
  readonly isScattered: boolean;
  /** All policies say ha-mode all and ha-sync-mode automatic, and there is one for every queue. */
  readonly isMirrored: boolean;
}

/** A cluster in this process with the definitions of the cases. */
export async function clusterUnderTest(placement: Placement): Promise<BrokerUnderTest> {
  const cluster = await startCluster(SIZE);
  const definitions = placement.isMirrored ? mirrored(DEFINITIONS) : DEFINITIONS;
  const { administration } = cluster.node(0).node;
  const document = { json: JSON.stringify(definitions), source: "definitions" };
  await importDefinitions(administration, document, SILENT_LOGGING.root);
  for (const node of cluster.nodes) {
    await newest(node);
    placeQueues(node, placement);
  }
  const ports = placement.clientsAt.map((id) => cluster.node(id - 1).port);
  const target = { host: "127.0.0.1", port: ports[0] ?? 0, ports };
  return { target, isRabbit: false, stop: async () => await cluster.stop() };
}

/** Waits until the node has all metadata of the others. */
function newest({ node }: ClusterNode): Promise<void> {
  return new Promise((resolve) => node.broker.metadataStore.whenStored(() => resolve()));
}

/** Queues that are declared on this node from now on get other places than the broker had given them. */
function placeQueues({ node }: ClusterNode, { queuesAt, isScattered }: Placement): void {
  const { metadataStore } = node.broker;
  const submit = metadataStore.submit.bind(metadataStore);
  const placed = (command: MetadataCommand): MetadataCommand => {
    if (command.type !== "declareQueue") return command;
    const nodeIds = isScattered ? rotated(queuesAt, command.queue.name) : queuesAt;
    const replicas = nodeIds.map((nodeId) => ({ nodeId, generation: 1 }));
    return { ...command, queue: { ...command.queue, home: nodeIds[0], replicas } };
  };
  metadataStore.submit = (command, ...rest) => submit(placed(command), ...rest);
}

function rotated(nodeIds: readonly number[], name: string): number[] {
  const [byte = 0] = createHash("sha1").update(name).digest();
  const first = byte % nodeIds.length;
  return [...nodeIds.slice(first), ...nodeIds.slice(0, first)];
}

/** Cases whose deadlines are shorter than what three nodes in one process may take for a change of metadata or a log entry. */
export const TOO_SHORT: Readonly<Record<string, string>> = {
  "publish: expiration '+5'": "the message lives 5 ms",
  "x-expires: a consumer keeps the queue": "the queue lives 50 ms without a consumer",
  "ttl: an unacked message does not expire": "the message lives 50 ms before it is taken",
  "ttl: a requeued message keeps its expiry": "the message lives 50 ms before it is taken",
  "ttl: purged and expired queues take messages again": "a message lives 30 ms on its way",
};

const MIRRORING = { "ha-mode": "all", "ha-sync-mode": "automatic" };

interface Policy {
  readonly definition: object;
  readonly "apply-to": string;
}

/** The definitions with mirroring in each policy, and a policy for what has none. */
function mirrored(definitions: object): object {
  const { policies, ...others } = definitions as { policies: readonly Policy[] };
  const mirroring = policies.map((policy) =>
    policy["apply-to"] === "exchanges"
      ? policy
      : { ...policy, definition: { ...policy.definition, ...MIRRORING } },
  );
  const rest = {
    vhost: "/",
    name: "ha-all",
    pattern: ".*",
    "apply-to": "queues",
    definition: MIRRORING,
    priority: -1,
  };
  return { ...others, policies: [...mirroring, rest] };
}
