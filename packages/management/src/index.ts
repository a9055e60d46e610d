export { type ConsoleFiles, readConsoleFiles } from "./console/console-files.ts";
export type { ManagedNode } from "./managed-node.ts";
export type { Access, Credentials } from "./model/access.ts";
export type { Audit, AuditedAction } from "./model/audit.ts";
export type { AlarmFacts, CertificateFacts, Health, QueueName } from "./model/health.ts";
export { hasTag, type Identity } from "./model/identity.ts";
export type {
  AccessQuestion,
  AccessVerdict,
  Inspection,
  PeekedMessage,
  PeekQuestion,
  RouteQuestion,
  SeenMessage,
  TailEvent,
} from "./model/inspection.ts";
export type { JsonObject, JsonValue } from "./model/json.ts";
export type {
  DocumentSection,
  GlobalParameterEntry,
  ImportOptions,
  Metadata,
  ParameterEntry,
  PasswordHash,
  PermissionEntry,
  PolicyEntry,
  PolicyKind,
  TopicPermissionEntry,
  UserEntry,
  VhostEntry,
} from "./model/metadata.ts";
export type { MetadataChange } from "./model/metadata-change.ts";
export type {
  Metric,
  Metrics,
  MetricsEndpoint,
  MetricsRequest,
  MetricTable,
  MetricType,
} from "./model/metrics.ts";
export type { AppProgress, NodeControl } from "./model/node-control.ts";
export type {
  AuthAttempts,
  FeatureFlag,
  ListenerFacts,
  NamedFeature,
  NodeFacts,
  NodesOptions,
  ProductFacts,
} from "./model/node-facts.ts";
export { RefusedError, type RefusedReason } from "./model/refused-error.ts";
export {
  type AmqpActions,
  AmqpRefusedError,
  type BindingEnds,
  type BindingScope,
  type GetRequest,
  type GotMessage,
  type MovedMessages,
  type MoveRequest,
  type NewBinding,
  type NewExchange,
  type NewMessage,
  type NewQueue,
  type ObjectList,
  type ObjectOptions,
  type ObjectRef,
  type ObjectScope,
  type ReplicaActions,
  type ReplicaChange,
  type ReplicaFacts,
  type RuntimeObjects,
} from "./model/runtime-objects.ts";
export type {
  LiveFigures,
  SampleRange,
  SampleWindows,
  Statistics,
  StatisticsScope,
  WindowName,
} from "./model/statistics.ts";
export { type PrometheusOptions, PrometheusServer } from "./prometheus/prometheus-server.ts";
export { seriesOf } from "./prometheus/series.ts";
export type { Route, WhoMay } from "./routes/route.ts";
export { ROUTES } from "./routes/route-table.ts";
export type { HttpListener, HttpListenerOptions } from "./server/http-listener.ts";
export { ManagementServer } from "./server/management-server.ts";
export type { CorsOptions, HttpOptions } from "./server/options.ts";
