import { ConnectionError, NO_METHOD } from "@leveret/amqp";
import type { Broker } from "./broker.ts";

const CHECK_INTERVAL_MS = 5;

/** Tells every client that the node goes (320, RabbitMQ's words) and waits until they are gone, or drops them. */
export async function shutDown(broker: Broker, patienceMs: number): Promise<void> {
  const error = new ConnectionError(
    "CONNECTION_FORCED",
    "broker forced connection closure with reason 'shutdown'",
    { failed: NO_METHOD },
  );
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
