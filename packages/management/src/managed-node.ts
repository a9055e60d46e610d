import type { Access } from "./model/access.ts";
import type { Audit } from "./model/audit.ts";
import type { Health } from "./model/health.ts";
import type { Inspection } from "./model/inspection.ts";
import type { Metadata } from "./model/metadata.ts";
import type { NodeControl } from "./model/node-control.ts";
import type { NodeFacts } from "./model/node-facts.ts";
import type { RuntimeObjects } from "./model/runtime-objects.ts";
import type { Statistics } from "./model/statistics.ts";

/**
 * The node as the management API sees it: all that packages/management knows of packages/node. Implemented in packages/node/src/management,
 * where one file stands for each part. The object lives as long as the process: the app of the node may be stopped, or be starting, and then
 * what needs it throws RefusedError "not_running".
 *
 * Each part has a file and an owner of its own. Add yours here as one more property.
 */
export interface ManagedNode {
  /** Logins, and who may enter which vhost. */
  readonly access: Access;
  /** Who did what. */
  readonly audit: Audit;
  /** Vhosts, users, permissions, policies, parameters, definitions. */
  readonly metadata: Metadata;
  /** What this node and its cluster are: names, versions, listeners. */
  readonly facts: NodeFacts;
  /** What health checks look at. */
  readonly health: Health;
  /** Connections, channels, consumers, exchanges, queues, bindings. */
  readonly objects: RuntimeObjects;
  /** Maintenance of nodes, leaders of queues, how far the app is. */
  readonly control: NodeControl;
  /** Questions that change nothing: access, messages where they stand, routes. */
  readonly inspection: Inspection;
  /** Figures of the cluster: counts, rates, samples. */
  readonly statistics: Statistics;
}
