import type { ManagedNode } from "@leveret/management";
import type { ControlledNode } from "../control/controlled-node.ts";
import type { Logger } from "../logger.ts";
import { ClusterControl } from "./cluster-control.ts";
import { ClusterFacts } from "./cluster-facts.ts";
import { ClusterStatistics } from "./cluster-statistics.ts";
import { HttpAudit } from "./http-audit.ts";
import { LoginAccess } from "./login-access.ts";
import { NodeHealth } from "./node-health.ts";
import { NodeInspection } from "./node-inspection.ts";
import { NodeMetadata } from "./node-metadata.ts";
import { NodeRuntimeObjects } from "./objects/node-runtime-objects.ts";

/** A node as packages/management sees it. Each part is in a file of its own. `audit`: who did what. */
export function managedNode(node: ControlledNode, audit: Logger): ManagedNode {
  return {
    access: new LoginAccess(node),
    audit: new HttpAudit(audit),
    metadata: new NodeMetadata(node),
    facts: new ClusterFacts(node),
    health: new NodeHealth(node),
    objects: new NodeRuntimeObjects(node),
    control: new ClusterControl(node),
    inspection: new NodeInspection(node),
    statistics: new ClusterStatistics(node),
  };
}
