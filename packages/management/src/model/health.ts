export interface AlarmFacts {
  readonly node: string;
  readonly resource: "memory" | "disk";
}

/** A certificate that a listener of this node shows. */
export interface CertificateFacts {
  readonly protocol: string;
  readonly port: number;
  readonly file: string;
  readonly subject: string;
  readonly notAfter: Date;
}

export interface QueueName {
  readonly vhost: string;
  readonly name: string;
}

/** What health checks look at. */
export interface Health {
  /** In effect anywhere in the cluster. */
  alarms(): Promise<readonly AlarmFacts[]>;
  /** Of listeners of this node. */
  certificates(): readonly CertificateFacts[];
  /** Clients can connect to this node: it runs, its AMQP listeners are open, and it is not being drained. */
  readonly isReadyForClients: boolean;
  isInMaintenance(): Promise<boolean>;
  /** Clients connected to this node, and how many may be. undefined: no limit. */
  readonly connections: { readonly count: number; readonly max: number | undefined };
  /** undefined: no size was configured that the cluster is to reach. */
  readonly targetClusterSize: number | undefined;
  /** Queues that would lose their majority if this node stopped now. */
  quorumCriticalQueues(): Promise<readonly QueueName[]>;
  /** Replicated queues without a leader, of the vhost or of all. */
  queuesWithoutLeader(vhost: string | undefined): Promise<readonly QueueName[]>;
  /** The metadata has been read, and (`withData`) has its default data or what stands for it. */
  isMetadataReady(withData: boolean): boolean;
}
