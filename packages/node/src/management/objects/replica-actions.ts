import type {
  RefusedReason,
  ReplicaActions,
  ReplicaChange,
  ReplicaFacts,
} from "@leveret/management";
import { queuesOf, type RunningNode } from "../../control/control-method.ts";
import { OperationError, type OperationProblem } from "../../control/operation-error.ts";
import type { QueueOperations } from "../../control/queue-operations.ts";

import { refusedBecause } from "./refused-because.ts";

/** Operations on replicas of queues, as leveretctl has them. */
export class QueueReplicaActions implements ReplicaActions {
  readonly #running: () => RunningNode;

  constructor(running: () => RunningNode) {
    this.#running = running;
  }

  async sync(vhost: string, name: string): Promise<void> {
    await this.#run((queues) => queues.sync(vhost, name));
  }

  async cancelSync(vhost: string, name: string): Promise<void> {
    await this.#run((queues) => queues.cancelSync(vhost, name));
  }

  status(vhost: string, name: string): Promise<readonly ReplicaFacts[]> {
    return this.#run((queues) => queues.quorumStatus(vhost, name));
  }

  add(vhost: string, name: string, node: string): Promise<void> {
    return this.#run((queues) => queues.addMember(vhost, name, node));
  }

  delete(vhost: string, name: string, node: string): Promise<void> {
    return this.#run((queues) => queues.deleteMember(vhost, name, node));
  }

  grow(
    node: string,
    { strategy, ...selection }: Parameters<ReplicaActions["grow"]>[1],
  ): Promise<readonly ReplicaChange[]> {
    return this.#run((queues) => queues.grow(node, strategy, selection));
  }

  shrink(node: string): Promise<readonly ReplicaChange[]> {
    return this.#run((queues) => queues.shrink(node));
  }

  async #run<T>(operation: (queues: QueueOperations) => Promise<T>): Promise<T> {
    try {
      return await operation(queuesOf(this.#running().node));
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      throw refusedBecause(error, REASONS[error.problem], error.message);
    }
  }
}

const REASONS: Readonly<Record<OperationProblem, RefusedReason>> = {
  app_running: "conflict",
  app_not_running: "not_running",
  not_a_cluster_node: "bad_request",
  node_running: "conflict",
  itself: "bad_request",
  unreachable: "store_unavailable",
  inconsistent_cluster: "conflict",
  no_quorum: "store_unavailable",
  timeout: "store_unavailable",
  no_such_queue: "no_such_object",
  not_supported: "not_supported",
  already_a_member: "conflict",
  not_a_member: "conflict",
  last_member: "conflict",
  failed: "conflict",
};
