import type { Identity } from "./identity.ts";
import type { JsonObject } from "./json.ts";
import type { SampleWindows } from "./statistics.ts";

/** Something of the product that is listed by name: an exchange type, a login mechanism. */
export interface NamedFeature {
  readonly name: string;
  readonly description: string;
}

export interface ProductFacts {
  /** Leveret, or what the configuration calls it. */
  readonly productName: string;
  readonly productVersion: string;
  /** The release of RabbitMQ that it stands in for. */
  readonly rabbitmqVersion: string;
  /** `Node.js 20.19.0` */
  readonly platform: string;
  readonly exchangeTypes: readonly NamedFeature[];
}

export interface ListenerFacts {
  readonly node: string;
  /** `amqp`, `amqp/ssl`, `clustering`, `http`, `https`. */
  readonly protocol: string;
  /** `::`, `127.0.0.1`. */
  readonly address: string;
  readonly port: number;
}

/** Counts of logins by protocol (`http`, `amqp091`), and if asked for by where they came from. */
export interface AuthAttempts {
  readonly protocol: string;
  readonly failed: number;
  readonly succeeded: number;
  /** Only when they are listed by source. */
  readonly remoteAddress?: string;
  readonly username?: string;
}

export interface FeatureFlag {
  readonly name: string;
  readonly description: string;
  readonly isEnabled: boolean;
}

export interface NodesOptions {
  readonly only?: string;
  readonly windows: SampleWindows;
}

/** This node and its cluster. What other nodes must be asked for comes as promises; a node that does not answer is left out. */
export interface NodeFacts {
  /** `rabbit@host`. */
  readonly nodeName: string;
  readonly product: ProductFacts;
  readonly isRunning: boolean;
  /** Members that run, as far as this node knows, sorted. */
  runningNames(): readonly string[];
  /** The cluster's members, sorted. */
  memberNames(): readonly string[];
  /** Of all running nodes. */
  listeners(): Promise<readonly ListenerFacts[]>;
  /**
   * Objects of GET /nodes, sorted by name: of running nodes as they describe themselves, of others name, type and `running: false`. `only`: of
   * that node alone; none if it is no member. `windows`: with samples of their figures.
   */
  nodes(options: NodesOptions): Promise<readonly JsonObject[]>;
  readonly featureFlags: readonly FeatureFlag[];
  /** Of this node, without secrets. */
  effectiveConfiguration(): JsonObject;
  /** undefined: there is no such node, or it does not run. */
  authAttempts(node: string, bySource: boolean): Promise<readonly AuthAttempts[] | undefined>;
  /** false: there is no such node, or it does not run. */
  resetAuthAttempts(node: string): Promise<boolean>;
  /** Moves leaderships of queues so that each node has its share. */
  rebalanceQueues(by: Identity): Promise<void>;
}
