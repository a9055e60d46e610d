import type { ControlMethod } from "@leveret/control";
import { MANAGEMENT_METHODS } from "../management/management-methods.ts";
import { OBJECT_METHODS } from "../management/objects/object-methods.ts";
import { AUTH_METHODS } from "./auth-methods.ts";
import { CONNECTION_METHODS } from "./connection-methods.ts";
import type { NodeMethods } from "./control-method.ts";
import type { ControlledNode } from "./controlled-node.ts";
import { ALARM_METHODS, DEFINITIONS_METHODS } from "./definitions-methods.ts";
import { EVENT_METHODS } from "./event-methods.ts";
import { HOST_METHODS } from "./host-methods.ts";
import { LOG_METHODS } from "./log-methods.ts";
import { MAINTENANCE_METHODS } from "./maintenance-methods.ts";
import { MESSAGE_METHODS } from "./message-methods.ts";
import { METADATA_STORE_METHODS } from "./metadata-store-methods.ts";
import { CLUSTER_METHODS, NODE_METHODS } from "./node-methods.ts";
import { PERMISSION_METHODS } from "./permission-methods.ts";
import { PARAMETER_METHODS, POLICY_METHODS } from "./policy-methods.ts";
import { QUEUE_METHODS } from "./queue-methods.ts";
import { REPLICA_METHODS } from "./replica-methods.ts";
import { TOPOLOGY_METHODS } from "./topology-methods.ts";
import { TRAFFIC_METHODS } from "./traffic-methods.ts";
import { USER_METHODS } from "./user-methods.ts";
import { VHOST_METHODS } from "./vhost-methods.ts";

const GROUPS: readonly NodeMethods[] = [
  NODE_METHODS,
  CLUSTER_METHODS,
  MAINTENANCE_METHODS,
  USER_METHODS,
  PERMISSION_METHODS,
  VHOST_METHODS,
  POLICY_METHODS,
  PARAMETER_METHODS,
  TOPOLOGY_METHODS,
  QUEUE_METHODS,
  REPLICA_METHODS,
  MESSAGE_METHODS,
  OBJECT_METHODS,
  HOST_METHODS,
  AUTH_METHODS,
  TRAFFIC_METHODS,
  LOG_METHODS,
  EVENT_METHODS,
  METADATA_STORE_METHODS,
  CONNECTION_METHODS,
  DEFINITIONS_METHODS,
  ALARM_METHODS,
  MANAGEMENT_METHODS,
];

/** What operators' tools can ask of the node, for a ControlServer. They work while the app is stopped, too, as far as they make sense. */
export function controlMethods(node: ControlledNode): ReadonlyMap<string, ControlMethod> {
  const methods = new Map<string, ControlMethod>();
  for (const [name, method] of GROUPS.flatMap((group) => Object.entries(group))) {
    if (methods.has(name)) throw new Error(`two control methods are named ${name}`);
    methods.set(name, method(node));
  }
  return methods;
}
