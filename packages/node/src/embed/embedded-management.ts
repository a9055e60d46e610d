import type { BrokerNode } from "../broker/broker-node.ts";
import type { Logging } from "../logger.ts";
import { openManagement } from "../management/open-management.ts";
import { LoneNode } from "./lone-node.ts";

/** The HTTP API of an embedded broker. */
export interface EmbeddedManagement {
  /** Of its first listener. */
  readonly port: number;
  close(): Promise<void>;
}

/** Opens the HTTP API as the configuration says. @throws ListenError */
export async function openEmbeddedManagement(
  broker: BrokerNode,
  logging: Logging,
): Promise<EmbeddedManagement> {
  const node = new LoneNode(broker);
  const management = await openManagement(node, broker.config, logging);
  node.management = management.listeners;
  return {
    port: management.listeners[0]?.port ?? 0,
    close: async () => {
      node.stopped();
      await management.close();
    },
  };
}
