import { DEFINITIONS } from "./definitions.ts";
import { PROTOCOL_HEADER } from "./script/peer.ts";
import type { Target } from "./script/session.ts";
import { WireSocket } from "./wire/socket.ts";

/** A broker to replay against. */
export interface BrokerUnderTest {
  readonly target: Target;
  /** True when it calls itself RabbitMQ: then the recordings hold without any difference. */
  readonly isRabbit: boolean;
  stop(): Promise<void>;
}

/**
 * Starts Leveret in this process with the definitions of the cases, or, when LEVERET_CONFORMANCE_URL is
 * set (`amqp://host:port`), takes the broker there, which must have them loaded.
 */
export async function brokerUnderTest(): Promise<BrokerUnderTest> {
  // biome-ignore lint/style/noProcessEnv: a test run has no command line of its own to say this on
  const url = process.env["LEVERET_CONFORMANCE_URL"];
  if (url === undefined) return await startLeveret();
  const { hostname, port } = new URL(url);
  const target = { host: hostname, port: Number(port || 5672) };
  const product = await readProduct(target);
  return { target, isRabbit: product === "S RabbitMQ", stop: async () => undefined };
}

async function startLeveret(): Promise<BrokerUnderTest> {
  const { startBroker } = await import("leveret");
  const broker = await startBroker({ definitions: DEFINITIONS });
  const target = { host: "127.0.0.1", port: broker.port };
  return { target, isRabbit: false, stop: async () => await broker.stop() };
}

async function readProduct(target: Target): Promise<unknown> {
  const socket = await WireSocket.open(target.host, target.port);
  socket.write(PROTOCOL_HEADER);
  await socket.waitFor(() => socket.inbox(0).length > 0, "connection.start");
  const properties = socket.inbox(0)[0]?.args["server-properties"];
  socket.destroy();
  return typeof properties === "object" && !Array.isArray(properties)
    ? properties["product"]
    : undefined;
}
