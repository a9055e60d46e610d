import { ConnectionError, NO_METHOD } from "@leveret/amqp";
import type { Broker } from "./broker.ts";

const CHECK_INTERVAL_MS = 5;

/** The node goes: RabbitMQ's words. */
export const SHUTDOWN_TEXT = "broker forced connection closure with reason 'shutdown'";
/** The node stays, without clients: RabbitMQ's words. */
export const MAINTENANCE_TEXT = "Node was put into maintenance mode";

/** Tells every client why it has to go (320) and waits until they are gone, or drops them. */
export async function closeClients(
  broker: Broker,
  text: string,
  patienceMs: number,
): Promise<void> {
  const error = new ConnectionError("CONNECTION_FORCED", text, { failed: NO_METHOD });
  for (const connection of [...broker.connections]) connection.closeByServer(error);
  const deadline = Date.now() + patienceMs;
  while (broker.connectionCount > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, CHECK_INTERVAL_MS));
  }
  for (const connection of [...broker.connections]) connection.destroy();
  while (broker.connectionCount > 0) {
    await new Promise((resolve) => setImmediate(resolve)); // Sockets report their end in the next turns.
  }
}
