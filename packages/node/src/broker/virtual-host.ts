import type { BrokerQueue } from "../queue/broker-queue.ts";
import type { LiveExchange } from "./live-exchange.ts";
import type { Tracer } from "./tracer.ts";

/** The exchanges and queues of one vhost as this node uses them. */
export class VirtualHost {
  readonly name: string;
  readonly exchanges: Map<string, LiveExchange> = new Map();
  readonly queues: Map<string, BrokerQueue> = new Map();
  /** Open connections, for the vhost's connection limit. */
  connectionCount = 0;
  /** The firehose; undefined: it is off. */
  tracer: Tracer | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}
