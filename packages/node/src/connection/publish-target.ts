import type { LiveExchange } from "../broker/live-exchange.ts";
import type { MessageSink } from "../broker/message-sink.ts";
import type { MessageRouting } from "../queue/message.ts";
import type { FlowCounts, PublishCounts } from "../statistics/traffic-counts.ts";

/**
 * What one sequence of basic.publish bytes means, and where it leads. Channels recognise a publish by its bytes,
 * so that names are decoded, permissions checked and routes computed once until the topology changes.
 */
export interface PublishTarget {
  readonly routing: MessageRouting;
  readonly mandatory: boolean;
  readonly immediate: boolean;
  /** Topology for which the fields below hold; -1: never resolved. */
  version: number;
  exchange: LiveExchange | undefined;
  /** undefined: must be routed message by message. */
  sinks: readonly MessageSink[] | undefined;
  /** Of the queues among the sinks. */
  flows: readonly FlowCounts[];
  /** Of the channel and the exchange. */
  counts: PublishCounts | undefined;
  /** Topic permissions depend on each routing key, those of CC included. */
  isTopic: boolean;
}
