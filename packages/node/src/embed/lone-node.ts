import type { BrokerNode } from "../broker/broker-node.ts";
import type {
  AppState,
  ClusterStatus,
  ControlledNode,
  ForgetResult,
  JoinResult,
  OtherNode,
} from "../control/controlled-node.ts";
import { OperationError } from "../control/operation-error.ts";
import type { ManagementListener } from "../management/open-management.ts";
import { clusterStatus } from "../shell/cluster-status.ts";

/** An embedded broker as the management API sees it: a node without a cluster, that runs until its program stops it. */
export class LoneNode implements ControlledNode {
  readonly nodeName: string;
  readonly queues = undefined;
  readonly others: readonly OtherNode[] = [];
  readonly awaitedNodes: readonly string[] = [];
  readonly dataDir: string | undefined;
  readonly isUnderMaintenance = false;
  management: readonly ManagementListener[] = [];
  #broker: BrokerNode | undefined;

  constructor(broker: BrokerNode) {
    this.#broker = broker;
    this.nodeName = broker.config.node.name;
    this.dataDir = broker.config.node.dataDir;
  }

  get broker(): BrokerNode | undefined {
    return this.#broker;
  }

  get state(): AppState {
    return this.#broker === undefined ? "stopped" : "running";
  }

  /** The broker is being stopped. */
  stopped(): void {
    this.#broker = undefined;
  }

  async clusterStatus(): Promise<ClusterStatus> {
    const facts = {
      nodeName: this.nodeName,
      record: undefined,
      broker: this.#broker,
      clusterPort: undefined,
      management: this.management,
      configuredName: this.#broker?.config.node.clusterName,
      unreachable: [],
      isUnderMaintenance: false,
    };
    return clusterStatus(facts, new Map());
  }

  awaitStartup(): Promise<void> {
    return Promise.resolve();
  }

  awaitOnlineNodes(): Promise<void> {
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return refused();
  }

  revive(): Promise<void> {
    return refused();
  }

  stopApp(): Promise<void> {
    return refused();
  }

  startApp(): Promise<void> {
    return refused();
  }

  stop(): Promise<void> {
    return refused();
  }

  reset(): Promise<void> {
    return refused();
  }

  joinCluster(): Promise<JoinResult> {
    return refused();
  }

  forgetClusterNode(): Promise<ForgetResult> {
    return refused();
  }

  updateClusterNodes(): Promise<void> {
    return refused();
  }

  forceBoot(): Promise<ForgetResult> {
    return refused();
  }
}

function refused(): Promise<never> {
  const why = "the program that the broker is in starts and stops it";
  return Promise.reject(new OperationError("not_supported", why));
}
