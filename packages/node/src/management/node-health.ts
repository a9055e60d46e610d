import type { AlarmFacts, CertificateFacts, Health, QueueName } from "@leveret/management";
import type { ControlledNode } from "../control/controlled-node.ts";
import { certificatesOf } from "./certificates.ts";
import { runningBroker } from "./running-broker.ts";

/** Queues that are looked at before other work gets its turn: each costs some microseconds. */
const LOOKS_PER_TURN = 500;

/** What health checks of this node look at. */
export class NodeHealth implements Health {
  readonly #node: ControlledNode;

  constructor(node: ControlledNode) {
    this.#node = node;
  }

  async alarms(): Promise<readonly AlarmFacts[]> {
    const { broker } = runningBroker(this.#node);
    return broker.alarms.active.map(({ node, source }) => ({ node, resource: source }));
  }

  certificates(): readonly CertificateFacts[] {
    return certificatesOf(runningBroker(this.#node));
  }

  get isReadyForClients(): boolean {
    // A node that is drained has none.
    return (this.#node.broker?.listeners.length ?? 0) > 0;
  }

  async isInMaintenance(): Promise<boolean> {
    const { maintenance } = await this.#node.clusterStatus();
    return maintenance[this.#node.nodeName] === true;
  }

  get connections(): { readonly count: number; readonly max: number | undefined } {
    const { broker, config } = runningBroker(this.#node);
    return { count: broker.connectionCount, max: config.limits.connectionMax };
  }

  get targetClusterSize(): number | undefined {
    return runningBroker(this.#node).config.cluster.formation.targetSize;
  }

  async quorumCriticalQueues(): Promise<readonly QueueName[]> {
    runningBroker(this.#node);
    return (await this.#node.queues?.quorumCritical()) ?? [];
  }

  async queuesWithoutLeader(vhost: string | undefined): Promise<readonly QueueName[]> {
    const { metadata } = runningBroker(this.#node).administration;
    const { queues: operations } = this.#node;
    if (operations === undefined) return [];
    const states = vhost === undefined ? metadata.vhosts() : [metadata.vhost(vhost)];
    const records = states.flatMap((state) => [...(state?.queues.values() ?? [])]);
    const found: QueueName[] = [];
    for (const [index, record] of records.entries()) {
      if (index % LOOKS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      const isReplicated = (record.replicas?.length ?? 0) > 1 || record.type === "quorum";
      if (!isReplicated || operations.leaderInfo(record).leader !== undefined) continue;
      found.push({ vhost: record.vhost, name: record.name });
    }
    return found;
  }

  isMetadataReady(withData: boolean): boolean {
    const { broker } = this.#node;
    if (broker === undefined) return false;
    return !withData || broker.administration.metadata.isSetUp;
  }
}
