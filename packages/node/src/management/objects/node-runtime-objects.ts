import { ConnectionError, NO_METHOD } from "@leveret/amqp";
import {
  type AmqpActions,
  type BindingScope,
  type Identity,
  type JsonObject,
  type ObjectList,
  type ObjectRef,
  RefusedError,
  type ReplicaActions,
  type RuntimeObjects,
} from "@leveret/management";
import type { RunningNode } from "../../control/control-method.ts";
import type { ControlledNode } from "../../control/controlled-node.ts";
import { connectionPid } from "../../control/pid-text.ts";
import { askIfThere } from "../../control/whole-cluster.ts";
import { ListWithStatistics } from "../list-with-statistics.ts";
import type { StatisticsKind } from "../object-statistics.ts";
import { bindingObject, bindingsInOrder } from "./binding-object.ts";
import { ClientList } from "./client-list.ts";
import { ExchangeList } from "./exchange-list.ts";
import { allInSlices } from "./node-slices.ts";
import { QueueList } from "./queue-list.ts";
import { QueueReplicaActions } from "./replica-actions.ts";
import { UserActions } from "./user-actions.ts";

/** What runs in the cluster, for the management API of this node. */
export class NodeRuntimeObjects implements RuntimeObjects {
  readonly connections: ObjectList;
  readonly channels: ObjectList;
  readonly consumers: ObjectList;
  readonly exchanges: ObjectList;
  readonly queues: ObjectList;
  readonly replicas: ReplicaActions;
  readonly #running: () => RunningNode;

  constructor(node: ControlledNode) {
    const running = (): RunningNode => runningNode(node);
    this.#running = running;
    const withStatistics = (kind: StatisticsKind, list: ObjectList): ObjectList =>
      new ListWithStatistics(kind, list, running);
    this.connections = withStatistics("connections", new ClientList("connections", running));
    this.channels = withStatistics("channels", new ClientList("channels", running));
    this.consumers = new ClientList("consumers", running);
    this.exchanges = withStatistics("exchanges", new ExchangeList(running));
    this.queues = withStatistics("queues", new QueueList(running));
    this.replicas = new QueueReplicaActions(running);
  }

  bindings(scope: BindingScope): Promise<readonly JsonObject[]> {
    const { metadata } = this.#running().broker.administration;
    const vhosts = scope.vhost === undefined ? metadata.vhosts() : [metadata.vhost(scope.vhost)];
    // Gathered at once: what is changed between two slices would disturb the tables' iterators.
    const found = vhosts.flatMap((state) =>
      state === undefined ? [] : bindingsInOrder(state, scope),
    );
    return allInSlices(found, bindingObject);
  }

  async closeConnection({ place }: ObjectRef, reason: string): Promise<void> {
    const { node, broker } = this.#running();
    if (place === undefined) return;
    const other = node.others.find(({ name }) => name === place.node);
    if (other !== undefined) {
      const pid = connectionPid(place.node, Number(place.key));
      await askIfThere(other, "close_connection", { pid, reason });
      return;
    }
    const error = new ConnectionError("CONNECTION_FORCED", reason, { failed: NO_METHOD });
    for (const connection of broker.broker.connections) {
      if (String(connection.id) === place.key) connection.closeByServer(error);
    }
  }

  actionsOf(user: Identity): AmqpActions {
    return new UserActions(this.#running, user);
  }
}

/** @throws RefusedError "not_running" */
function runningNode(node: ControlledNode): RunningNode {
  const { broker } = node;
  if (broker !== undefined) return { node, broker };
  throw new RefusedError("not_running", `the app on node ${node.nodeName} does not run`);
}
