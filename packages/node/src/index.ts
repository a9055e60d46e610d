export type { Config } from "./config/config.ts";
export type { ConnectionInfo, QueueInfo } from "./embed/broker-view.ts";
export type { ClusterNode } from "./embed/cluster-node.ts";
export {
  EmbeddedBroker,
  type PolicyOptions,
  type UrlOptions,
  type UserOptions,
  type WaitOptions,
} from "./embed/embedded-broker.ts";
export type { ProcessCluster } from "./embed/processes/process-cluster.ts";
export type { ProcessNode } from "./embed/processes/process-node.ts";
export type { PublishedProperties, QueuedMessage } from "./embed/queued-message.ts";
export { type StartBrokerOptions, startBroker } from "./embed/start-broker.ts";
export { type StartClusterOptions, startCluster } from "./embed/start-cluster.ts";
export type { TestCluster } from "./embed/test-cluster.ts";
export type { MetadataCommand } from "./metadata/commands.ts";
export { DefinitionsError } from "./metadata/definitions.ts";
export type { Clock, Timer } from "./runtime/clock.ts";
export { VirtualClock } from "./runtime/virtual-clock.ts";
