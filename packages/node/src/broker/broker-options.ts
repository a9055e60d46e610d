import type { CertificateLoginConfig } from "../config/config.ts";
import type { ProductTexts } from "../connection/server-properties.ts";
import type { HashingAlgorithm } from "../metadata/records.ts";

/** What a broker is made with, after configuration and defaults. Times in milliseconds unless named otherwise. */
export interface BrokerOptions {
  readonly nodeName: string;
  /** Of the configuration; undefined: none is set there. */
  readonly clusterName: string | undefined;
  readonly product: ProductTexts;
  /** SASL mechanisms offered, in this order. */
  readonly mechanisms: readonly string[];
  readonly frameMax: number;
  readonly initialFrameMax: number;
  readonly channelMax: number;
  readonly heartbeatSeconds: number;
  /** undefined: no limit. */
  readonly handshakeTimeoutMs: number | undefined;
  readonly silentCloseDelayMs: number | undefined;
  readonly maxMessageSize: number;
  /** Queues of all vhosts together; undefined: no limit. */
  readonly queueMax: number | undefined;
  /** undefined: no limit. */
  readonly maxConnections: number | undefined;
  /** 0: no limit; likewise below. */
  readonly consumerMaxPerChannel: number;
  readonly maxChannelsPerNode: number;
  /** For EXTERNAL; undefined: clients' certificates are not verified. */
  readonly certificateLogin?: CertificateLoginConfig | undefined;
  readonly loopbackUsers: ReadonlySet<string>;
  /** Of new passwords. */
  readonly hashingAlgorithm: HashingAlgorithm;
  /** See FailedLogins; undefined: no limit. */
  readonly failedLoginsPerMinute: number | undefined;
  readonly tracksAttemptSources: boolean;
  readonly defaultQueueType: string | undefined;
  /** How long a delivery may stay unacknowledged; 0: for ever. */
  readonly consumerTimeoutMs: number;
}
