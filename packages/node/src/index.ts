export {
  type ConnectionInfo,
  EmbeddedBroker,
  type QueueInfo,
  type WaitOptions,
} from "./embed/embedded-broker.ts";
export type { PublishedProperties, QueuedMessage } from "./embed/queued-message.ts";
export { type StartBrokerOptions, startBroker } from "./embed/start-broker.ts";
export type { MetadataCommand } from "./metadata/commands.ts";
export { DefinitionsError } from "./metadata/definitions.ts";
export type { Clock, Timer } from "./runtime/clock.ts";
export { VirtualClock } from "./runtime/virtual-clock.ts";
